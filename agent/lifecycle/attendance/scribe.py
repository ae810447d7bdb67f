"""The journal of a bot that runs beside the database: each piece of news is one transaction.

A database that is away for a while, as one that is started anew or whose disk is full, is waited for: a bot that left its
call for that would have to knock again.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import structlog
from sqlmodel import Session

from agent.errors import Superseded, Temporary
from agent.lifecycle.attendance.notes import write_down
from agent.lifecycle.house import House
from agent.model.news import GaveUp, HandedBack, LeftCall, News
from agent.model.states import State
from agent.model.tables import Job
from agent.store import bots, jobs

HEARTBEAT_SECONDS = 30.0
AGAIN_SECONDS = 1.0
# In a call that long at most: nobody's "no" may wait for ever to be obeyed. That it is over is worth more patience.
PATIENCE_SECONDS = 60.0
LAST_PATIENCE_SECONDS = 900.0
Answer = TypeVar("Answer")
log = structlog.get_logger("scribe")


class Scribe:
    """Implements `ports.Journal` for one run of one job."""

    def __init__(self, house: House, job: Job) -> None:
        assert job.id is not None
        self.house = house
        self.job_id = job.id
        self.public_id = job.public_id
        self.revision = job.revision

    async def is_current(self) -> bool:
        """Whether this run still carries the job's present plan."""

        def look() -> bool:
            with self.house.database.read() as session:
                job = jobs.get(session, self.job_id)
                return job.revision == self.revision and job.state != State.CANCELLED

        return await self._patiently(look, PATIENCE_SECONDS)

    async def write(self, news: News) -> None:
        """Write down one piece of news. Raises `Superseded`, and `Conflict` where the state forbids it."""
        is_last = isinstance(news, LeftCall | GaveUp | HandedBack)
        await self._patiently(
            lambda: self._in_transaction(
                lambda session, job, now: write_down(session, self.house, job, news, now)
            ),
            LAST_PATIENCE_SECONDS if is_last else PATIENCE_SECONDS,
        )

    async def beat(self) -> None:
        """Remember that the bot is alive."""
        await asyncio.to_thread(
            self._in_transaction, lambda session, _job, now: bots.beat(session, self.job_id, now)
        )

    async def _patiently(self, run: Callable[[], Answer], patience_seconds: float) -> Answer:
        """Run, and run again while the database is away; what it raises in the end is raised."""
        clock = self.house.clock
        began, is_told = clock.monotonic(), False
        while True:
            try:
                return await asyncio.to_thread(run)
            except Temporary as error:
                if clock.monotonic() >= began + patience_seconds:
                    raise
                if not is_told:
                    log.warning("scribe.waits", action="scribe.write", job=self.public_id, error=error.full)
                is_told = True
            await clock.sleep(AGAIN_SECONDS)

    def _in_transaction(self, note: Callable[[Session, Job, datetime], None]) -> None:
        """Run `note` on the job as it is now."""
        with self.house.database.write() as session:
            job = jobs.get(session, self.job_id, lock=True)
            if job.revision != self.revision:
                raise Superseded("Another plan of the job has taken over.", full=self.public_id)
            note(session, job, self.house.now())
