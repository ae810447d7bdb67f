"""The last net: once a minute, what stands in the tables and is missing in the engine is put there again."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from agent.lifecycle import outbox, plan
from agent.lifecycle.aftermath.harvest import SUMMARISE
from agent.lifecycle.attendance.ending import HARVEST
from agent.lifecycle.house import House
from agent.lifecycle.invitations.intake import READ
from agent.lifecycle.remote.loans import take_back_silent
from agent.model.states import AT_THE_MEETING, State
from agent.model.tables import Job
from agent.store import deliveries, jobs, loans, mails

LATE = timedelta(seconds=90)
UNREAD = timedelta(minutes=15)  # mails are read in batches, which after a rush may take that long to come up
UNREAD_AT_ONCE = 1000
OVERLAP = timedelta(minutes=10)  # what was being written while the last look was taken
BATCH = 100
log = structlog.get_logger("sweep")


class Sweep:
    """Enqueues under the same keys, which is harmless where they exist."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._near: datetime | None = None

    async def __call__(self, *_slot: str | int) -> None:
        """Look once at everything that should be moving, or will be within a day."""
        await asyncio.to_thread(self._look)
        await asyncio.to_thread(self._bring_near)

    def _bring_near(self) -> None:
        """Tell the engine of the jobs that came within its reach since the last look; the first look takes all."""
        now = self.house.now()
        begins, after = (self._near - OVERLAP if self._near else now - LATE), 0
        near = now + plan.IN_THE_ENGINE
        while found := self._bring(begins, near, after):
            begins, after = found[-1].join_at, found[-1].id or 0
        self._near = near

    def _bring(self, begins: datetime, near: datetime, after: int) -> Sequence[Job]:
        with self.house.database.write() as session:
            found = jobs.planned_between(session, begins, near, after=after, limit=BATCH)
            for job in found:
                if not job.options.get("await_deploy"):
                    plan.schedule(session, self.house, job)
        return found

    def _look(self) -> None:
        now = self.house.now()
        before = now - LATE
        with self.house.database.write() as session:
            take_back_silent(session, self.house, now)
            for number in mails.unread(session, now - UNREAD, UNREAD_AT_ONCE):
                self.house.engine.after(session, READ, f"{READ}:{number}", number)
            for delivery in deliveries.due(session, before):
                outbox.start(session, self.house.engine, delivery)
        for job in self._idle(before):
            self._rescue(job)

    def _idle(self, before: datetime) -> Sequence[Job]:
        """Return the jobs of which nothing was heard since `before`; most of them only wait, or have a quiet call."""
        with self.house.database.read() as session:
            overdue = [job for job in jobs.overdue(session, before) if not job.options.get("await_deploy")]
            return [
                *overdue,
                *jobs.untouched(session, [*AT_THE_MEETING, State.QUEUED, State.FINALIZING], before),
            ]

    def _rescue(self, job: Job) -> None:
        """Start the phase of a job anew whose run is gone without having ended it."""
        engine = self.house.engine
        if any(engine.alive(prefix) for prefix in _keys(job)) or self._is_lent(job):
            return
        log.error("sweep.rescue", action="sweep.rescue", job=job.public_id, state=job.state)
        with self.house.database.write() as session:
            row = jobs.get(session, job.id or 0, lock=True)
            if row.state != job.state or row.revision != job.revision:
                return
            row.revision += 1
            session.add(row)
            if row.state == State.FINALIZING:
                key = f"{HARVEST}:{row.public_id}:{row.revision}:1"
                engine.after(session, HARVEST, key, row.id or 0, 1)
            else:
                engine.after(session, plan.ATTEND, plan.attend_key(row), row.id or 0, row.revision)

    def _is_lent(self, job: Job) -> bool:
        """Whether a worker elsewhere has the job's bot; that it lives is seen to above."""
        with self.house.database.read() as session:
            loan = loans.get(session, job.id or 0)
            return loan is not None and bool(loan.worker) and loan.key == plan.attend_key(job)


def _keys(job: Job) -> tuple[str, ...]:
    """Return what the keys of a job's runs begin with."""
    return (plan.attend_key(job), f"{HARVEST}:{job.public_id}:", f"{SUMMARISE}:{job.public_id}:")
