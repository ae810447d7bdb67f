"""Routes of webhooks."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import Field

from agent.lifecycle.hooks_desk import HookChange, Sent
from agent.model.tables import Endpoint
from agent.rules import hook_events
from agent.web.auth import AskedFirst, TheAsker
from agent.web.desk import TheDesk
from agent.web.paging import ThePage
from agent.web.problems import answers
from agent.web.wire import Asked, Distinct, Flag, HookUrl, Id, Instant, Paged, Told

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=AskedFirst)
Family = Literal["bots", "jobs"]
Events = Annotated[list[str], Distinct, Field(max_length=20, examples=[["bot.joined", "bot.left"]])]
DeliveryId = Annotated[str, InPath(pattern=r"^dlv_[0-9A-Z]{26}$")]


class HookRequest(Asked):
    """An address to tell. Without events it hears of all of its family; the family follows from the events."""

    url: HookUrl = Field(examples=["https://hooks.example.com/meetbot"])
    events: Events = Field(default_factory=list)
    family: Family | None = Field(None, description="Whose events and envelope: bots (default) or jobs.")
    version: Literal[1, 2] = Field(2, description="Of the jobs family's envelope.")


class HookPatch(Asked):
    """What to change of a webhook. Turning one on again forgives its failures."""

    url: HookUrl | None = Field(None, examples=["https://hooks.example.com/meetbot"])
    events: Events | None = None
    enabled: Flag | None = None


class RotateRequest(Asked):
    """Whether the old secret stops signing at once; otherwise both sign until the next rotation."""

    retire_old: Flag = False


class ReplayRequest(Asked):
    """From when on to send again what did not arrive."""

    since: Instant = Field(examples=["2026-03-02T09:30:00Z"])


class HookAnswer(Told):
    """A webhook, without its secret."""

    id: int
    url: str
    events: list[str]
    family: Family
    version: int
    enabled: bool
    disabled_reason: str | None = Field(description="Why the server turned it off, if it did.")
    live_secrets: int = Field(description="How many secrets sign: two while one is being rotated.")
    created_at: datetime


class HookCreated(HookAnswer):
    """A webhook with its fresh secret, which is shown here only."""

    secret: str = Field(examples=["whsec_…"])


class HookPage(Paged):
    """One page of webhooks."""

    webhooks: list[HookAnswer]


class AttemptAnswer(Told):
    """One try at a delivery. `status` 0: no answer, and `error` says why."""

    number: int
    at: datetime
    status: int
    duration_ms: int
    response_body: str = Field(validation_alias="answer")
    error: str


class DeliveryAnswer(Told):
    """One event on its way to one webhook. `state`: due, done, failed, held (while turned off) or cancelled."""

    id: str
    event: str
    bot_id: int | None
    state: str
    created_at: datetime
    next_attempt_at: datetime | None
    data: dict[str, Any]
    attempts: list[AttemptAnswer]


class DeliveryPage(Paged):
    """One page of deliveries, newest first."""

    deliveries: list[DeliveryAnswer]


class TestAnswer(Told):
    """What came of a test."""

    delivery_id: str
    success: bool
    status_code: int
    duration_ms: int
    response_body: str
    error: str | None


class Replayed(Told):
    """How many deliveries are sent again."""

    queued: int


@router.get("", summary="List webhooks", responses=answers())
async def list_hooks(desk: TheDesk, asker: TheAsker, page: ThePage) -> HookPage:
    """Return one page of your webhooks."""
    found, total = await desk.hooks.page(asker, offset=page.offset, limit=page.page_size)
    shown = [HookAnswer(**_facts(hook)) for hook in found]
    return HookPage(webhooks=shown, total=total, page=page.page, page_size=page.page_size)


@router.post("", status_code=201, summary="Create webhook", responses=answers(409))
async def create(body: HookRequest, desk: TheDesk, asker: TheAsker) -> HookCreated:
    """Register an address. It must be public, on https or http; the secret that signs comes back here only."""
    family = body.family or hook_events.family_of(body.events)
    hook_events.check(family, body.events)
    hook = await desk.hooks.create(asker, body.url, events=body.events, family=family, version=body.version)
    return HookCreated(secret=str(hook.secrets[0]), **_facts(hook))


@router.get("/{hook_id}", summary="Get webhook details", responses=answers(404))
async def get(hook_id: Id, desk: TheDesk, asker: TheAsker) -> HookAnswer:
    """Return one webhook."""
    return HookAnswer(**_facts(await desk.hooks.get(asker, hook_id)))


@router.patch("/{hook_id}", summary="Update webhook", responses=answers(404))
async def update(hook_id: Id, body: HookPatch, desk: TheDesk, asker: TheAsker) -> HookAnswer:
    """Change a webhook."""
    if body.events is not None:
        hook_events.check((await desk.hooks.get(asker, hook_id)).family, body.events)
    change = HookChange(url=body.url, events=body.events, enabled=body.enabled)
    return HookAnswer(**_facts(await desk.hooks.change(asker, hook_id, change)))


@router.delete("/{hook_id}", status_code=204, summary="Delete webhook", responses=answers(404))
async def delete(hook_id: Id, desk: TheDesk, asker: TheAsker) -> None:
    """Delete a webhook; nothing more is sent to it."""
    await desk.hooks.delete(asker, hook_id)


@router.post("/{hook_id}/rotate-secret", summary="Rotate the signing secret", responses=answers(404))
async def rotate(
    hook_id: Id, desk: TheDesk, asker: TheAsker, body: RotateRequest | None = None
) -> HookCreated:
    """Make a new secret; until the next rotation the old one signs too, so that nothing is missed."""
    hook = await desk.hooks.rotate(asker, hook_id, retire_old=bool(body and body.retire_old))
    return HookCreated(secret=str(hook.secrets[0]), **_facts(hook))


@router.post("/{hook_id}/test", summary="Test webhook", responses=answers(404))
async def test(hook_id: Id, desk: TheDesk, asker: TheAsker) -> TestAnswer:
    """Send a `webhook.test` event now, and return what the receiver answered."""
    sent = await desk.hooks.test(asker, hook_id)
    tried = sent.attempts[0]
    return TestAnswer(
        delivery_id=sent.delivery.id,
        success=sent.delivery.state == "done",
        status_code=tried.status,
        duration_ms=tried.duration_ms,
        response_body=tried.answer,
        error=tried.error or None,
    )


@router.get("/{hook_id}/deliveries", summary="Get delivery history", responses=answers(404))
async def deliveries(
    hook_id: Id,
    desk: TheDesk,
    asker: TheAsker,
    page: ThePage,
    state: Annotated[Literal["due", "done", "failed", "held", "cancelled"] | None, Query()] = None,
) -> DeliveryPage:
    """Return one page of what was sent, newest first, with every try."""
    found, total = await desk.hooks.sent(
        asker, hook_id, state=state, offset=page.offset, limit=page.page_size
    )
    shown = [_delivery(one) for one in found]
    return DeliveryPage(deliveries=shown, total=total, page=page.page, page_size=page.page_size)


@router.post(
    "/{hook_id}/deliveries/{delivery_id}/resend",
    status_code=202,
    summary="Resend one delivery",
    responses=answers(404, 409),
)
async def resend(hook_id: Id, delivery_id: DeliveryId, desk: TheDesk, asker: TheAsker) -> DeliveryAnswer:
    """Send one delivery again, under the same id."""
    return _delivery(await desk.hooks.resend(asker, hook_id, delivery_id))


@router.post(
    "/{hook_id}/replay", status_code=202, summary="Replay what was missed", responses=answers(404, 409)
)
async def replay(hook_id: Id, body: ReplayRequest, desk: TheDesk, asker: TheAsker) -> Replayed:
    """Send everything again that did not arrive since an instant, at most 1000 at a time, oldest first."""
    return Replayed(queued=await desk.hooks.replay(asker, hook_id, body.since))


def _facts(hook: Endpoint) -> dict[str, Any]:
    return {
        "id": hook.id or 0,
        "url": hook.url,
        "events": [str(event) for event in hook.events],
        "family": hook.family,
        "version": hook.version,
        "enabled": hook.enabled,
        "disabled_reason": hook.disabled_reason or None,
        "live_secrets": len(hook.secrets),
        "created_at": hook.created_at,
    }


def _delivery(sent: Sent) -> DeliveryAnswer:
    delivery = sent.delivery
    return DeliveryAnswer(
        id=delivery.id,
        event=delivery.event,
        bot_id=delivery.job_id,
        state=delivery.state,
        created_at=delivery.created_at,
        next_attempt_at=delivery.next_at,
        data=delivery.data,
        attempts=[AttemptAnswer.model_validate(tried, from_attributes=True) for tried in sent.attempts],
    )
