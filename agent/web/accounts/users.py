"""Routes of one's own account: profile, password, usage, analytics, requests made."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from agent.lifecycle.people.usage import Analysis, Span
from agent.model.tables import User
from agent.rules.tallies import Day
from agent.web.accounts.auth import Password, PersonName, TheCaller
from agent.web.auth import AskedFirst, TheAsker
from agent.web.desk import TheDesk
from agent.web.paging import ThePage
from agent.web.problems import answers
from agent.web.wire import LARGEST_ID, Asked, Paged, Told

router = APIRouter(prefix="/v1/users/me", tags=["users"], route_class=AskedFirst)
usage_router = APIRouter(prefix="/v1/users/me", tags=["usage"], route_class=AskedFirst)
Days = Annotated[int, Query(ge=1, le=366, description="How many days, today included.")]


class UserAnswer(Told):
    """A person with an account. An address that is not verified opens nothing."""

    id: int
    email: str = Field(examples=["host@example.com"])
    name: str = Field(examples=["Host Person"])
    email_verified: bool
    is_operator: bool
    created_at: datetime


class ProfilePatch(Asked):
    """What to change of the profile."""

    name: PersonName = Field(examples=["Host Person"])


class PasswordChange(Asked):
    """The present password and the new one."""

    current_password: Password = Field(examples=["correct horse battery"])
    new_password: Password = Field(examples=["an even better one"])


class DayAnswer(Told):
    """The figures of one day, UTC."""

    day: date
    bots: int
    failed: int
    meeting_minutes: float
    transcripts: int
    summaries: int
    input_tokens: int
    output_tokens: int
    requests: int
    errors: int


class UsageAnswer(Told):
    """Usage in a span of days. `cost` is in the operator's currency, by the operator's prices."""

    since: datetime
    until: datetime
    bots: int
    failed: int
    meeting_minutes: float
    transcripts: int
    summaries: int
    input_tokens: int
    output_tokens: int
    cost: float
    requests: int
    days: list[DayAnswer]


class KeyShare(Told):
    """Requests by one key; null stands for a signed-in person."""

    key_id: int | None
    requests: int
    errors: int


class Analytics(Told):
    """How the bots fared. `onTimeShare`: of those that knocked, which share did so within 30 s of the plan."""

    since: datetime
    until: datetime
    outcomes: dict[str, int] = Field(examples=[{"ended_by_host": 12, "lobby_timeout": 1}])
    success_rate: float | None
    on_time_share: float | None
    average_minutes: float | None
    by_key: list[KeyShare]
    days: list[DayAnswer]


class RequestAnswer(Told):
    """One request. `route` is the path's template, so that no token stands here."""

    at: datetime
    method: str = Field(examples=["GET"])
    route: str = Field(examples=["/v1/bots/{bot_id}"])
    status: int = Field(examples=[200])
    duration_ms: int
    key_id: int | None


class RequestPage(Paged):
    """One page of requests, newest first."""

    logs: list[RequestAnswer]


@router.get("", summary="Get current user", responses=answers(404))
async def me(desk: TheDesk, asker: TheAsker) -> UserAnswer:
    """Return who you are."""
    return _user(await desk.identity.me(asker), asker.is_operator)


@router.patch("", summary="Update profile", responses=answers(404))
async def update(body: ProfilePatch, desk: TheDesk, asker: TheAsker) -> UserAnswer:
    """Change your name."""
    return _user(await desk.identity.rename(asker, body.name), asker.is_operator)


@router.post("/password", status_code=204, summary="Change password", responses=answers(404))
async def change_password(
    body: PasswordChange, request: Request, desk: TheDesk, asker: TheAsker, caller: TheCaller
) -> None:
    """Change your password; every other sign-in ends."""
    await desk.identity.change_password(asker, body.current_password, body.new_password, caller)


@usage_router.get("/usage", summary="Get usage statistics", responses=answers())
async def usage(desk: TheDesk, asker: TheAsker, days: Days | None = None) -> UsageAnswer:
    """Return what you used: of the last `days`, or of this month."""
    span = desk.usage.last_days(days) if days else desk.usage.month()
    found = await desk.usage.analyse(asker, span)
    figures = found.figures
    return UsageAnswer(
        since=span.since,
        until=span.until,
        bots=int(figures.total("bots")),
        failed=int(figures.total("failed")),
        meeting_minutes=round(figures.total("minutes"), 2),
        transcripts=int(figures.total("transcripts")),
        summaries=int(figures.total("summaries")),
        input_tokens=int(figures.total("input_tokens")),
        output_tokens=int(figures.total("output_tokens")),
        cost=found.cost,
        requests=int(figures.total("requests")),
        days=[_day(day) for day in figures.days],
    )


@usage_router.get("/analytics", summary="Usage analytics dashboard", responses=answers())
async def analytics(desk: TheDesk, asker: TheAsker, days: Days = 30) -> Analytics:
    """Return how your bots fared in the last days."""
    span: Span = desk.usage.last_days(days)
    return _analytics(await desk.usage.analyse(asker, span))


@usage_router.get("/api-logs", summary="API request logs", responses=answers())
async def api_logs(
    desk: TheDesk,
    asker: TheAsker,
    page: ThePage,
    key_id: Annotated[int | None, Query(alias="keyId", ge=1, le=LARGEST_ID)] = None,
    status_from: Annotated[
        int | None, Query(alias="statusFrom", ge=100, le=599, description="Only this status and above.")
    ] = None,
) -> RequestPage:
    """Return one page of the requests you made, newest first."""
    found, total = await desk.usage.log(
        asker, key_id=key_id, status_from=status_from, offset=page.offset, limit=page.page_size
    )
    return RequestPage(
        logs=[RequestAnswer.model_validate(row, from_attributes=True) for row in found],
        total=total,
        page=page.page,
        page_size=page.page_size,
    )


def _user(user: User, is_operator: bool) -> UserAnswer:
    return UserAnswer(
        id=user.id or 0,
        email=user.email,
        name=user.name,
        email_verified=user.verified_at is not None,
        is_operator=is_operator,
        created_at=user.created_at,
    )


def _day(day: Day) -> DayAnswer:
    return DayAnswer(
        day=day.day,
        bots=day.bots,
        failed=day.failed,
        meeting_minutes=round(day.minutes, 2),
        transcripts=day.transcripts,
        summaries=day.summaries,
        input_tokens=day.input_tokens,
        output_tokens=day.output_tokens,
        requests=day.requests,
        errors=day.errors,
    )


def _analytics(found: Analysis) -> Analytics:
    figures = found.figures
    ended, admitted = figures.ended, figures.admitted
    shares: dict[int | None, KeyShare] = {}
    for row in found.by_key:
        share = shares.setdefault(row.key_id, KeyShare(key_id=row.key_id, requests=0, errors=0))
        share.requests += row.requests
        share.errors += row.errors
    return Analytics(
        since=found.span.since,
        until=found.span.until,
        outcomes=figures.outcomes,
        success_rate=round(1 - figures.total("failed") / ended, 4) if ended else None,
        on_time_share=figures.on_time_share,
        average_minutes=round(figures.total("minutes") / admitted, 2) if admitted else None,
        by_key=list(shares.values()),
        days=[_day(day) for day in figures.days],
    )
