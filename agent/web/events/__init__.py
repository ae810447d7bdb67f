"""The events that webhooks tell of, as the description of the API shows them.

The bodies are made in `delivery`; a test compares what is sent with what stands here.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header
from pydantic import BaseModel

from agent.web.events import bots, jobs
from agent.web.events.signed import StandardHeaders

ANSWERS = (
    "Answer 2xx within 15 seconds. Anything else is tried again for three days; 410 turns the webhook off."
)


def describe(webhooks: APIRouter) -> None:
    """Add every event of both families, and the test that both have, to an application's webhooks."""
    for kind in jobs.KINDS:
        _describe(webhooks, kind, kind, jobs.Headers)
    for told in bots.KINDS:
        _describe(webhooks, told, told, bots.Headers)
    _describe(webhooks, bots.BotWebhookTest, bots.BotWebhookTest | jobs.JobWebhookTest, StandardHeaders)


def name_of(kind: type[BaseModel]) -> str:
    """Return the event whose body this is."""
    return str(kind.model_fields["event"].annotation.__args__[0])  # type: ignore[union-attr]


def _describe(webhooks: APIRouter, kind: type[BaseModel], body: Any, signed: type[StandardHeaders]) -> None:
    name = name_of(kind)

    async def receive(
        body: Annotated[body, Body()],
        headers: Annotated[signed, Header()],  # type: ignore[valid-type]
    ) -> None: ...

    webhooks.add_api_route(
        name,
        receive,
        methods=["POST"],
        name=name.replace(".", "_"),
        operation_id=f"webhook_{name.replace('.', '_')}",
        tags=["webhooks"],
        summary=(kind.__doc__ or "").rstrip("."),
        description=ANSWERS,
        status_code=204,
        responses={410: {"description": "Never send to this address again."}},
    )
