"""A stage for what follows a call: the real life of a job and its real adapters in a fake world, with time that flies.

A meeting is put where the bot has just left it. Whatever is planned for later happens at once, and the clock of house
and world jumps to that time; so a day of retries takes as long as the retries themselves.
"""

import asyncio
import email
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any

from sqlmodel import Session, select

from agent.delivery.hooks import GuardedHooks
from agent.delivery.letters import LetterWriter
from agent.delivery.mailer import SmtpMailer
from agent.engine import Engine
from agent.invites.reader import LimitedReader
from agent.lifecycle.aftermath.harvest import SUMMARISE, GetWords
from agent.lifecycle.aftermath.summarise import Summarise
from agent.lifecycle.aftermath.transcription import REQUEST, RequestTranscription
from agent.lifecycle.attendance.ending import HARVEST
from agent.lifecycle.house import BOTS_QUEUE, JOBS_QUEUE, Habits, House
from agent.lifecycle.invitations.intake import READ, Intake
from agent.lifecycle.outbox import DELIVER, Deliver
from agent.model.states import TERMINAL, State
from agent.model.tables import (
    Attempt,
    Consent,
    Delivery,
    Job,
    JobEvent,
    Participant,
    Presence,
    SummaryVersion,
    TranscriptEntry,
)
from agent.okoro.client import OkoroClient
from agent.okoro.harvest import ProxyTranscripts
from agent.okoro.retries import Bounds
from agent.sandbox.llm import MODEL
from agent.sandbox.teller import Teller
from agent.sandbox.world import World
from agent.store import jobs
from agent.summary.adapter import ExtractiveSummariser, OpenAISummariser
from agent.summary.answering import OpenAIAnswerer
from agent.summary.listening import OpenAITranscriber
from agent.summary.quoting import QuotingAnswerer
from tests.fresh_database import fresh_database
from tests.waiting import until

CODE = "abc-defg-hij"
BOT = "meetbot@sandbox.example"
HOST, GUEST = "host@example.com", "guest@example.com"
LENGTH = timedelta(minutes=30)
LINES = (
    ("Host Person", "Welcome to the pricing review of the basic plan."),
    ("Guest Person", "The basic plan costs 12 euros now, and resellers get a discount."),
    ("Host Person", "We decided that the basic plan costs 14 euros from May."),
    ("Guest Person", "I will write to the resellers by Friday."),
    ("Host Person", "What happens to the old contracts stays an open question."),
    ("Guest Person", "Agreed, let us close here."),
)


