"""What a browser can ask of the fake Meet: pages, their files, the socket."""

import asyncio
import mimetypes
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response, WebSocket
from fastapi.responses import RedirectResponse

from agent.sandbox.meet.meetings import Meetings
from agent.sandbox.meet.socket import serve_unknown_code, serve_visitor
from agent.sandbox.meet.view import welcome

PAGE = Path(__file__).parent / "page"
FILES = {path.relative_to(PAGE).as_posix(): path.read_bytes() for path in PAGE.rglob("*") if path.is_file()}
CACHE_SECONDS = 60


def wire_routes(meetings: Meetings) -> APIRouter:
    """The routes under /meet."""
    router = APIRouter(prefix="/meet")

    @router.get("/page/{name:path}")
    async def page_file(name: str) -> Response:
        if name not in FILES:
            raise HTTPException(404)
        return file_response(name)

    @router.get("/landing")
    async def landing() -> Response:
        return file_response("landing.html")

    @router.get("/signin")
    async def sign_in() -> Response:
        return file_response("signin.html")

    @router.get("/asleep")
    async def asleep(request: Request, seconds: float = 60) -> Response:
        await sleep_while_open(request, meetings, seconds)
        return Response(status_code=204)

    @router.get("/{code}")
    async def meeting_page(code: str) -> Response:
        meeting = meetings.visited(code)
        if meeting and meeting.options.access == "sign_in":
            meeting.note("sign_in_shown")
            return RedirectResponse(f"signin?continue={code}", status_code=302)
        return file_response("index.html")

    @router.websocket("/{code}/socket")
    async def socket(socket: WebSocket, code: str, visitor: str | None = None) -> None:
        meeting = meetings.get(code)
        if meeting is None:
            await serve_unknown_code(socket, welcome(meetings.options.defaults, None))
        else:
            await serve_visitor(socket, meeting, visitor)

    return router


def file_response(name: str) -> Response:
    """One of the page's files; the pages themselves are never cached, so that every visit is seen."""
    media_type = mimetypes.guess_type(name)[0] or "text/plain"
    caching = "no-store" if name.endswith(".html") else f"max-age={CACHE_SECONDS}"
    return Response(FILES[name], media_type=media_type, headers={"Cache-Control": caching})


async def sleep_while_open(request: Request, meetings: Meetings, seconds: float) -> None:
    """Hold a hanging page's request until its time is over, the house is cleared, or the page is gone."""
    waiting = {asyncio.create_task(meetings.sleep(seconds)), asyncio.create_task(gone(request))}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


async def gone(request: Request) -> None:
    """Returns when the browser has closed the request."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
