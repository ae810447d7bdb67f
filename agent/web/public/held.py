"""The page behind the link in an operator's mail: one held invitation, and two buttons.

The link is signed for this invitation alone and expires. Looking decides nothing, so that a scanner of mails does no harm.
"""

import asyncio
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from agent.errors import MeetbotError
from agent.model.tables import Hold
from agent.web.desk import TheDesk
from agent.web.problems import headers_of, status_of
from agent.web.same_site import FromOurPages

router = APIRouter(include_in_schema=False)
HoldId = Annotated[int, InPath(ge=1)]
Expires = Annotated[int, Query(ge=0, le=2**40)]
Signature = Annotated[str, Query(max_length=100)]
BY = "the link in an operator's mail"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
}
templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
)


@router.get("/invitations/{hold_id}")
async def show(
    hold_id: HoldId, request: Request, desk: TheDesk, expires: Expires = 0, signature: Signature = ""
) -> HTMLResponse:
    """Show what is held, with the buttons while it waits."""
    desk.quotas.spend_as_stranger(request)
    try:
        desk.held.check_link(hold_id, expires, signature)
        hold = await asyncio.to_thread(desk.held.look, hold_id)
    except MeetbotError as error:
        return _page(problem=error)
    return _page(hold=hold)


@router.post("/invitations/{hold_id}")
async def decide(
    hold_id: HoldId,
    request: Request,
    desk: TheDesk,
    _ours: FromOurPages,
    decision: Annotated[str, Form(pattern="^(approve|refuse)$")],
    expires: Expires = 0,
    signature: Signature = "",
) -> HTMLResponse:
    """Carry out what was clicked."""
    desk.quotas.spend_as_stranger(request)
    try:
        desk.held.check_link(hold_id, expires, signature)
        await desk.held.decide(hold_id, approve=decision == "approve", by=BY)
        hold = await asyncio.to_thread(desk.held.look, hold_id)
    except MeetbotError as error:
        return _page(problem=error)
    return _page(hold=hold)


def _page(*, hold: Hold | None = None, problem: MeetbotError | None = None) -> HTMLResponse:
    html = templates.get_template("held.html.j2").render(hold=hold, problem=problem.safe if problem else "")
    if problem is None:
        return HTMLResponse(html, headers=HEADERS)
    return HTMLResponse(html, status_of(problem), HEADERS | headers_of(problem))
