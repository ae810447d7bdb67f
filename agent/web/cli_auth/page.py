"""The page on which a person lets a device in: it names the client, the place and the time, and wants a click.

Whoever is not signed in to the pages proves who they are with an API key in the form; it is used once and not kept.
"""

import asyncio
import secrets
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from agent.errors import Denied, MeetbotError
from agent.lifecycle.people.devices import Asking
from agent.model.account import Principal, Scope
from agent.web.auth import signed_in
from agent.web.desk import Desk, TheDesk
from agent.web.problems import headers_of, status_of
from agent.web.quota import address
from agent.web.same_site import FromOurPages

router = APIRouter(include_in_schema=False)
Code = Annotated[str, Query(max_length=40)]
templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
)


@router.get("/cli-auth")
async def show(request: Request, desk: TheDesk, code: Code = "") -> HTMLResponse:
    """Ask for the code, or show who waits under it. Nothing is decided by looking."""
    by = await signed_in(request)
    if not code:
        return _page(by)
    try:
        asking = await asyncio.to_thread(lambda: desk.devices.look(code, by=by, address=address(request)))
    except MeetbotError as error:
        return _page(by, problem=error)
    return _page(by, asking=asking)


@router.post("/cli-auth")
async def decide(
    request: Request,
    desk: TheDesk,
    _ours: FromOurPages,
    code: Annotated[str, Form(max_length=40)],
    decision: Annotated[str, Form(pattern="^(approve|deny)$")],
    key: Annotated[str, Form(max_length=200)] = "",
) -> HTMLResponse:
    """Carry out what the person clicked."""
    by = await signed_in(request)
    try:
        by = by or await _who_has(desk, key, request)
        approve = decision == "approve"
        asking = await asyncio.to_thread(
            lambda: desk.devices.decide(code, by=by, address=address(request), approve=approve)
        )
    except MeetbotError as error:
        return _page(by, problem=error)
    return _page(by, decided=asking, approved=approve)


async def _who_has(desk: Desk, key: str, request: Request) -> Principal:
    desk.quotas.spend_as_stranger(request)
    if not key.strip():
        raise Denied("Sign in first, or give an API key.")
    by = await asyncio.to_thread(desk.accounts.who_has, key.strip())
    if not by.may(Scope.WRITE):
        raise Denied("This key may not let devices in.")
    return by


def _page(
    by: Principal | None,
    *,
    asking: Asking | None = None,
    decided: Asking | None = None,
    approved: bool = False,
    problem: MeetbotError | None = None,
) -> HTMLResponse:
    nonce = secrets.token_urlsafe(16)
    facts: dict[str, Any] = {
        "by": by,
        "asking": asking,
        "decided": decided,
        "approved": approved,
        "problem": problem.safe if problem else "",
        "nonce": nonce,
    }
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; frame-ancestors 'none'"
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    html = templates.get_template("page.html.j2").render(facts)
    if problem is None:
        return HTMLResponse(html, headers=headers)
    return HTMLResponse(html, status_of(problem), headers | headers_of(problem))
