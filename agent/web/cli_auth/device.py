"""Routes of the device that signs in, and of the person's program that lets it in."""

import asyncio
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from limits import parse_many
from pydantic import BaseModel, Field, StringConstraints

from agent.lifecycle.people.devices import Polled
from agent.rules.device_login import Verdict
from agent.web.auth import AskedFirst, TheAsker
from agent.web.desk import TheDesk
from agent.web.problems import answers
from agent.web.quota import address
from agent.web.wire import Asked, Flag

router = APIRouter(prefix="/api/v1/cli-auth", tags=["cli-auth"], route_class=AskedFirst)
STARTS = tuple(parse_many("10/minute;60/hour"))
POLLS = tuple(parse_many("120/minute"))
SAID = {
    Verdict.PENDING: "Nobody has decided yet; poll again after `interval` seconds.",
    Verdict.SLOW_DOWN: "Polled too soon; the interval is 5 seconds longer from now on.",
    Verdict.DENIED: "The sign-in was refused.",
    Verdict.EXPIRED: "The code has expired; start again.",
    Verdict.UNKNOWN: "This nonce is unknown, or was used already.",
}
ClientName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")
]


class Start(Asked):
    """Who asks."""

    client_name: ClientName = Field(
        "meetbot", description="What the person is shown, as in `meetbot on laptop`."
    )


class Begun(BaseModel):
    """A login that has begun, in the words of RFC 8628; `nonce` is the device code."""

    nonce: str
    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class SignedIn(BaseModel):
    """An API key for the device, shown this once."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - the kind of token, not one
    email: str


class NotYet(BaseModel):
    """Why there is no key: authorization_pending, slow_down, access_denied, expired_token or invalid_grant."""

    error: str
    error_description: str
    detail: str
    interval: int | None = Field(None, description="Seconds to wait before the next poll.")


class Decision(Asked):
    """What a person decides about a device."""

    user_code: Annotated[str, StringConstraints(max_length=40)] = Field(examples=["WDJB-MJHT"])
    approve: Flag = True


class Decided(BaseModel):
    """What was decided, and about whom."""

    status: str
    client: str


@router.post(
    "/init",
    status_code=201,
    summary="Mint a device-flow nonce",
    responses=answers(422, 429),
)
async def init(desk: TheDesk, request: Request, body: Start | None = None) -> Begun:
    """Begin. Show the person `user_code` and `verification_uri`, then poll."""
    desk.quotas.spend_as_stranger(request, "cli-auth-init", *STARTS)
    client = (body or Start.model_construct(client_name="meetbot")).client_name
    started = await asyncio.to_thread(desk.devices.start, client, address(request))
    page = f"{desk.choices.public_url}/cli-auth"
    return Begun(
        nonce=started.nonce,
        device_code=started.nonce,
        user_code=started.user_code,
        verification_uri=page,
        verification_uri_complete=f"{page}?{urlencode({'code': started.user_code})}",
        expires_in=started.expires_in_seconds,
        interval=started.interval_seconds,
    )


@router.post(
    "/poll/{nonce}",
    summary="Poll for device-flow completion",
    response_model=SignedIn,
    responses={**answers(429), 400: {"description": "No key, or not yet.", "model": NotYet}},
)
async def poll(nonce: Annotated[str, Path(max_length=100)], desk: TheDesk, request: Request) -> JSONResponse:
    """Ask whether somebody has decided. The answers are those of an OAuth token endpoint."""
    desk.quotas.spend_as_stranger(request, "cli-auth-poll", *POLLS)
    polled = await asyncio.to_thread(desk.devices.poll, nonce)
    return JSONResponse(*_told(polled), headers={"Cache-Control": "no-store"})


@router.post("/complete", summary="Finalize device-flow auth", responses=answers(404, 409))
async def complete(body: Decision, desk: TheDesk, asker: TheAsker, request: Request) -> Decided:
    """Let a device in, or refuse it, in the name of whoever sends this."""
    asking = await asyncio.to_thread(
        lambda: desk.devices.decide(body.user_code, by=asker, address=address(request), approve=body.approve)
    )
    return Decided(status="approved" if body.approve else "denied", client=asking.client)


def _told(polled: Polled) -> tuple[dict[str, object], int]:
    if polled.verdict is Verdict.APPROVED:
        return SignedIn(access_token=polled.key, email=polled.email).model_dump(), 200
    words = SAID[polled.verdict]
    told = NotYet(error=polled.verdict.value, error_description=words, detail=words)
    if polled.verdict in {Verdict.PENDING, Verdict.SLOW_DOWN}:
        told.interval = polled.interval_seconds
    return told.model_dump(exclude_none=True), 400
