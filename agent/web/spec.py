"""The description of the API: OpenAPI 3.1, as FastAPI derives it from the routes, made whole."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from agent.web.problems import WORDS

METHODS = ("get", "post", "put", "patch", "delete")
LICENSE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
CONTACT = {"name": "The operator of this server"}
DESCRIPTION = """\
Meetbot takes part in Google Meet meetings, asks for consent, and makes notes.

- **Credentials**: `Authorization: Bearer mb_live_…`, an API key or an access token. A revoked one is refused at once.
- **Errors**: `{"detail": "text"}`; a body or parameter that breaks the schema gets 422 with a list of `loc`, `msg`, `type`.
- **Limits**: every answer tells `X-RateLimit-Limit`, `-Remaining` and `-Reset` (Unix seconds) of the tightest window; 429
  comes with `Retry-After` in seconds.
- **Repeats**: a POST with an `Idempotency-Key` is done once within 24 hours.
- **Versions**: reads carry an `ETag`; send it as `If-None-Match` and get 304 while nothing changed.
- **Lists** take `page` and `page_size` (100 at most) and tell `total`.
"""
TAGS = {
    "bots": "Jobs: bots in meetings.",
    "bots-v1": "The same bots as the bots API shows them: made first, deployed later.",
    "recordings": "What a meeting left behind: transcript, summary, manifest, recording.",
    "transcripts": "Words that were said, in several forms.",
    "summaries": "Notes, and notes anew.",
    "share": "Links for people without an account.",
    "events": "What happened to your bots.",
    "calendar": "Invitations from workers that read mail or calendars elsewhere.",
    "webhooks": "Events as they are sent, addresses they go to, deliveries as they went.",
    "auth": "Signing in with a password.",
    "users": "Yourself.",
    "api-keys": "Keys for programs.",
    "usage": "How much was used.",
    "ingest": "Reports of bots that run elsewhere; internal.",
    "cli-auth": "Signing the command line in, after RFC 8628.",
    "admin": "Health, the host, payments.",
}


def install(app: FastAPI) -> None:
    """Make `app.openapi()`, and with it /openapi.json, the whole description."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]


def document(app: FastAPI) -> dict[str, Any]:
    """Return the description as OpenAPI 3.1."""
    found = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=DESCRIPTION,
        openapi_version="3.1.0",
        routes=app.routes,
        webhooks=app.webhooks.routes,
        license_info=LICENSE,
        contact=CONTACT,
        servers=[{"url": "/", "description": "This server"}],
        separate_input_output_schemas=True,
    )
    told = _operations(found.get("webhooks", {}))
    for operation in told:
        operation["responses"].pop("422", None)  # the framework's guess; a receiver answers as it likes
    operations = _operations(found["paths"]) + told
    for operation in operations:
        operation.setdefault("security", [])  # what demands no credentials says so
    used = {tag for operation in operations for tag in operation.get("tags", [])}
    found["tags"] = [
        {"name": name, "description": TAGS.get(name, f"{name.capitalize()}.")}
        for name in sorted(used, key=_tag_order)
    ]
    _share_refusals(found, operations)
    _demand_kinds(found["components"]["schemas"])
    _drop_unused_schemas(found)
    return found


def _operations(paths: dict[str, Any]) -> list[dict[str, Any]]:
    return [item[method] for item in paths.values() for method in METHODS if method in item]


def _tag_order(name: str) -> tuple[int, str]:
    known = list(TAGS)
    return (known.index(name) if name in known else len(known), name)


def _share_refusals(found: dict[str, Any], operations: list[dict[str, Any]]) -> None:
    """Let the refusals that many operations have in common stand once."""
    shared = found.setdefault("components", {}).setdefault("responses", {})
    for operation in operations:
        for status, answer in operation["responses"].items():
            if int(status) < HTTPStatus.BAD_REQUEST or answer.get("description") not in WORDS.values():
                continue
            name = HTTPStatus(int(status)).name.title().replace("_", "")
            if shared.setdefault(name, answer) == answer:
                operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}


def _demand_kinds(schemas: dict[str, Any]) -> None:
    """Say that what tells the alternatives of a union apart has to be there, also where the type has a default for it."""
    for schema in schemas.values():
        for told in schema.get("properties", {}).values():
            kind = told.get("discriminator", {})
            for reference in kind.get("mapping", {}).values():
                required = schemas[reference.rsplit("/", 1)[1]].setdefault("required", [])
                if kind["propertyName"] not in required:
                    required.append(kind["propertyName"])


def _drop_unused_schemas(found: dict[str, Any]) -> None:
    """Drop what nothing refers to, such as the framework's own error schemas where ours stand."""
    schemas = found.get("components", {}).get("schemas", {})
    while True:
        everything = repr([found["paths"], found.get("webhooks"), found["components"]])
        unused = [name for name in schemas if f"'#/components/schemas/{name}'" not in everything]
        if not unused:
            return
        for name in unused:
            del schemas[name]
