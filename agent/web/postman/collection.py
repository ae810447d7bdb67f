"""The collection (format 2.1), made from the OpenAPI description and the walk through it."""

import json
import tomllib
from http import HTTPStatus
from importlib.resources import files
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from agent.web.postman import scripts
from agent.web.postman.samples import sample
from agent.web.spec import METHODS

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
JSON = "application/json"
WALK: dict[str, Any] = tomllib.loads(files("agent.web.postman").joinpath("walk.toml").read_text("utf-8"))
Found = dict[str, Any]


def collection(document: Found) -> Found:
    """Return the collection; what a person fills in are its variables."""
    info = document["info"]
    return {
        "info": {
            "_postman_id": str(uuid5(NAMESPACE_URL, f"meetbot:{info['version']}")),
            "name": info["title"],
            "description": info["description"],
            "schema": SCHEMA,
        },
        "auth": _bearer("{{apiKey}}"),
        "variable": [
            {"key": name, "value": told.get("value", ""), "description": told["description"]}
            for name, told in WALK["variables"].items()
        ],
        "item": _folders(document),
    }


def _folders(document: Found) -> list[Found]:
    """Return a folder for each tag; what the walk does not know stands last, until it does."""
    order = {name: place for place, name in enumerate(WALK["request"])}
    found = [
        (path, method, item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    found.sort(key=lambda one: order.get(one[2]["operationId"], len(order)))
    folders: dict[str, Found] = {
        tag["name"]: {"name": tag["name"], "description": tag["description"], "item": []}
        for tag in document["tags"]
    }
    for path, method, operation in found:
        folders[operation["tags"][0]]["item"].append(_item(document, path, method, operation))
    return [folder for folder in folders.values() if folder["item"]]


def _item(document: Found, path: str, method: str, operation: Found) -> Found:
    step = WALK["request"].get(operation["operationId"], {})
    request = _request(document, path, method, operation, step)
    statuses = [int(status) for status in operation["responses"] if int(status) < HTTPStatus.BAD_REQUEST]
    schema = operation["responses"][str(statuses[0])].get("content", {}).get(JSON, {}).get("schema")
    checks = scripts.closed(document, schema) if schema else None
    events = {
        "prerequest": scripts.before(step.get("needs", ()), step.get("before", "")),
        "test": scripts.after(statuses, checks, step.get("saves", {}), step.get("until", "")),
    }
    return {
        "name": operation["summary"],
        "event": [
            {"listen": when, "script": {"type": "text/javascript", "exec": lines}}
            for when, lines in events.items()
            if lines
        ],
        "request": request,
        "response": _examples(document, operation, request),
    }


def _request(document: Found, path: str, method: str, operation: Found, step: Found) -> Found:
    parameters = operation.get("parameters", [])
    segments = [f":{part[1:-1]}" if part.startswith("{") else part for part in path.strip("/").split("/")]
    url: Found = {"raw": "{{baseUrl}}/" + "/".join(segments), "host": ["{{baseUrl}}"], "path": segments}
    variables = [_parameter(found, step.get("path", {})) for found in parameters if found["in"] == "path"]
    query = [_optional(found, step.get("query", {})) for found in parameters if found["in"] == "query"]
    url |= {name: value for name, value in (("variable", variables), ("query", query)) if value}
    request: Found = {
        "method": method.upper(),
        "url": url,
        "description": operation.get("description", ""),
        "header": [
            _optional(found, step.get("header", {})) for found in parameters if found["in"] == "header"
        ],
    }
    if "auth" in step:
        request["auth"] = _bearer(step["auth"])
    elif operation.get("security") == []:
        request["auth"] = {"type": "noauth"}
    body = operation.get("requestBody", {}).get("content", {}).get(JSON)
    if body:
        request["header"].append({"key": "Content-Type", "value": JSON})
        example = step.get("body") or sample(document, body["schema"])
        request["body"] = {"mode": "raw", "raw": _pretty(example), "options": {"raw": {"language": "json"}}}
    return request


def _parameter(found: Found, values: Found) -> Found:
    value = values.get(found["name"], found.get("schema", {}).get("default"))
    shown = {"key": found["name"], "value": "" if value is None else str(value)}
    return shown | ({"description": found["description"]} if "description" in found else {})


def _optional(found: Found, values: Found) -> Found:
    return _parameter(found, values) | {
        "disabled": not found.get("required", False) and found["name"] not in values
    }


def _examples(document: Found, operation: Found, request: Found) -> list[Found]:
    """Return one answer for each good status that carries JSON, as the request's saved examples."""
    found = []
    for status, told in operation["responses"].items():
        schema = told.get("content", {}).get(JSON, {}).get("schema")
        if int(status) >= HTTPStatus.BAD_REQUEST or not schema:
            continue
        found.append(
            {
                "name": told["description"].replace("Successful Response", "Done"),
                "originalRequest": {
                    name: request[name] for name in ("method", "url", "body") if name in request
                },
                "status": HTTPStatus(int(status)).phrase,
                "code": int(status),
                "_postman_previewlanguage": "json",
                "header": [{"key": "Content-Type", "value": JSON}],
                "body": _pretty(sample(document, schema)),
            }
        )
    return found


def _bearer(token: str) -> Found:
    return {"type": "bearer", "bearer": [{"key": "token", "value": token, "type": "string"}]}


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
