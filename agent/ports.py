"""What the life of a job needs from the world. Adapters fit these shapes; `app` chooses them.

All adapters raise only `errors.MeetbotError` for what they foresee: `Temporary` when another try may help.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from agent.model.answer import Answer
from agent.model.authenticity import Authenticity
from agent.model.call import Event, Visit
from agent.model.channel import Channel
from agent.model.invite import Component, Envelope, ParsedMail
from agent.model.letter import (
    HeldLetter,
    HookAnswer,
    Mail,
    NoNotesLetter,
    Notice,
    NoticeLetter,
    RecapLetter,
    RefreshLetter,
    ReplyLetter,
)
from agent.model.loan import Claim, Lot
from agent.model.news import News, Receipt, Report
from agent.model.summary import Brief, Summary
from agent.model.transcript import Entry, Harvest


class Clock(Protocol):
    """The one clock: `now` for instants, `monotonic` for timeouts, `sleep` to wait."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        ...


class Reader(Protocol):
    """Reads mail in a limited child process. Nothing here raises for bad input."""

    async def read(self, raw: bytes, received_at: datetime) -> ParsedMail:
        """Return what the mail says; `problems` tells what could not be read."""
        ...

    async def expand(self, icals: Sequence[str], now: datetime) -> list[tuple[Component, ...]]:
        """Read components' own calendar texts again, for the occurrences of the 90 days from `now`; none where one cannot."""
        ...

    async def authenticate(self, raw: bytes, envelope: Envelope, now: datetime) -> Authenticity:
        """Find out who really sent a mail, by DKIM, SPF and DMARC."""
        ...


class Listing(Protocol):
    """What one look at a calendar shows.

    `gone` are UIDs that are deleted; `pending` wait for their Meet link; `uids` are all that were seen.
    """

    @property
    def components(self) -> tuple[Component, ...]:
        """The invitations, one for each UID that can be read."""
        ...

    @property
    def gone(self) -> frozenset[str]:
        """The UIDs that are deleted."""
        ...

    @property
    def pending(self) -> frozenset[str]:
        """The UIDs that are not complete yet."""
        ...

    @property
    def uids(self) -> frozenset[str]:
        """All UIDs that were seen."""
        ...


class CalendarFeed(Protocol):
    """One Google calendar that invitations are polled from.

    Every method raises `Temporary` (quota, outage), `Denied` (credentials, rights) or `Missing` (no such calendar), and
    the first failure of a row is logged there.
    """

    @property
    def calendar_id(self) -> str:
        """The calendar's name in the configuration."""
        ...

    async def changed(self) -> bool:
        """Tell cheaply whether anything may have changed since the last `window`; True at first."""
        ...

    async def window(self, now: datetime) -> Listing:
        """Return everything from a day ago to 90 days ahead."""
        ...

    async def reread(self, uid: str, now: datetime) -> Listing:
        """Look at one UID alone."""
        ...

    async def respond(self, uid: str, slot: str, status: str, comment: str = "") -> bool:
        """Answer (accepted, declined) one occurrence, or '' for all; False when there is nothing to answer."""
        ...

    async def settings_warning(self) -> str:
        """Return what to do when the account hides invitations, '' when all is well."""
        ...

    async def watch(self, address: str, secret: str) -> Channel:
        """Have Google ping `address` (https) at every change, with `secret` in a header, until the channel ends."""
        ...

    async def unwatch(self, channel: Channel) -> None:
        """End a channel. One that is over already is no error."""
        ...


class Caller(Protocol):
    """One bot on one meeting page."""

    def events(self) -> AsyncIterator[Event]:
        """Yield what the page tells, in order, until the call is over for the bot (Refused or CallOver is last)."""
        ...

    async def knock(self) -> None:
        """Press the join button. Outcomes come as events."""
        ...

    async def say(self, text: str) -> bool:
        """Post one chat line and return whether it was seen to appear."""
        ...

    async def start_capture(self) -> None:
        """Turn captions on (and recording where the visit asks). Outcomes come as events."""
        ...

    async def stop_capture(self) -> None:
        """Turn captions and recording off."""
        ...

    async def leave(self) -> None:
        """Leave by the page's own button. Safe to call in any state, more than once."""
        ...

    async def close(self) -> None:
        """Give the browser's context back. Safe to call more than once."""
        ...


class Meet(Protocol):
    """The way into meetings."""

    def no_place(self) -> str:
        """Return why no further bot can be taken in now; '' when there is room."""
        ...

    async def open(self, visit: Visit) -> Caller:
        """Open the meeting's page up to the join button, without knocking.

        `events()` of the caller tells PageOpened or Refused first. Raises `Misconfigured` when no browser can be started,
        `NoPlace` when all places were taken meanwhile, `Temporary` when a browser may be had later.
        """
        ...

    async def start(self) -> None:
        """Make ready; a browser is started at the first need."""
        ...

    async def stop(self) -> None:
        """End all browsers."""
        ...


