"""The receiver of Stripe's webhooks."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel

from agent.errors import Denied
from agent.web.desk import TheDesk
from agent.web.problems import answers

router = APIRouter(prefix="/webhooks", tags=["admin"])
EVENT_SCHEMA = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "description": "An event, as Stripe sends and signs it."}
            }
        },
    },
}


class Taken(BaseModel):
    """What came of the event: applied, repeated, outdated, unknown_customer or ignored."""

    received: bool = True
    outcome: str


@router.post("/stripe", summary="Stripe webhook receiver", responses=answers(404), openapi_extra=EVENT_SCHEMA)
async def stripe(
    request: Request,
    desk: TheDesk,
    stripe_signature: Annotated[str, Header(max_length=2000, description="As Stripe signs.")] = "",
) -> Taken:
    """Take an event; each counts once. Without a configured secret payments are off, and this path is missing."""
    body = await request.body()
    try:
        return Taken(outcome=await asyncio.to_thread(desk.billing.take, stripe_signature, body))
    except Denied:
        desk.quotas.spend_as_stranger(request, "stripe")
        raise
