"""Jobs that wait for a place are lent to workers elsewhere, and taken back from those that fall silent."""

import asyncio
import contextlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from pydantic import TypeAdapter
from sqlmodel import Session

from agent.lifecycle import plan
from agent.lifecycle.attendance import errand
from agent.lifecycle.attendance.taking import take
from agent.lifecycle.house import House
from agent.model.loan import Asks, Brief, Claim, Held, Lot
from agent.model.states import AT_THE_MEETING, State, Told
from agent.model.tables import Job, Loan
from agent.rules.conduct import Policy
from agent.store import bots, jobs, loans, reports

WAIT_SECONDS = 20.0
LOOK_SECONDS = 0.5
IsGone = Callable[[], Awaitable[bool]]
POLICY = TypeAdapter(Policy)
log = structlog.get_logger("loans")


def holds(loan: Loan, lease: str) -> bool:
    """Whether a lease is the one that is out for this loan; compared in constant time."""
    return bool(loan.lease) and hmac.compare_digest(loan.lease.encode(), lease.encode())


def take_back_silent(session: Session, house: House, now: datetime) -> None:
    """Take back what is at workers that have fallen silent; the next run of each job finds another place for it."""
    for loan in loans.unheard_since(session, now - timedelta(seconds=house.habits.worker_silence_seconds)):
        _take_back(session, house, loan)


def _take_back(session: Session, house: House, loan: Loan) -> None:
    job = jobs.get(session, loan.job_id, lock=True)
    log.warning("loans.taken_back", action="loans.take_back", job=job.public_id, worker=loan.worker)
    loan.worker, loan.lease, loan.arrived = "", "", False
    if loan.key == plan.attend_key(job) and State(job.state) in AT_THE_MEETING:
        job.revision += 1
        loan.key = plan.attend_key(job)
        house.engine.after(session, plan.ATTEND, loan.key, job.id or 0, job.revision)
    session.add_all([loan, job])


