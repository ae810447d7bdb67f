"""A stage for tests of intake: real rules, a real database and real parsers; the engine only writes down.

`mail()` and `event()` write what calendars send; `IntakeStage` takes it in and shows what came of it.
"""

import email.utils
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlmodel import Session, select

from agent.errors import MeetbotError
from agent.invites.google_events import Listing, read_events
from agent.invites.mime import read_mail
from agent.lifecycle.invitations.channels import Channels
from agent.lifecycle.invitations.explain import Explain
from agent.lifecycle.invitations.handed_in import HandedInvitations
from agent.lifecycle.invitations.held import HeldInvitations
from agent.lifecycle.invitations.horizon import Horizon
from agent.lifecycle.invitations.intake import Intake
from agent.lifecycle.invitations.polling import Polling
from agent.model.authenticity import Authenticity
from agent.model.channel import Channel
from agent.model.invite import Component, Envelope, ParsedMail
from agent.model.states import State
from agent.model.tables import Delivery, Hold, Invitation, Job, Mail, Occurrence
from agent.rules.ical import Context, read_calendar
from tests.clocks import StandingClock
from tests.unit.lifecycle.world import Told, build

BOT = "bot@example.com"
HOST = "host@example.com"
OPERATOR = "operator@example.com"
LINK = "https://meet.google.com/abc-defg-hij"
NOON = datetime(2030, 3, 4, 12, 0, tzinfo=UTC)
MONDAY = datetime(2030, 3, 11, 9, 0, tzinfo=UTC)
LIVE = {State.SCHEDULED, State.QUEUED, State.JOINING, State.WAITING, State.IN_CALL, State.RECORDING}


def stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def event(
    uid: str = "one@example.com",
    *,
    start: datetime = MONDAY,
    minutes: int = 30,
    sequence: int = 0,
    written: datetime = NOON,
    title: str = "Pricing review",
    link: str = LINK,
    organizer: str = HOST,
    attendees: Sequence[str] = (BOT,),
    extra: Sequence[str] = (),
) -> str:
    """Return one VEVENT; `extra` are further lines."""
    lines = [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{stamp(written)}",
        f"SEQUENCE:{sequence}",
        f"DTSTART:{stamp(start)}",
        f"DTEND:{stamp(start + timedelta(minutes=minutes))}",
        f"SUMMARY:{title}",
        *([f"ORGANIZER:mailto:{organizer}"] if organizer else []),
        *(f"ATTENDEE;RSVP=TRUE;PARTSTAT=NEEDS-ACTION:mailto:{address}" for address in attendees),
        *([f"LOCATION:{link}"] if link else []),
        *extra,
        "END:VEVENT",
    ]
    return "\r\n".join(lines)


def calendar(*events: str, method: str = "REQUEST") -> str:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", f"METHOD:{method}", *events, "END:VCALENDAR", ""])


def mail(
    *events: str,
    method: str = "REQUEST",
    sender: str = HOST,
    to: str = BOT,
    headers: Sequence[str] = (),
    body: str = "",
) -> bytes:
    """Return a mail with these events, or with a plain `body`."""
    text = body or calendar(*events, method=method)
    kind = "text/plain" if body else f"text/calendar; method={method}"
    lines = [
        f"From: Host Person <{sender}>",
        f"To: {to}",
        "Subject: Invitation",
        f"Message-ID: {email.utils.make_msgid(domain='example.com')}",
        "MIME-Version: 1.0",
        f"Content-Type: {kind}; charset=utf-8",
        *headers,
        "",
        text,
    ]
    return "\r\n".join(lines).encode()


