"""The last net: once a minute, what stands in the tables and is missing in the engine is put there again."""

import asyncio
from datetime import timedelta

import structlog

from agent.lifecycle import outbox, plan
from agent.lifecycle.harvest import SUMMARISE
from agent.lifecycle.house import House
from agent.lifecycle.intake import READ
from agent.model.states import State
from agent.store import deliveries, jobs, mails

LATE = timedelta(seconds=90)
log = structlog.get_logger("sweep")


class Sweep:
    """Enqueues under the same keys, which is harmless where they exist."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def __call__(self, *_slot: str | int) -> None:
        """Look once at everything that should be moving."""
        await asyncio.to_thread(self._look)

    def _look(self) -> None:
        before = self.house.now() - LATE
        with self.house.database.write() as session:
            for mail in mails.unread(session, before):
                self.house.engine.after(session, READ, f"read:{mail.id}", mail.id or 0)
            for job in jobs.due_before(session, before):
                if job.options.get("await_deploy"):
                    continue
                plan.schedule(session, self.house, job)
            for delivery in deliveries.due(session, before):
                outbox.start(session, self.house.engine, delivery)
            for job in jobs.in_states(session, [State.FINALIZING]):
                if job.transcript_source:
                    version = len(jobs.summaries(session, job.id or 0)) + 1
                    key = f"summarise:{job.public_id}:{version}"
                    self.house.engine.after(session, SUMMARISE, key, job.id or 0, version)
