"""A house whose database and engine are real and whose outside is told by the test."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent.daemon.clock import SystemClock
from agent.delivery.letters import LetterWriter
from agent.engine import Engine
from agent.errors import MeetbotError
from agent.lifecycle.house import BOTS_QUEUE, JOBS_QUEUE, Habits, House
from agent.lifecycle.plan import Wish
from agent.model.call import CallOver, Event, Knocked, PageOpened, Visit
from agent.model.invite import ParsedMail
from agent.model.letter import HookAnswer, Mail, Notice
from agent.model.states import EndReason
from agent.model.transcript import Entry, Harvest, Readiness
from agent.summary.adapter import ExtractiveSummariser
from tests.fresh_database import fresh_database
from tests.waiting import PATIENCE_SECONDS, until

CODE = "abc-defg-hij"


class ToldCaller:
    """A page that tells what the test tells it."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.said: list[str] = []
        self.knocked = asyncio.Event()
        self.capturing = False
        self.chat_works = True
        self.closed = False
        self._events: asyncio.Queue[Event] = asyncio.Queue()

    def tell(self, *events: Event) -> None:
        for event in events:
            self._events.put_nowait(event)

    async def events(self) -> AsyncIterator[Event]:
        yield PageOpened(datetime.now(UTC))
        while True:
            event = await self._events.get()
            yield event
            if isinstance(event, CallOver):
                return

    async def knock(self) -> None:
        self.knocked.set()
        self.tell(Knocked(datetime.now(UTC)))

    async def say(self, text: str) -> bool:
        if self.chat_works:
            self.said.append(text)
        return self.chat_works

    async def start_capture(self) -> None:
        self.capturing = True

    async def stop_capture(self) -> None:
        self.capturing = False

    async def leave(self) -> None:
        self.tell(CallOver(datetime.now(UTC), EndReason.REQUESTED))

    async def close(self) -> None:
        self.closed = True


class ToldMeet:
    """Hands out told callers; `visits` counts them."""

    def __init__(self) -> None:
        self.callers: list[ToldCaller] = []
        self.refuses: MeetbotError | None = None
        self.full = ""
        self._opened = asyncio.Event()

    def no_place(self) -> str:
        return self.full

    async def open(self, visit: Visit) -> ToldCaller:
        if self.refuses:
            raise self.refuses
        caller = ToldCaller(visit)
        self.callers.append(caller)
        self._opened.set()
        return caller

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def caller(self, number: int = 1) -> ToldCaller:
        await until(lambda: len(self.callers) >= number)
        caller = self.callers[number - 1]
        async with asyncio.timeout(PATIENCE_SECONDS):
            await caller.knocked.wait()
        return caller


@dataclass
class ToldTranscripts:
    answer: Harvest | MeetbotError = field(default_factory=lambda: Harvest(Readiness.NO_RECORD))
    asked: int = 0
    enabled: list[str] = field(default_factory=list)

    async def harvest(
        self,
        meeting_code: str,
        starts_at: datetime,
        ends_at: datetime,
        *,
        intent: str,
        others: Sequence[tuple[datetime, datetime]] = (),
    ) -> Harvest:
        self.asked += 1
        if isinstance(self.answer, MeetbotError):
            raise self.answer
        return self.answer

    async def enable_transcription(self, meeting_code: str, *, intent: str) -> None:
        self.enabled.append(meeting_code)


@dataclass
class ToldMailer:
    sent: list[Mail] = field(default_factory=list)
    refuses: list[MeetbotError] = field(default_factory=list)

    async def send(self, mail: Mail) -> str:
        if self.refuses:
            raise self.refuses.pop(0)
        self.sent.append(mail)
        return "250 ok"


@dataclass
class ToldHooks:
    posted: list[Notice] = field(default_factory=list)
    answers: list[HookAnswer] = field(default_factory=list)

    async def post(self, notice: Notice) -> HookAnswer:
        self.posted.append(notice)
        return self.answers.pop(0) if self.answers else HookAnswer(status=200)

    def events(self) -> list[str]:
        return [notice.event for notice in self.posted]


class NoReader:
    async def read(self, raw: bytes, received_at: datetime) -> ParsedMail:
        return ParsedMail()


@dataclass(frozen=True)
class Told:
    """A house, and the outside that the test tells."""

    house: House
    meet: ToldMeet
    transcripts: ToldTranscripts
    mailer: ToldMailer
    hooks: ToldHooks


def build(folder: Path, **habits: Any) -> Told:
    """Assemble a house on a fresh SQLite file; the engine is not started."""
    database = fresh_database(folder / "house.db")
    clock = SystemClock()
    meet, transcripts, mailer, hooks = ToldMeet(), ToldTranscripts(), ToldMailer(), ToldHooks()
    chosen = replace(
        Habits(data_dir=folder, wake_early_seconds=0.0, transcript_poll_seconds=(0.1,)), **habits
    )
    house = House(
        database=database,
        engine=Engine(database, queues={BOTS_QUEUE: 5, JOBS_QUEUE: 10}, poll_seconds=0.05),
        clock=clock,
        meet=meet,
        transcripts=transcripts,
        summariser=ExtractiveSummariser(),
        letters=LetterWriter("bot@example.com", "Meetbot", "http://127.0.0.1:8080", clock.now),
        mailer=mailer,
        hooks=hooks,
        reader=NoReader(),
        habits=chosen,
    )
    return Told(house, meet, transcripts, mailer, hooks)


def wish(**changes: Any) -> Wish:
    """A meeting that begins now, invited by host@example.com."""
    now = datetime.now(UTC)
    plain = Wish(
        key="test:1",
        meeting_url=f"https://meet.google.com/{CODE}",
        meeting_code=CODE,
        title="Pricing review",
        join_at=now,
        starts_at=now,
        ends_at=now + timedelta(minutes=30),
        inviter="host@example.com",
        source="api",
        invited=[
            {
                "email": "host@example.com",
                "raw": "host@example.com",
                "name": "Host Person",
                "partstat": "ACCEPTED",
            },
            {
                "email": "guest@example.com",
                "raw": "guest@example.com",
                "name": "Guest Person",
                "partstat": "ACCEPTED",
            },
        ],
    )
    return replace(plain, **changes)


def words(*lines: str, speaker: str = "Host Person") -> Harvest:
    """A finished transcript of the platform."""
    start = datetime.now(UTC) - timedelta(minutes=5)
    entries = [
        Entry(speaker, line, start + timedelta(seconds=10 * n), start + timedelta(seconds=10 * n + 8))
        for n, line in enumerate(lines)
    ]
    return Harvest(Readiness.READY, entries=tuple(entries))