class Loans:
    """Answers the claims of workers. A claim that finds nothing waits, `wait_seconds` at the most."""

    def __init__(self, house: House, wait_seconds: float = WAIT_SECONDS) -> None:
        self.house = house
        # A worker that has to be heard of more often than that must come back in time.
        self.wait_seconds = min(wait_seconds, house.habits.worker_silence_seconds / 3)
        self._closed = asyncio.Event()
        self._newest: dict[str, Claim] = {}  # an older claim of the same worker waits for nobody

    async def claim(self, claim: Claim, is_gone: IsGone) -> Lot:
        """Hear of a worker, and answer with what is new for it; who `is_gone` is lent nothing any more."""
        self._newest[claim.worker] = claim
        try:
            return await self._wait(claim, is_gone)
        finally:
            if self._newest.get(claim.worker) is claim:
                del self._newest[claim.worker]

    async def _wait(self, claim: Claim, is_gone: IsGone) -> Lot:
        deadline = self.house.clock.monotonic() + min(claim.wait_seconds, self.wait_seconds)
        lot = await asyncio.to_thread(self._answer, claim)
        while not (lot.jobs or lot.asks or lot.lost or self._closed.is_set()):
            left = deadline - self.house.clock.monotonic()
            if left <= 0:
                break
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), min(LOOK_SECONDS, left))
            if self._newest.get(claim.worker) is not claim or await is_gone():
                break
            if await asyncio.to_thread(self._has_news, claim):
                lot = await asyncio.to_thread(self._answer, claim)
        return lot.model_copy(update={"now": self.house.now()})

    async def close(self) -> None:
        """Answer all that wait, for the server ends."""
        self._closed.set()

    def _has_news(self, claim: Claim) -> bool:
        """Look without writing: most looks find nothing."""
        with self.house.database.read() as session:
            if claim.places and _offers(session):
                return True
            at_worker = loans.at_worker(session, claim.worker)
            return bool(_lost(at_worker, claim) or _asks(at_worker, claim) or _untold(at_worker, claim))

    def _answer(self, claim: Claim) -> Lot:
        now = self.house.now()
        with self.house.database.write() as session:
            self._hear(session, claim, now)
            take_back_silent(session, self.house, now)
            at_worker = loans.at_worker(session, claim.worker)
            # What an answer that was lost had given is given again.
            briefs = [self._brief(session, loan, job) for loan, job in _untold(at_worker, claim)]
            return Lot(
                jobs=(*briefs, *self._lend(session, claim, claim.places - len(briefs), now)),
                asks=_asks(at_worker, claim),
                lost=_lost(at_worker, claim),
                silence_seconds=self.house.habits.worker_silence_seconds,
                now=now,
            )

    def _hear(self, session: Session, claim: Claim, now: datetime) -> None:
        """Believe a worker in what it has; what it had and does not name any more is looked for another place."""
        known = {held.job_id for held in claim.held}
        for loan, job in loans.at_worker(session, claim.worker):
            if loan.arrived and job.public_id not in known:
                _take_back(session, self.house, loan)
                continue
            loan.heard_at, loan.arrived = now, job.public_id in known
            session.add(loan)
            bots.beat(session, job.id or 0, now)

    def _lend(self, session: Session, claim: Claim, places: int, now: datetime) -> list[Brief]:
        briefs: list[Brief] = []
        for loan, offered in _offers(session):
            if len(briefs) >= places:
                break
            job = jobs.get(session, offered.id or 0, lock=True)
            if loan.key != plan.attend_key(job):  # another was quicker
                continue
            if not take(session, self.house, job, claim.worker, now):
                session.delete(loan)
                continue
            job.revision += 1  # the run that waits here for a place finds a newer plan
            loan.key, loan.worker, loan.heard_at = plan.attend_key(job), claim.worker, now
            loan.lease = secrets.token_hex(16)
            session.add_all([job, loan])
            log.info("loans.lent", action="loans.lend", job=job.public_id, worker=claim.worker)
            self._regret_recording(session, job, now)
            briefs.append(self._brief(session, loan, job))
        return briefs

    def _regret_recording(self, session: Session, job: Job, now: datetime) -> None:
        """Say where a recording was wanted that a worker, whose disk nobody here reads, cannot keep."""
        if (job.options.get("recording") or self.house.habits.call.recording) != "off":
            why: dict[str, object] = {"detail": "the bot runs at a worker, where nothing is recorded"}
            jobs.note(session, job, now, Told.TROUBLE, why)

    def _brief(self, session: Session, loan: Loan, job: Job) -> Brief:
        wanted = errand.prepare(session, self.house, job)
        visit = wanted.visit
        return Brief(
            job_id=job.public_id,
            lease=loan.lease,
            next_sequence=reports.last_sequence(session, job.id or 0) + 1,
            join_at=wanted.join_at,
            meeting_url=visit.meeting_url,
            display_name=visit.display_name,
            language=visit.language,
            caption_language=visit.caption_language,
            lobby_seconds=visit.lobby_seconds,
            policy=POLICY.dump_python(replace(wanted.policy, recording="off"), mode="json"),
            granted_before=wanted.granted_before,
            obeyed=tuple(sorted(wanted.obeyed)),
        )


AtWorker = list[tuple[Loan, Job]]


def _offers(session: Session) -> AtWorker:
    """Return what is on offer and still planned so."""
    return [(loan, job) for loan, job in loans.offered(session) if loan.key == plan.attend_key(job)]


def _held(claim: Claim, loan: Loan, job: Job) -> Held | None:
    """Return what a worker says of one loan, if it may still say anything."""
    if loan.key != plan.attend_key(job):
        return None
    return next((one for one in claim.held if one.job_id == job.public_id and holds(loan, one.lease)), None)


def _lost(at_worker: AtWorker, claim: Claim) -> tuple[str, ...]:
    kept = {job.public_id for loan, job in at_worker if _held(claim, loan, job)}
    return tuple(held.job_id for held in claim.held if held.job_id not in kept)


def _asks(at_worker: AtWorker, claim: Claim) -> tuple[Asks, ...]:
    found = []
    for loan, job in at_worker:
        held = _held(claim, loan, job)
        if held and (verbs := loan.verbs[held.heard :]):
            found.append(Asks(job_id=job.public_id, verbs=tuple(verbs)))
    return tuple(found)


def _untold(at_worker: AtWorker, claim: Claim) -> AtWorker:
    """Return what the worker has without knowing it."""
    known = {held.job_id for held in claim.held}
    return [
        (loan, job)
        for loan, job in at_worker
        if job.public_id not in known and loan.key == plan.attend_key(job)
    ]
