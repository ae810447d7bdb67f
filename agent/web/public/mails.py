"""The pages behind the links in mails: read the transcript, delete the meeting, end the series, stop what is held, consent.

Each link is signed for one reader and one purpose. Looking changes nothing, so that a scanner of mails does no harm; only
unsubscribing takes a bare POST too, as RFC 8058 wants it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse

from agent.errors import MeetbotError, Missing
from agent.lifecycle.aftermath.mail_desk import Transcript
from agent.rules.signed_links import Purpose
from agent.web.desk import Desk, TheDesk
from agent.web.problems import headers_of, status_of
from agent.web.public.sheet import HEADERS, STYLE, sheet, templates

router = APIRouter(prefix="/recap", include_in_schema=False)
SUBSCRIBE, AGAIN = (
    "subscribe",
    "Send them again",
)  # by the link that ends the recaps, which is the reader's own
Token = Annotated[str, InPath(min_length=1, max_length=2000)]


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as shown; `offset` is h:mm:ss from the first word."""

    ordinal: int
    offset: str
    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says; with a `button` it waits for the click, which goes to `action` where that is another page."""

    heading: str
    text: str
    button: str = ""
    action: str = ""


Turn = Callable[[Desk, str], Awaitable[Page]]  # of a link's token


@dataclass(frozen=True, slots=True)
class Errand:
    """What one kind of link is for: the question, the deed, and what is said of a link that comes too `late`."""

    ask: Turn
    do: Turn
    late: str = ""


@router.get("/transcript/{token}")
async def show_transcript(token: Token, request: Request, desk: TheDesk) -> HTMLResponse:
    """Show what the reader of a recap was there for."""
    desk.quotas.spend_as_stranger(request)
    try:
        return _transcript(await desk.mails.transcript(token))
    except MeetbotError as error:
        return _trouble(error)


@router.get("/{purpose}/{token}")
async def ask(purpose: str, token: Token, request: Request, desk: TheDesk) -> HTMLResponse:
    """Ask whether one is sure; looking changes nothing."""
    desk.quotas.spend_as_stranger(request)
    errand = _errand(purpose)
    return await _turned(errand.ask(desk, token), errand.late)


@router.post("/{purpose}/{token}")
async def do(purpose: str, token: Token, request: Request, desk: TheDesk) -> HTMLResponse:
    """Do what the link is for: by our button, or by a mail program's one click."""
    if purpose != Purpose.UNSUBSCRIBE:  # one click comes from a mail provider, for many of its people at once
        desk.quotas.spend_as_stranger(request)
    errand = _errand(purpose)
    return await _turned(errand.do(desk, token), errand.late)


def _errand(purpose: str) -> Errand:
    errand = ERRANDS.get(purpose)
    if errand is None:
        raise Missing("There is no such page.")
    return errand


async def _turned(turn: Awaitable[Page], late: str) -> HTMLResponse:
    try:
        page = await turn
    except MeetbotError as error:
        return _trouble(error, late=late)
    return sheet(page.heading, page.text, button=page.button, action=page.action)


async def _ask_to_delete(desk: Desk, token: str) -> Page:
    title = await desk.mails.title(token, Purpose.DELETE)
    text = (
        f"This deletes the transcript, the notes and any recording of “{title}” for everybody, for good. "
        "Mails that were sent already stay where they are."
    )
    return Page("Delete this meeting’s data?", text, button="Delete it for good")


async def _delete(desk: Desk, token: str) -> Page:
    title = await desk.mails.delete(token)
    return Page("Deleted", f"What was kept of “{title}” is gone.")


async def _ask_to_unsubscribe(desk: Desk, token: str) -> Page:
    reader = await desk.mails.title(token, Purpose.UNSUBSCRIBE)
    if not await desk.mails.subscribed(token):
        return await _ask_to_subscribe(desk, token)
    text = f"{reader} will get no more recaps of this series of meetings."
    return Page("No more recaps?", text, button="End the recaps", action=f"../{Purpose.UNSUBSCRIBE}/{token}")


async def _unsubscribe(desk: Desk, token: str) -> Page:
    reader = await desk.mails.unsubscribe(token)
    text = f"{reader} gets no more recaps of this series."
    return Page("Done", text, button=AGAIN, action=f"../{SUBSCRIBE}/{token}")


async def _ask_to_subscribe(desk: Desk, token: str) -> Page:
    reader = await desk.mails.title(token, Purpose.UNSUBSCRIBE)
    if await desk.mails.subscribed(token):
        return await _ask_to_unsubscribe(desk, token)
    text = f"{reader} gets no recaps of this series: they were ended, or mail to this address came back."
    return Page("Recaps again?", text, button=AGAIN, action=f"../{SUBSCRIBE}/{token}")


async def _subscribe(desk: Desk, token: str) -> Page:
    reader = await desk.mails.subscribe(token)
    return Page("Done", f"{reader} gets the recaps of this series again, beginning with the next.")


async def _ask_to_stop(desk: Desk, token: str) -> Page:
    title = await desk.mails.title(token, Purpose.STOP)
    text = f"The recap of “{title}” is on hold. Stopped, it goes to nobody; the notes stay on the server."
    return Page("Stop this recap?", text, button="Do not send it")


async def _stop(desk: Desk, token: str) -> Page:
    if not await desk.mails.stop(token):
        return Page("Nothing to stop", "No recap of this meeting is waiting any more.")
    return Page("Stopped", "The recap goes to nobody.")


async def _ask_for_consent(desk: Desk, token: str) -> Page:
    offer = await desk.consent.offer(token)
    if offer.granted:
        text = f"The bot in “{offer.title}” may then keep what the mail says, until somebody says stop."
        return Page("May the bot take notes?", text, button="Yes, take notes")
    text = f"The bot leaves “{offer.title}” at once and keeps nothing."
    return Page("Should the bot leave?", text, button="No notes, leave")


async def _consent(desk: Desk, token: str) -> Page:
    offer = await desk.consent.answer(token)
    return Page("Thank you", f"“{'yes' if offer.granted else 'no'}” is on its way to the meeting.")


ERRANDS: dict[str, Errand] = {
    Purpose.DELETE: Errand(_ask_to_delete, _delete),
    Purpose.UNSUBSCRIBE: Errand(_ask_to_unsubscribe, _unsubscribe),
    SUBSCRIBE: Errand(_ask_to_subscribe, _subscribe),
    Purpose.STOP: Errand(_ask_to_stop, _stop, late="The recap has gone out already, or the link is damaged."),
    Purpose.CONSENT: Errand(_ask_for_consent, _consent),
}


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
    return sheet(
        "This link does not work", late or error.safe, status=status_of(error), headers=headers_of(error)
    )