class FlyingClock:
    """Real time, put forward by whoever waits."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead.total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    def jump_to(self, at: datetime) -> None:
        self.ahead += max(at - self.now(), timedelta())


class FlyingEngine(Engine):
    """What is planned for later runs at once, at its own time. What is `kept_waiting` never comes."""

    clock: FlyingClock
    kept_waiting: frozenset[str] = frozenset()

    def after(
        self, session: Session, name: str, key: str, *arguments: str | int, at: datetime | None = None
    ) -> None:
        if at is not None and at > self.clock.now():
            if name in self.kept_waiting:
                return
            self.clock.jump_to(at)
        super().after(session, name, key, *arguments)


class Idle:
    """A part of the house that is never reached."""


class AfterCallStage:
    """`house` is real but for the browser; `world` and `teller` are the outside; `clock` is everybody's."""

    until = staticmethod(until)

    def __init__(self, folder: Path, *, model: bool = False, seconds: float = 20.0, **habits: Any) -> None:
        self.folder = folder
        self.clock = FlyingClock()
        self.world = World(directory=folder / "world", clock=self.clock.now)
        self._model, self._seconds, self._habits = model, seconds, habits
        self._open = AsyncExitStack()

    async def __aenter__(self) -> "AfterCallStage":
        await self._open.enter_async_context(self.world)
        self.teller = await self._open.enter_async_context(Teller(self.world.base_url))
        self.database = fresh_database(self.folder / "house.db")
        self.engine = FlyingEngine(self.database, queues={BOTS_QUEUE: 2, JOBS_QUEUE: 8}, poll_seconds=0.05)
        self.engine.clock = self.clock
        self.house = await self._furnish()
        intake = Intake(self.house)
        self.intake = intake
        self.engine.handles(READ, intake.read, queue=JOBS_QUEUE)
        self.engine.handles(HARVEST, GetWords(self.house), queue=JOBS_QUEUE)
        self.engine.handles(SUMMARISE, Summarise(self.house), queue=JOBS_QUEUE)
        self.engine.handles(DELIVER, Deliver(self.house), queue=JOBS_QUEUE)
        self.engine.handles(REQUEST, RequestTranscription(self.house), queue=JOBS_QUEUE)
        await self.engine.start()
        return self

    async def _furnish(self) -> House:
        settings = self.world.settings()
        proxy = OkoroClient(
            **settings["okoro"],
            clock=self.clock,
            timeout_seconds=self._seconds,
            chance=Random(7),
            retries=Bounds(attempts=3),
        )
        await self._open.enter_async_context(proxy)
        hooks = GuardedHooks(allow_private=True)
        self._open.push_async_callback(hooks.close)
        reader = LimitedReader(meet_url="https://meet.google.com")
        self._open.push_async_callback(reader.stop)
        idle: Any = Idle()
        told = {"base_url": settings["summary"]["base_url"], "model": MODEL, "api_key": "sandbox"}
        summariser = (
            OpenAISummariser(**told, timeout_seconds=self._seconds) if self._model else ExtractiveSummariser()
        )
        return House(
            database=self.database,
            engine=self.engine,
            clock=self.clock,
            meet=idle,
            transcripts=ProxyTranscripts(proxy, clock=self.clock),
            summariser=summariser,
            letters=LetterWriter(BOT, "Meetbot", "http://127.0.0.1:8080", self.clock.now),
            mailer=SmtpMailer(self.world.host, self.world.smtp_port, "none", timeout_seconds=self._seconds),
            hooks=hooks,
            reader=reader,
            habits=replace(
                Habits(
                    bot_email=BOT,
                    data_dir=self.folder,
                    operator_emails=("operator@example.com",),
                    invites_verify="off",
                ),
                **self._habits,
            ),
            transcriber=OpenAITranscriber(**told, timeout_seconds=self._seconds),
            answerer=OpenAIAnswerer(**told, timeout_seconds=self._seconds)
            if self._model
            else QuotingAnswerer(),
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.engine.stop()
        await self._open.aclose()
        self.database.close()

    def meeting(self, name: str = "one", *, consent: str = "granted", **columns: Any) -> int:
        """Put a meeting where the bot has just left it, and return its number. Nothing runs yet.

        The host was there to the end; `consent` is the last entry of the ledger, '' for none.
        """
        left = self.clock.now()
        began = left - LENGTH
        people = [(HOST, "Host Person"), (GUEST, "Guest Person")]
        facts: dict[str, Any] = {
            "state": State.FINALIZING.value,
            "end_reason": "ended_by_host",
            "title": "Pricing review",
            "meeting_code": CODE,
            "starts_at": began,
            "ends_at": left,
            "admitted_at": began,
            "left_at": left,
            "inviter": HOST,
            "invited": [
                {"email": address, "raw": address, "name": person, "partstat": "ACCEPTED"}
                for address, person in people
            ],
        }
        facts |= columns
        with self.database.write() as session:
            job = Job(
                public_id=f"job_{name}",
                key=name,
                meeting_url=f"https://meet.google.com/{facts['meeting_code']}",
                join_at=facts["starts_at"],
                created_at=began,
                updated_at=left,
                **facts,
            )
            session.add(job)
            session.flush()
            number = job.id or 0
            if consent:
                words = {"who": "Host Person", "words": "yes"}
                session.add(Consent(job_id=number, at=began, outcome="granted", **words))
                if consent != "granted":
                    session.add(Consent(job_id=number, at=left, outcome=consent, **words))
            for _, person in people:
                seen = Participant(
                    job_id=number, key=f"row/{person}", name=person, is_host=person == "Host Person"
                )
                session.add(seen)
                session.flush()
                session.add(Presence(participant_id=seen.id, joined_at=began, left_at=left))
            return number

    def captions(self, number: int, lines: tuple[tuple[str, str], ...] = LINES) -> None:
        """Give a meeting captions."""
        with self.database.write() as session:
            began = jobs.get(session, number).starts_at
            for n, (speaker, text) in enumerate(lines, 1):
                at = began + timedelta(seconds=20 * n)
                said = {
                    "speaker": speaker,
                    "text": text,
                    "started_at": at,
                    "ended_at": at + timedelta(seconds=5),
                }
                session.add(TranscriptEntry(job_id=number, source="captions", ordinal=n, key=str(n), **said))

    async def record(
        self, *, lines: tuple[tuple[str, str], ...] = LINES, transcribed: bool = True, **transcript: Any
    ) -> None:
        """Let Meet have a record of the meeting that has just ended."""
        ended = self.clock.now()
        entries = [
            {
                "speaker": speaker,
                "text": text,
                "start_offset_seconds": 20 * n,
                "end_offset_seconds": 20 * n + 5,
            }
            for n, (speaker, text) in enumerate(lines, 1)
        ]
        await self.teller.add_conference(
            code=CODE,
            start_time=(ended - LENGTH).isoformat(),
            end_time=ended.isoformat(),
            participants=[{"name": name} for name in dict.fromkeys(speaker for speaker, _ in LINES)],
            transcripts=[{"state": "FILE_GENERATED", "entries": entries, **transcript}]
            if transcribed
            else [],
        )

    def harvest(self, number: int) -> None:
        """Start what follows the call."""
        with self.database.write() as session:
            self.engine.after(session, HARVEST, f"harvest:{number}:1:1", number, 1)

    async def finished(self, number: int) -> Job:
        """Wait until a job has ended and all its mails are settled, and return it."""

        def over() -> Job | None:
            with self.database.read() as session:
                job = jobs.get(session, number)
                mails = session.exec(select(Delivery.state).where(Delivery.job_id == number)).all()
                return job if State(job.state) in TERMINAL and "due" not in mails else None

        found: Job = await self.until(over)
        return found

    async def play(self, number: int) -> Job:
        """Let everything happen that follows a call."""
        self.harvest(number)
        return await self.finished(number)

    def rows(self, table: Any, **columns: Any) -> list[Any]:
        """Return the rows of a table with these values, in the order they came."""
        with self.database.read() as session:
            wanted = select(table)
            for name, value in columns.items():
                wanted = wanted.where(getattr(table, name) == value)
            return list(session.exec(wanted).all())

    def told(self, number: int, kind: str) -> list[dict[str, Any]]:
        """Return the timeline's lines of a kind."""
        return [line.data for line in self.rows(JobEvent, job_id=number) if line.kind == kind]

    def entries(self, number: int, source: str = "meet") -> list[str]:
        """Return what is kept of a meeting's words."""
        return [row.text for row in self.rows(TranscriptEntry, job_id=number, source=source)]

    def summary(self, number: int) -> SummaryVersion:
        """Return the newest version."""
        found: SummaryVersion = max(self.rows(SummaryVersion, job_id=number), key=lambda row: row.version)
        return found

    def tries(self, number: int) -> list[Attempt]:
        """Return every try at every delivery of a job."""
        sent = {row.id for row in self.rows(Delivery, job_id=number)}
        return [row for row in self.rows(Attempt) if row.delivery_id in sent]

    async def mails(self, to: str = "") -> list[EmailMessage]:
        """Return the mails that arrived, oldest first."""
        listed = await self.teller.mails()
        found = [
            email.message_from_bytes(await self.teller.raw_mail(one["id"]), policy=default) for one in listed
        ]
        return [mail for mail in found if not to or to in str(mail["To"])]


def plain(mail: EmailMessage) -> str:
    """Return the text part as one line: mails wrap."""
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())