def google_event(
    uid: str = "one@example.com",
    *,
    start: datetime = MONDAY,
    minutes: int = 30,
    sequence: int = 0,
    updated: datetime = NOON,
    answer: str = "needsAction",
    organizer: str = HOST,
    link: str = LINK,
    **more: Any,
) -> dict[str, Any]:
    """Return one event as Google's API shows it."""
    return {
        "id": uid.partition("@")[0],
        "iCalUID": uid,
        "status": "confirmed",
        "sequence": sequence,
        "updated": updated.isoformat(),
        "summary": "Pricing review",
        "start": {"dateTime": start.isoformat(), "timeZone": "UTC"},
        "end": {"dateTime": (start + timedelta(minutes=minutes)).isoformat(), "timeZone": "UTC"},
        "organizer": {"email": organizer},
        "hangoutLink": link,
        "attendees": [{"email": BOT, "self": True, "responseStatus": answer}],
        **more,
    }


@dataclass
class WritingEngine:
    """Writes down what would run; the test runs what it wants."""

    started: dict[str, tuple[str, tuple[Any, ...], datetime | None]] = field(default_factory=dict)
    told: list[tuple[str, str, str]] = field(default_factory=list)
    worker_id: str = "here"

    def after(
        self, session: Session, name: str, key: str, *arguments: str | int, at: datetime | None = None
    ) -> None:
        self.started.setdefault(key, (name, arguments, at))

    async def tell(self, key: str, verb: str, uid: str, **words: str) -> None:
        self.told.append((key, verb, words.get("text", "")))

    async def drop(self, key: str) -> None:
        self.started.pop(key, None)

    def forget_finished(self, before: datetime) -> int:
        return 0

    def named(self, name: str) -> list[tuple[Any, ...]]:
        return [arguments for job, arguments, _ in self.started.values() if job == name]


@dataclass
class ToldCalendar:
    """A Google calendar that shows what the test put there."""

    clock: StandingClock
    calendar_id: str = "primary"
    events: list[dict[str, Any]] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)  # in the calendar, and missing from listings of the window
    fails: MeetbotError | None = None
    changes: bool = True
    warning: str = ""
    windows: int = 0
    rereads: list[str] = field(default_factory=list)
    answers: list[tuple[str, str, str, str]] = field(default_factory=list)
    watched: list[str] = field(default_factory=list)
    unwatched: list[str] = field(default_factory=list)

    async def changed(self) -> bool:
        if self.fails:
            raise self.fails
        return self.changes

    async def window(self, now: datetime) -> Listing:
        if self.fails:
            raise self.fails
        self.windows += 1
        return read_events([one for one in self.events if one["iCalUID"] not in self.lost], Context(now))

    async def reread(self, uid: str, now: datetime) -> Listing:
        if self.fails:
            raise self.fails
        self.rereads.append(uid)
        found = read_events([one for one in self.events if one["iCalUID"] == uid], Context(now))
        return found if uid in found.uids else Listing(gone=frozenset({uid}), uids=frozenset({uid}))

    async def respond(self, uid: str, slot: str, status: str, comment: str = "") -> bool:
        if self.fails:
            raise self.fails
        self.answers.append((uid, slot, status, comment))
        return True

    async def settings_warning(self) -> str:
        return self.warning

    async def watch(self, address: str, secret: str) -> Channel:
        self.watched.append(secret)
        return Channel(f"channel{len(self.watched)}", "resource", self.clock.now() + timedelta(days=7))

    async def unwatch(self, channel: Channel) -> None:
        self.unwatched.append(channel.id)


class ProvenReader:
    """Reads for real, but in this process; who sent a mail is as the test says, since there is no name service."""

    proof = Authenticity()

    async def read(self, raw: bytes, received_at: datetime) -> ParsedMail:
        return _carried(read_mail(raw, Context(received_at)))

    async def expand(self, icals: Sequence[str], now: datetime) -> list[tuple[Component, ...]]:
        read = (read_calendar(ical.encode(), Context(now)) for ical in icals)
        return [_carried(ParsedMail(components=one.components)).components for one in read]

    async def authenticate(self, raw: bytes, envelope: Envelope, now: datetime) -> Authenticity:
        return self.proof


