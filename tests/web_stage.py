"""A stage for tests of the HTTP surface: a real server on a free port over a real database and a real engine.

Nothing outside answers: the browser, the proxy and the mail server of this house stand idle.
"""

import asyncio
import json
import socket
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2
import uvicorn

from agent.daemon.clock import SystemClock
from agent.delivery.hooks import GuardedHooks
from agent.delivery.letters import LetterWriter
from agent.engine import Engine
from agent.lifecycle.house import BOTS_QUEUE, JOBS_QUEUE, Habits, House
from agent.model.account import Principal
from agent.model.states import State
from agent.model.tables import Job, TranscriptEntry
from agent.store import jobs
from agent.web import server
from agent.web.desk import Choices, Desk, furnish
from tests.fresh_database import fresh_database
from tests.waiting import until

LINK = "https://meet.google.com/abc-defg-hij"
OPERATOR = "operator@example.com"


class Idle:
    """A part of the house that this test never reaches."""


class MovingClock(SystemClock):
    """The machine's clock, which a test may put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class WebStage:
    """`client(key)` gives an HTTP client; `house`, `desk` and `clock` are the parts behind the server."""

    def __init__(self, folder: Path, *, habits: Habits | None = None, **choices: Any) -> None:
        self.database = fresh_database(folder / "meetbot.db")
        self.engine = Engine(self.database, queues={BOTS_QUEUE: 2, JOBS_QUEUE: 4}, poll_seconds=0.05)
        self.clock = MovingClock()
        idle: Any = Idle()
        self.house = House(
            database=self.database,
            engine=self.engine,
            clock=self.clock,
            meet=idle,
            transcripts=idle,
            summariser=idle,
            letters=LetterWriter("bot@example.com", "Meetbot", "http://127.0.0.1:8080", self.clock.now),
            mailer=idle,
            hooks=GuardedHooks(allow_private=True),
            reader=idle,
            habits=habits
            or Habits(invites_allow=("example.com",), operator_emails=(OPERATOR,), data_dir=folder),
        )
        self.ran: list[tuple[str, tuple[Any, ...]]] = []
        self._choices = choices
        self._open = AsyncExitStack()

    async def __aenter__(self) -> "WebStage":
        for name in ("attend", "read", "take", "harvest", "summarise", "deliver"):
            self._handle(name)
        await self.engine.start()
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        choices = {"requests_per_minute": 10_000, "requests_per_hour": 10_000} | self._choices
        self.desk: Desk = furnish(self.house, Choices(version="1.2.3", public_url=self.url, **choices))
        config = uvicorn.Config(server.create(self.desk), log_config=None, access_log=False)
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        await until(lambda: self._server.started)
        return self

    def _handle(self, name: str) -> None:
        async def note(*arguments: Any) -> None:
            self.ran.append((name, arguments))

        self.engine.handles(name, note, queue=BOTS_QUEUE if name == "attend" else JOBS_QUEUE)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()
        self._server.should_exit = True
        await self._serving
        await self.engine.stop()
        self.database.close()

    def user(self, email: str, **facts: Any) -> Principal:
        """Make a user."""
        made = self.desk.accounts.create_user(email, **facts)
        return Principal(user_id=made.id, email=made.email, is_operator=made.is_operator)

    def key(self, email: str, **facts: Any) -> str:
        """Make a key, and its user where there is none."""
        if email not in {user.email for user in self.desk.accounts.users()}:
            self.user(email)
        return self.desk.accounts.create_key(email, "test", **facts)[1]

    async def client(self, key: str | None = None, **facts: Any) -> httpx2.AsyncClient:
        """Open a client that sends this key."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        made = httpx2.AsyncClient(base_url=self.url, headers=headers, trust_env=False, timeout=60, **facts)
        return await self._open.enter_async_context(made)

    def said(self, job: Job, *texts: str, speaker: str = "Host Person") -> None:
        """Give a job a transcript: these texts, a second apart."""
        began = datetime(2026, 1, 5, 9, tzinfo=UTC)
        with self.database.write() as session:
            for number, text in enumerate(texts, start=1):
                session.add(
                    TranscriptEntry(
                        job_id=job.id or 0,
                        source="meet",
                        ordinal=number,
                        key=str(number),
                        speaker=speaker,
                        text=text,
                        started_at=began + timedelta(seconds=number),
                        ended_at=began + timedelta(seconds=number + 1),
                    )
                )

    def put(self, job_id: str, state: State, **columns: Any) -> Job:
        """Put a job into a state, as its life would have."""
        with self.database.write() as session:
            job = jobs.by_public_id(session, job_id)
            job.state = state.value
            for name, value in columns.items():
                setattr(job, name, value)
            session.add(job)
            return job


def as_bytes(value: Any) -> bytes:
    """Return a value as the JSON bytes a client would send."""
    return json.dumps(value).encode()
