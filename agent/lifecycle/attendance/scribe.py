"""The journal of a bot that runs beside the database: each piece of news is one transaction."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from agent.errors import Superseded
from agent.lifecycle.attendance.notes import write_down
from agent.lifecycle.house import House
from agent.model.news import News
from agent.model.states import State
from agent.model.tables import Job
from agent.store import bots, jobs

HEARTBEAT_SECONDS = 30.0


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

        return await asyncio.to_thread(look)

    async def write(self, news: News) -> None:
        """Write down one piece of news. Raises `Superseded`, and `Conflict` where the state forbids it."""
        await self._in_transaction(lambda session, job, now: write_down(session, self.house, job, news, now))

    async def beat(self) -> None:
        """Remember that the bot is alive."""
        await self._in_transaction(lambda session, _job, now: bots.beat(session, self.job_id, now))

    async def _in_transaction(self, note: Callable[[Session, Job, datetime], None]) -> None:
        """Run `note` on the job as it is now."""

        def run() -> None:
            with self.house.database.write() as session:
                job = jobs.get(session, self.job_id, lock=True)
                if job.revision != self.revision:
                    raise Superseded("Another plan of the job has taken over.", full=self.public_id)
                note(session, job, self.house.now())

        await asyncio.to_thread(run)
