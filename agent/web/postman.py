"""The API as a Postman collection (format 2.1), a folder for each tag, made from the OpenAPI description."""

import json
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from agent.web.spec import METHODS

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
Found = dict[str, Any]


def collection(document: Found) -> Found:
    """Return the collection; `baseUrl` and `apiKey` are its variables."""
    folders: dict[str, list[Found]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                operation = item[method]
                folders[operation["tags"][0]].append(_request(document, path, method, operation))
    info = document["info"]
    return {
        "info": {
            "_postman_id": str(uuid5(NAMESPACE_URL, f"meetbot:{info['version']}")),
            "name": info["title"],
            "description": info["description"],
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{apiKey}}", "type": "string"}]},
        "variable": [
            {"key": "baseUrl", "value": "http://127.0.0.1:8080"},
            {"key": "apiKey", "value": ""},
        ],
        "item": [
            {"name": tag["name"], "description": tag["description"], "item": folders[tag["name"]]}
            for tag in document["tags"]
            if folders[tag["name"]]
        ],
    }


def _request(document: Found, path: str, method: str, operation: Found) -> Found:
    parameters = operation.get("parameters", [])
    segments = [f":{part[1:-1]}" if part.startswith("{") else part for part in path.strip("/").split("/")]
    url: Found = {"raw": "{{baseUrl}}/" + "/".join(segments), "host": ["{{baseUrl}}"], "path": segments}
    variables = [
        {"key": found["name"], "value": "", "description": found.get("description", "")}
        for found in parameters
        if found["in"] == "path"
    ]
    query = [
        {"key": found["name"], "value": _plain(found), "disabled": not found.get("required", False)}
        for found in parameters
        if found["in"] == "query"
    ]
    url |= {name: value for name, value in (("variable", variables), ("query", query)) if value}
    request: Found = {
        "method": method.upper(),
        "url": url,
        "description": operation.get("description", ""),
        "header": [
            {"key": found["name"], "value": "", "disabled": True}
            for found in parameters
            if found["in"] == "header"
        ],
    }
    if operation.get("security") == []:
        request["auth"] = {"type": "noauth"}
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body:
        request["header"].append({"key": "Content-Type", "value": "application/json"})
        example = json.dumps(_example(document, body["schema"]), indent=2)
        request["body"] = {"mode": "raw", "raw": example, "options": {"raw": {"language": "json"}}}
    return {"name": operation["summary"], "request": request, "response": []}


def _plain(parameter: Found) -> str:
    default = parameter.get("schema", {}).get("default")
    return "" if default is None else str(default)


def _example(document: Found, schema: Found) -> Any:
    """Return a small body that fits a schema: its own example, else what it requires."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if schema.get("examples"):
        return schema["examples"][0]
    for way in ("anyOf", "oneOf", "allOf"):
        if way in schema:
            return _example(document, schema[way][0])
    if "const" in schema or "enum" in schema or "default" in schema:
        return schema.get("default", schema.get("const", schema.get("enum", [None])[0]))
    if schema.get("type") == "object":
        required = schema.get("required", [])
        fields = schema.get("properties", {})
        return {name: _example(document, fields[name]) for name in required}
    if schema.get("type") == "array":
        return [_example(document, schema["items"])] if schema.get("minItems") else []
    return {"string": "", "integer": 1, "number": 1, "boolean": False}.get(schema.get("type", ""))
