"""Where Google tells that a calendar changed. The ping carries nothing; it makes the bot look."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header, Response

from agent.lifecycle.invitations.polling import POLL
from agent.web.desk import TheDesk

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Header(max_length=200)]


@router.post("/google-calendar/changed")
async def changed(
    desk: TheDesk,
    x_goog_channel_id: Text = "",
    x_goog_channel_token: Text = "",
    x_goog_message_number: Text = "",
) -> Response:
    """Look at the calendars soon, when the channel is ours; 404 makes Google give a forgotten one up."""

    def ring() -> bool:
        return desk.channels.pinged(x_goog_channel_id, x_goog_channel_token, x_goog_message_number, poll=POLL)

    known = await asyncio.to_thread(ring)
    return Response(status_code=204 if known else 404)