Inbox = asyncio.Queue[dict[str, str]]  # what people ask of one bot: verb, uid, by, text, channel


class Journal(Protocol):
    """Where one bot's stay at one meeting is written down, in the order it happened."""

    async def write(self, news: News) -> None:
        """Write down one piece of news. Raises `Superseded` once the bot has no right to it any more."""
        ...

    async def is_current(self) -> bool:
        """Whether the bot still goes by the job's present plan."""
        ...


class Lender(Protocol):
    """The house that lends jobs to workers.

    Raises `Temporary` (away), `Denied` (key refused), `Conflict` (refused: out of order, forbidden, or not on loan).
    """

    async def claim(self, claim: Claim) -> Lot:
        """Say that the worker lives, and return what is new for it."""
        ...

    async def report(self, report: Report) -> Receipt:
        """Hand one report in; the same one again counts once."""
        ...


class Transcripts(Protocol):
    """The platform's own record of meetings, through the proxy."""

    async def harvest(
        self,
        meeting_code: str,
        starts_at: datetime,
        ends_at: datetime,
        *,
        intent: str,
        others: Sequence[tuple[datetime, datetime]] = (),
    ) -> Harvest:
        """Look once for all records of `meeting_code` that overlap [starts_at, ends_at], the meeting's own time, or lie
        close to it, with participants and final entries.

        `others` are the times of other occurrences with this code: a record belongs to the nearest.
        Raises `Denied` (token or scope refused; the text names the scope), `Temporary` (try later; caused by `Missing`
        where Meet has lost sight of its own record), `Missing` never.
        """
        ...

    async def enable_transcription(self, meeting_code: str, *, intent: str) -> None:
        """Have Meet transcribe the meeting by itself. Raises `Denied` where account or scope do not allow it."""
        ...


class Transcriber(Protocol):
    """Turns recordings into words."""

    async def aclose(self) -> None:
        """Close all connections."""
        ...

    async def transcribe(self, path: Path, began: datetime, *, language: str | None) -> Sequence[Entry]:
        """Return what is said in a file whose first moment is `began`; the speakers stay empty.

        Raises `Denied` (key refused), `Temporary` (try later), `Invalid` (the file cannot be used).
        """
        ...


class Summariser(Protocol):
    """Turns a transcript into a summary whose statements cite entries by ordinal (1 is the first)."""

    async def aclose(self) -> None:
        """Close all connections."""
        ...

    async def summarise(self, brief: Brief, entries: Sequence[Entry]) -> Summary:
        """Return a schema-valid, grounded summary. Falls back by itself; `notes` says so."""
        ...


class Answerer(Protocol):
    """Answers a question from a transcript, in statements that cite entries by ordinal (1 is the first)."""

    async def aclose(self) -> None:
        """Close all connections."""
        ...

    async def answer(self, question: str, brief: Brief, entries: Sequence[Entry]) -> Answer:
        """Return what the meeting says about it, checked against the transcript; no statements where it says nothing."""
        ...


class Letters(Protocol):
    """Writes mails: values in, complete messages out. Pure; no network."""

    def recap(self, letter: RecapLetter) -> Mail:
        """Return the recap, text and HTML, threaded on the invitation."""
        ...

    def notice(self, letter: NoticeLetter) -> Mail:
        """Return a short plain mail."""
        ...

    def no_notes(self, letter: NoNotesLetter) -> Mail:
        """Return the one line that there are no notes, since nobody allowed any."""
        ...

    def held(self, letter: HeldLetter) -> Mail:
        """Return the word of a recap that is held back, with the link that stops it."""
        ...

    def reply(self, letter: ReplyLetter) -> Mail:
        """Return the iTIP REPLY to the organizer."""
        ...

    def refresh(self, letter: RefreshLetter) -> Mail:
        """Return the iTIP REFRESH to the organizer."""
        ...


class Mailer(Protocol):
    """The outgoing mail server."""

    async def send(self, mail: Mail) -> str:
        """Hand the mail over and return the server's answer. Raises `Temporary` (4xx, no connection), `Invalid` (5xx)."""
        ...


class Hooks(Protocol):
    """The guarded client for webhooks."""

    async def check(self, url: str) -> None:
        """Judge a URL that somebody registers, without calling it. Raises `Invalid` or `Denied`, in words for them."""
        ...

    async def post(self, notice: Notice) -> HookAnswer:
        """Build, sign and post once, within 15 s, without following redirects. Never raises: `status` 0 tells of no answer."""
        ...


class Door(Protocol):
    """Where mail comes in."""

    async def accept(self, envelope: Envelope, raw: bytes) -> str:
        """Store the mail durably and return its queue id. Raises `Temporary` when it cannot be stored now."""
        ...

    def knows(self, recipient: str) -> bool:
        """Whether this address (any plus-tag) is ours."""
        ...
