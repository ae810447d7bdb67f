"""Values that fit a schema of the description, for people to see what a body looks like."""

from typing import Any

Found = dict[str, Any]
DEEPEST = 6
BY_FORMAT = {
    "date-time": "2027-01-04T09:00:00Z",
    "date": "2027-01-04",
    "uri": "https://hooks.example.com/meetbot",
    "email": "host@example.com",
}
# Where a schema has no example of its own, the name of the field tells what stands there.
BY_NAME: dict[str, Any] = {
    "id": "job_01JNB3W7E8Q4ZK6T9V5RXC2M0D",
    "jobId": "job_01JNB3W7E8Q4ZK6T9V5RXC2M0D",
    "deliveryId": "dlv_01JNB3W7E8Q4ZK6T9V5RXC2M0D",
    "delivery_id": "dlv_01JNB3W7E8Q4ZK6T9V5RXC2M0D",
    "access_token": "mb_live_…",
    "externalId": "crm-7",
    "language": "en",
    "title": "Weekly review",
    "meetingTitle": "Weekly review",
    "meetingUrl": "https://meet.google.com/abc-defg-hij",
    "url": "https://hooks.example.com/meetbot",
    "target": "https://hooks.example.com/meetbot",
    "event": "job.finalized",
    "email": "host@example.com",
    "name": "Host Person",
    "speaker": "Host Person",
    "text": "We decided to launch on Tuesday.",
    "words": "yes, go ahead",
    "source": "meet",
    "engine": "openai",
    "detail": "There is no such job.",
    "nonce": "9f1c…",
    "device_code": "9f1c…",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://meetbot.example.com/cli-auth",
    "verification_uri_complete": "https://meetbot.example.com/cli-auth?code=WDJB-MJHT",
    "version": "1.2.3",
    "page_size": 20,
    "ordinal": 1,
}
FITS: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float)}
BY_TYPE = {"string": "", "integer": 1, "number": 1.0, "boolean": True, "null": None}


def sample(document: Found, schema: Found, name: str = "", depth: int = 0) -> Any:
    """Return a value that fits a schema: its own example, else one made of its parts."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if schema.get("examples"):
        return schema["examples"][0]
    for way in ("anyOf", "oneOf", "allOf"):
        if way in schema:
            value = sample(document, schema[way][0], name, depth)
            return None if value == "" and {"type": "null"} in schema[way] else value
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    match schema.get("type"):
        case "object":
            return _object(document, schema, depth)
        case "array":
            items = schema.get("items", {})
            return [sample(document, items, name, depth + 1)] if items and depth < DEEPEST else []
    return _plain(schema, name)


def _object(document: Found, schema: Found, depth: int) -> Found:
    fields = schema.get("properties", {}) if depth < DEEPEST else {}
    return {name: sample(document, field, name, depth + 1) for name, field in fields.items()}


def _plain(schema: Found, name: str) -> Any:
    kind = schema.get("type", "")
    known = BY_FORMAT.get(schema.get("format", ""), BY_NAME.get(name))
    if known is not None and isinstance(known, FITS.get(kind, ())):
        return known
    if kind in {"integer", "number"}:
        return schema.get("default", max(schema.get("minimum", 1), 1))
    return schema.get("default", BY_TYPE.get(kind))
