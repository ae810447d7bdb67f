"""The phase that brings a bot into its meeting and keeps it there: the only one that runs for hours."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from agent.errors import Superseded, Temporary
from agent.lifecycle import plan
from agent.lifecycle.attendance import ending, errand
from agent.lifecycle.attendance.scribe import HEARTBEAT_SECONDS, Scribe
from agent.lifecycle.attendance.taking import take
from agent.lifecycle.house import House
from agent.lifecycle.remote import verbs
from agent.model import call
from agent.model.loan import Verb
from agent.model.states import TERMINAL, State, Told
from agent.model.tables import Job
from agent.ports import Inbox
from agent.rules import rooms
from agent.store import jobs, loans

Recheck = Callable[[int], Awaitable[None]]


class Attend:
    """Runs `attend(job_id, revision)`; a run whose revision is not the job's own does nothing."""

    def __init__(self, house: House, recheck: Recheck | None = None) -> None:
        self.house = house
        self._recheck = recheck

    async def __call__(self, inbox: Inbox, job_id: int, revision: int) -> None:
        """Bring the bot in, stay, leave, and hand over to the harvest; first see whether the calendar still says so."""
        no_place = await asyncio.to_thread(self._still_waits, job_id)
        if self._recheck is not None and not no_place:
            await self._recheck(job_id)
        taken = await asyncio.to_thread(self._take, job_id, revision, no_place)
        if taken is None:
            await self._ask_for_the_room(job_id)
            return
        job, wanted, unheard = taken
        for verb in unheard:
            inbox.put_nowait(verb)
        scribe = Scribe(self.house, job)
        try:
            async with self._beating(scribe, job):
                await errand.run(wanted, self.house.meet, self.house.clock, scribe, inbox)
        finally:
            await asyncio.to_thread(self._release, job)

    def _still_waits(self, job_id: int) -> str:
        """Why there is still no place for a job that was put back for it: no calendar is read again for that."""
        no_place = self.house.meet.no_place()
        if not no_place:
            return ""
        with self.house.database.read() as session:
            return no_place if jobs.has_noted(session, job_id, Told.WAITING_FOR_PLACE) else ""

    def _take(
        self, job_id: int, revision: int, no_place: str
    ) -> tuple[Job, errand.Errand, list[Verb]] | None:
        """Check that this run is wanted, and move the job to the door. What was told to a lost worker is still to obey."""
        house = self.house
        with house.database.write() as session:
            job = jobs.get(session, job_id, lock=True)
            state = State(job.state)
            if job.revision != revision or state in TERMINAL or state is State.FINALIZING:
                return None
            no_place = no_place or house.meet.no_place()
            if not take(session, house, job, house.engine.worker_id, house.now(), no_place=no_place):
                return None
            return job, errand.prepare(session, house, job), loans.end(session, job_id)

    async def _ask_for_the_room(self, job_id: int) -> None:
        """Have the bot of the meeting before leave the room, once its meeting's time is over."""
        there = await asyncio.to_thread(self._in_the_way, job_id)
        if there is not None:
            key, uid = plan.attend_key(there), f"{rooms.NEXT_MEETING}:{job_id}"
            await verbs.tell(
                self.house, key, call.Verb.LEAVE, uid, by="the calendar", text=rooms.NEXT_MEETING
            )

    def _in_the_way(self, job_id: int) -> Job | None:
        """Return the job whose bot is to give way to this one, if this one waits."""
        with self.house.database.read() as session:
            job = jobs.get(session, job_id)
            there = jobs.in_the_room(session, job) if State(job.state) is State.QUEUED else None
            if there and rooms.gives_way(there.ends_at, job.starts_at, self.house.now()):
                return there
        return None

    def _release(self, job: Job) -> None:
        """Give the meeting free, and the place to whoever waits for one."""
        with self.house.database.write() as session:
            jobs.release_meeting(session, job.meeting_code, job.id or 0)
            ending.wake_next(session, self.house, job)

    @asynccontextmanager
    async def _beating(self, scribe: Scribe, job: Job) -> AsyncIterator[None]:
        """Say now and then that the bot is alive."""
        beat = asyncio.create_task(
            self._beat(scribe, float(job.options.get("heartbeat_seconds") or HEARTBEAT_SECONDS))
        )
        try:
            yield
        finally:
            beat.cancel()
            await asyncio.gather(beat, return_exceptions=True)

    async def _beat(self, scribe: Scribe, every_seconds: float) -> None:
        """A database that is away for a moment is no reason to stop; a newer plan is."""
        with contextlib.suppress(Superseded):
            while True:
                with contextlib.suppress(Temporary):
                    await scribe.beat()
                await self.house.clock.sleep(every_seconds)
