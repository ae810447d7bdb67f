"""Routes of API keys."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from agent.lifecycle.people.usage import KeyUse
from agent.model.account import Scope
from agent.model.tables import ApiKey
from agent.rules.keys import PREFIXES
from agent.web.auth import AskedFirst, TheAsker
from agent.web.desk import TheDesk
from agent.web.problems import answers
from agent.web.wire import Asked, Distinct, Id, Instant, Name, Told

router = APIRouter(prefix="/v1/api-keys", tags=["api-keys"], route_class=AskedFirst)


class KeyRequest(Asked):
    """A key to make. Without scopes it may read and write; a test key's bots join sandbox meetings only."""

    name: Name = Field(examples=["Nightly import"])
    mode: Literal["live", "test"] = "live"
    scopes: Annotated[list[Scope], Distinct] = Field(default_factory=list, max_length=4, examples=[["read"]])
    expires_at: Instant | None = None


class KeyAnswer(Told):
    """A key, without its text."""

    id: int
    name: str = Field(examples=["Nightly import"])
    prefix: str = Field(examples=["mb_live_4fQz"])
    last4: str = Field(examples=["x7Yk"])
    mode: Literal["live", "test"]
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


class KeyCreated(KeyAnswer):
    """A fresh key with its text, which is shown here only."""

    key: str = Field(examples=["mb_live_…"])


class KeyList(Told):
    """All of one's keys, also revoked ones."""

    api_keys: list[KeyAnswer]
    total: int


class KeyDay(Told):
    """What a key was used for on one day, UTC."""

    day: date
    requests: int
    errors: int
    mean_ms: float


class KeyUsage(Told):
    """What a key was used for."""

    key_id: int
    since: datetime
    until: datetime
    requests: int
    errors: int
    last_used_at: datetime | None
    days: list[KeyDay]


@router.get("", summary="List API keys", responses=answers())
async def list_keys(desk: TheDesk, asker: TheAsker) -> KeyList:
    """Return your keys, without their texts."""
    found = await desk.api_keys.all(asker)
    return KeyList(api_keys=[KeyAnswer(**_facts(key)) for key in found], total=len(found))


@router.post("", status_code=201, summary="Create API key", responses=answers(404, 409))
async def create(body: KeyRequest, desk: TheDesk, asker: TheAsker) -> KeyCreated:
    """Make a key. A key can make none that may do more than itself."""
    key, text = await desk.api_keys.create(
        asker, body.name, test=body.mode == "test", scopes=body.scopes, expires_at=body.expires_at
    )
    return KeyCreated(key=text, **_facts(key))


@router.delete("/{key_id}", status_code=204, summary="Revoke API key", responses=answers(404))
async def revoke(key_id: Id, desk: TheDesk, asker: TheAsker) -> None:
    """Revoke a key; the next request with it is refused."""
    await desk.api_keys.revoke(asker, key_id)


@router.get("/{key_id}/usage", summary="Get key usage stats", responses=answers(404))
async def usage(
    key_id: Id,
    desk: TheDesk,
    asker: TheAsker,
    days: Annotated[int, Query(ge=1, le=366, description="How many days, today included.")] = 30,
) -> KeyUsage:
    """Return how often a key was used, day by day."""
    return _usage(await desk.usage.of_key(asker, key_id, days))


def _facts(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id or 0,
        "name": key.name,
        "prefix": key.prefix,
        "last4": key.last4,
        "mode": "test" if key.prefix.startswith(PREFIXES[1]) else "live",
        "scopes": [str(scope) for scope in key.scopes],
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }


def _usage(found: KeyUse) -> KeyUsage:
    return KeyUsage(
        key_id=found.key.id or 0,
        since=found.span.since,
        until=found.span.until,
        requests=sum(row.requests for row in found.days),
        errors=sum(row.errors for row in found.days),
        last_used_at=found.key.last_used_at,
        days=[
            KeyDay(
                day=date.fromisoformat(row.day),
                requests=row.requests,
                errors=row.errors,
                mean_ms=round(row.mean_ms, 1),
            )
            for row in found.days
        ],
    )