def _carried(parsed: ParsedMail) -> ParsedMail:
    """Return what arrives when a value comes from the limited process."""
    return ParsedMail.model_validate_json(parsed.model_dump_json())


class IntakeStage:
    """A house at noon of a Monday. Allowed are the addresses of example.com; operator@example.com hears of others."""

    def __init__(self, folder: Path, *, calendars: int = 0, **habits: Any) -> None:
        chosen: dict[str, Any] = {"invites_allow": ("example.com",), "operator_emails": (OPERATOR,)}
        self.told: Told = build(folder, **(chosen | habits))
        self.clock = StandingClock(NOON)
        self.engine = WritingEngine()
        self.reader = ProvenReader()
        names = ["primary", "second", "third"][:calendars]
        self.calendars = [ToldCalendar(self.clock, name) for name in names]
        engine: Any = self.engine
        self.house = replace(
            self.told.house,
            clock=self.clock,
            engine=engine,
            reader=self.reader,
            calendars=tuple(self.calendars),
        )
        self.intake = Intake(self.house)
        self.polling = Polling(self.house, self.intake)
        self.horizon = Horizon(self.house, self.intake)
        self.handed_in = HandedInvitations(self.house, self.intake)
        self.held = HeldInvitations(self.house)
        self.explain = Explain(self.house)
        self.channels = Channels(self.house)

    async def __aenter__(self) -> "IntakeStage":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.house.database.close()

    async def receive(self, raw: bytes, *, sender: str = HOST, to: Sequence[str] = (BOT,)) -> Mail:
        """Take a mail in, and return its row."""
        envelope = Envelope(mail_from=sender, rcpt_to=tuple(to), peer="192.0.2.1")
        queue_id = await self.intake.accept(envelope, raw)
        await self.intake.read(int(queue_id[1:]))
        return self.row(Mail, int(queue_id[1:]))

    async def run(self, name: str) -> int:
        """Run every started job of a name once, as the engine would; return how many there were."""
        work = {
            "read": self.intake.read,
            "poll": self.polling,
            "respond": self.polling.respond,
            "roll": self.horizon,
            "take": self.handed_in.decided,
        }[name]
        keys = [key for key, (job, _, _) in self.engine.started.items() if job == name]
        for key in keys:
            _, arguments, _ = self.engine.started[key]
            await work(*arguments)
        return len(keys)

    def row(self, table: Any, number: int) -> Any:
        with self.house.database.read() as session:
            return session.get(table, number)

    def rows(self, table: Any) -> list[Any]:
        with self.house.database.read() as session:
            return list(session.exec(select(table)).all())

    def jobs(self) -> list[Job]:
        """Return the live jobs, earliest first."""
        live = [job for job in self.rows(Job) if State(job.state) in LIVE]
        return sorted(live, key=lambda job: job.starts_at)

    def starts(self) -> list[datetime]:
        return [job.starts_at for job in self.jobs()]

    def mails_out(self, kind: str = "itip_reply") -> list[Delivery]:
        return [one for one in self.rows(Delivery) if one.event == kind]

    def replies(self) -> list[str]:
        """Return the calendar texts that were answered, unfolded."""
        texts = []
        for one in self.mails_out():
            parsed = email.message_from_bytes(one.raw or b"")
            part = next(part for part in parsed.walk() if part.get_content_type() == "text/calendar")
            texts.append(part.get_payload(decode=True).decode().replace("\r\n ", ""))
        return texts

    def holds(self) -> list[Hold]:
        return self.rows(Hold)

    def notes(self) -> list[Invitation]:
        return self.rows(Invitation)

    def occurrences(self) -> list[Occurrence]:
        return self.rows(Occurrence)

    def put_job(self, number: int, state: State) -> Job:
        """Put a job where a test needs it."""
        with self.house.database.write() as session:
            job = session.get(Job, number)
            assert job is not None
            job.state = state.value
            session.add(job)
            return job
