"""The bodies of webhooks, as they stand on the wire. Nothing else of the product knows their spelling.

jobs family: {"deliveryId", "event", "emittedAt", "attempt", "version": 2, "data"}; version 1 has no `version`, and
its failures carry the free text `failure_reason` in place of `failure_code` and `failure_detail`.
bots family: {"event", "botId", "timestamp", "data"}.
"""

import json
from datetime import UTC, datetime
from typing import NotRequired, TypedDict

from agent.model.letter import Notice


class JobsEnvelope(TypedDict):
    """The jobs family's body. `emittedAt` is ISO 8601 in UTC with milliseconds, the same in every attempt."""

    deliveryId: str
    event: str
    emittedAt: str
    attempt: int
    version: NotRequired[int]
    data: dict[str, object]


class BotsEnvelope(TypedDict):
    """The bots family's body."""

    event: str
    botId: int
    timestamp: str
    data: dict[str, object]


def body(notice: Notice) -> bytes:
    """Return the JSON body of one attempt, in UTF-8."""
    envelope = bots_envelope(notice) if notice.family == "bots" else jobs_envelope(notice)
    text = json.dumps(envelope, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return text.encode("utf-8", "replace")


def jobs_envelope(notice: Notice) -> JobsEnvelope:
    """Return the jobs family's envelope in the version the endpoint asked for."""
    envelope: JobsEnvelope = {
        "deliveryId": notice.delivery_id,
        "event": notice.event,
        "emittedAt": instant(notice.happened_at),
        "attempt": notice.attempt,
        "data": _failure_v1(notice.data) if notice.version == 1 else _failure_v2(notice.data),
    }
    if notice.version != 1:
        envelope["version"] = notice.version
    return envelope


def bots_envelope(notice: Notice) -> BotsEnvelope:
    """Return the bots family's envelope."""
    return {
        "event": notice.event,
        "botId": notice.bot_id,
        "timestamp": instant(notice.happened_at),
        "data": notice.data,
    }


def instant(at: datetime) -> str:
    """Spell an instant as ISO 8601 in UTC with milliseconds and Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _failure_v2(data: dict[str, object]) -> dict[str, object]:
    """Mirror the detail as `failure_reason`, for readers who come from version 1."""
    if "failure_code" not in data:
        return data
    detail = data.get("failure_detail") or data["failure_code"]
    return {"failure_reason": detail, **data}


def _failure_v1(data: dict[str, object]) -> dict[str, object]:
    mirrored = _failure_v2(data)
    return {key: value for key, value in mirrored.items() if key not in ("failure_code", "failure_detail")}


def _plain(value: object) -> str:
    return instant(value) if isinstance(value, datetime) else str(value)
