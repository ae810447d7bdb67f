"""The wire between one page and its meeting."""

import asyncio
import contextlib

from fastapi import WebSocket, WebSocketDisconnect

from agent.sandbox.meet import visits
from agent.sandbox.meet.meeting import Meeting
from agent.sandbox.meet.outbox import Message, Outbox
from agent.sandbox.meet.steps.disturb import NETWORK_LOST
from agent.sandbox.meet.view import UNKNOWN_CODE_VIEW, view_for, welcome
from agent.sandbox.meet.visitor import Visitor


async def serve_unknown_code(socket: WebSocket, greeting: Message) -> None:
    """Tell a page that its meeting does not exist, and hear nothing."""
    await socket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        await socket.send_json(greeting)
        await socket.send_json(UNKNOWN_CODE_VIEW)
        while True:
            await socket.receive_text()


async def serve_visitor(socket: WebSocket, meeting: Meeting, visitor_id: str | None) -> None:
    """Keep one page informed and do what it reports, until either side hangs up."""
    if not meeting.network_on:
        await socket.close(NETWORK_LOST)
        return
    await socket.accept()
    visitor = meeting.visitors.get(visitor_id or "")
    came_back = visitor is not None
    if visitor is None:
        visitor = visits.arrive(meeting, *introduction(socket))
    await converse(socket, meeting, visitor, came_back)


def introduction(socket: WebSocket) -> tuple[str, str]:
    """The browser's name and the language the page was asked for."""
    return socket.headers.get("user-agent", ""), socket.query_params.get("hl", "")


async def converse(socket: WebSocket, meeting: Meeting, visitor: Visitor, came_back: bool) -> None:
    """Both directions at once; the first to end ends the other."""
    outbox = visitor.outbox = Outbox(lambda: view_for(meeting, visitor))
    outbox.refresh()
    if came_back:
        visits.come_back(meeting, visitor)
    telling = asyncio.create_task(tell(socket, outbox, welcome(meeting.options, visitor)))
    hearing = asyncio.create_task(hear(socket, meeting, visitor))
    try:
        await asyncio.wait({telling, hearing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        telling.cancel()
        hearing.cancel()
        await asyncio.gather(telling, hearing, return_exceptions=True)
        if visitor.outbox is outbox:
            visits.close(meeting, visitor)


async def tell(socket: WebSocket, outbox: Outbox, greeting: Message) -> None:
    """Send what waits in the outbox, as long as it is not closed."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await socket.send_json(greeting)
        while outbox.closing is None:
            for message in await outbox.take():
                await socket.send_json(message)
        await socket.close(outbox.closing)


async def hear(socket: WebSocket, meeting: Meeting, visitor: Visitor) -> None:
    """Do what the page reports."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            visits.act(meeting, visitor, await socket.receive_json())
