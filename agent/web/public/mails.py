"""The pages behind the links in mails: read the transcript, delete the meeting, end the series, stop what is held, consent.

Each link is signed for one reader and one purpose. Looking changes nothing, so that a scanner of mails does no harm; only
unsubscribing takes a bare POST too, as RFC 8058 wants it.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from agent.errors import MeetbotError
from agent.lifecycle.aftermath.mail_desk import Transcript
from agent.rules.signed_links import Purpose
from agent.web.desk import TheDesk
from agent.web.problems import status_of

router = APIRouter(prefix="/recap", include_in_schema=False)
Token = Annotated[str, InPath(min_length=1, max_length=2000)]
STYLE = files("agent.web.public").joinpath("mails.css").read_text("utf-8")
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    f"style-src 'sha256-{_HASH}'",
}
templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
)


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as shown; `offset` is h:mm:ss from the first word."""

    ordinal: int
    offset: str
    speaker: str
    text: str


@router.get("/transcript/{token}")
async def show_transcript(token: Token, request: Request, desk: TheDesk) -> HTMLResponse:
    """Show what the reader of a recap was there for."""
    desk.quotas.spend_as_stranger(request)
    try:
        found = await desk.mails.transcript(token)
    except MeetbotError as error:
        return _trouble(error)
    return _transcript(found)


@router.get("/delete/{token}")
async def ask_to_delete(token: Token, request: Request, desk: TheDesk) -> HTMLResponse:
    """Ask whether one is sure."""
    desk.quotas.spend_as_stranger(request)
    try:
        title = await desk.mails.title(token, Purpose.DELETE)
    except MeetbotError as error:
        return _trouble(error)
    text = (
        f"This deletes the transcript, the notes and any recording of “{title}” for everybody, for good. "
        "Mails that were sent already stay where they are."
    )
    return _page("Delete this meeting’s data?", text, button="Delete it for good")


@router.post("/delete/{token}")
async def delete(token: Token, request: Request, desk: TheDesk) -> HTMLResponse:
    """Delete everything taken from the meeting."""
    desk.quotas.spend_as_stranger(request)
    try:
        title = await desk.mails.delete(token)
    except MeetbotError as error:
        return _trouble(error)
    return _page("Deleted", f"What was kept of “{title}” is gone.")


@router.get("/unsubscribe/{token}")
async def ask_to_unsubscribe(token: Token, request: Request, desk: TheDesk) -> HTMLResponse:
    """Ask whether one is sure."""
    desk.quotas.spend_as_stranger(request)
    try:
        reader = await desk.mails.title(token, Purpose.UNSUBSCRIBE)
    except MeetbotError as error:
        return _trouble(error)
    text = f"{reader} will get no more recaps of this series of meetings."
    return _page("No more recaps?", text, button="End the recaps")


@router.post("/unsubscribe/{token}")
async def unsubscribe(token: Token, desk: TheDesk) -> HTMLResponse:
    """End the recaps at once: by our button, or by a mail program's one click."""
    try:
        reader = await desk.mails.unsubscribe(token)
    except MeetbotError as error:
        return _trouble(error)
    return _page("Done", f"{reader} gets no more recaps of this series.")


@router.get("/stop/{token}")
async def ask_to_stop(token: Token, request: Request, desk: TheDesk) -> HTMLResponse:
    """Ask whether one is sure."""
    desk.quotas.spend_as_stranger(request)
    try:
        title = await desk.mails.title(token, Purpose.STOP)
    except MeetbotError as error:
        return _trouble(error, late="The recap has gone out already, or the link is damaged.")
    text = f"The recap of “{title}” is on hold. Stopped, it goes to nobody; the notes stay on the server."
    return _page("Stop this recap?", text, button="Do not send it")


@router.post("/stop/{token}")
async def stop(token: Token, request: Request, desk: TheDesk) -> HTMLResponse:
    """Stop the recaps that have not gone."""
    desk.quotas.spend_as_stranger(request)
    try:
        stopped = await desk.mails.stop(token)
    except MeetbotError as error:
        return _trouble(error, late="The recap has gone out already, or the link is damaged.")
    if not stopped:
        return _page("Nothing to stop", "No recap of this meeting is waiting any more.")
    return _page("Stopped", "The recap goes to nobody.")


@router.get("/consent/{token}")
async def ask_for_consent(token: Token, request: Request, desk: TheDesk) -> HTMLResponse:
    """Ask whether this is the answer."""
    desk.quotas.spend_as_stranger(request)
    try:
        offer = await desk.consent.offer(token)
    except MeetbotError as error:
        return _trouble(error)
    if offer.granted:
        text = f"The bot in “{offer.title}” may then keep what the mail says, until somebody says stop."
        return _page("May the bot take notes?", text, button="Yes, take notes")
    text = f"The bot leaves “{offer.title}” at once and keeps nothing."
    return _page("Should the bot leave?", text, button="No notes, leave")


@router.post("/consent/{token}")
async def consent(token: Token, request: Request, desk: TheDesk) -> HTMLResponse:
    """Give the answer; the ledger holds it with this door."""
    desk.quotas.spend_as_stranger(request)
    try:
        offer = await desk.consent.answer(token)
    except MeetbotError as error:
        return _trouble(error)
    return _page("Thank you", f"“{'yes' if offer.granted else 'no'}” is on its way to the meeting.")


def _transcript(found: Transcript) -> HTMLResponse:
    zone, first = ZoneInfo(found.timezone), found.entries[0]
    started = (found.job.admitted_at or found.job.starts_at).astimezone(zone)
    lines = [
        Line(row.ordinal, _offset(row.started_at, first.started_at), row.speaker, row.text)
        for row in found.entries
    ]
    html = templates.get_template("transcript.html.j2").render(
        title=found.job.title or found.job.meeting_code,
        language=(first.language or "en").replace("_", "-"),
        when=f"{started:%Y-%m-%d %H:%M} ({zone.key})",
        cut_at=f"{found.cut_at.astimezone(zone):%H:%M}" if found.cut_at else "",
        lines=lines,
        style=STYLE,
    )
    return HTMLResponse(html, headers=HEADERS)


def _offset(at: datetime, origin: datetime) -> str:
    minutes, seconds = divmod(max(0, int((at - origin).total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _trouble(error: MeetbotError, *, late: str = "") -> HTMLResponse:
    return _page("This link does not work", late or error.safe, status=status_of(error), wrong=True)


def _page(
    heading: str, text: str, *, button: str = "", status: int = 200, wrong: bool = False
) -> HTMLResponse:
    html = templates.get_template("mails.html.j2").render(
        heading=heading, text=text, button=button, wrong=wrong, style=STYLE
    )
    return HTMLResponse(html, status_code=status, headers=HEADERS)
