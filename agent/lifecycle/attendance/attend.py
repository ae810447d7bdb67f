"""The phase that brings a bot into its meeting and keeps it there: the only one that runs for hours."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from agent.engine import Inbox
from agent.errors import MeetbotError, NoPlace, Temporary
from agent.lifecycle import plan
from agent.lifecycle.aftermath import bot_files
from agent.lifecycle.attendance.policy import call_policy
from agent.lifecycle.attendance.scribe import Scribe, Superseded, close_stays
from agent.lifecycle.attendance.stay import Stay
from agent.lifecycle.house import House
from agent.lifecycle.transition import advance
from agent.model.call import Fail, Leave, Visit
from agent.model.states import AT_THE_MEETING, TERMINAL, EndReason, FailureCode, State, Told
from agent.model.tables import Job
from agent.rules import conduct
from agent.rules.rivals import expected_rivals
from agent.store import jobs

HARVEST = "harvest"
MAX_JOINS = 20  # a meeting that kills its process comes back for ever otherwise
REJOIN_SECONDS = (5.0, 15.0, 30.0, 60.0)
PLACE_SECONDS = 5.0  # a run wakes early enough for three such waits before the knock
DISPATCH_GRACE = timedelta(minutes=15)
GRANTED = frozenset({"granted", "announced"})
TAKEN_BACK = frozenset({"declined", "withdrawn", "opted_out"})
# What a wish to leave may say: nothing is to be made of the meeting.
CALLED_OFF = frozenset({"cancel", "cancelled_by_invite"})
Recheck = Callable[[int], Awaitable[None]]
log = structlog.get_logger("attend")


def consent_stands(outcomes: list[str]) -> bool:
    """Whether a ledger's outcomes, oldest first, allow capture now: the last word counts."""
    words = [outcome for outcome in outcomes if outcome in GRANTED | TAKEN_BACK]
    return bool(words) and words[-1] in GRANTED


class Attend:
    """Runs `attend(job_id, revision)`; a run whose revision is not the job's own does nothing."""

    def __init__(self, house: House, recheck: Recheck | None = None) -> None:
        self.house = house
        self._recheck = recheck

    async def __call__(self, inbox: Inbox, job_id: int, revision: int) -> None:
        """Bring the bot in, stay, leave, and hand over to the harvest; first see whether the calendar still says so."""
        if self._recheck is not None:
            await self._recheck(job_id)
        job = await asyncio.to_thread(self._take, job_id, revision)
        if job is None:
            return
        scribe = Scribe(self.house, job)
        try:
            outcome = await self._survive(inbox, job, scribe)
            await scribe.write(lambda session, row, now: self._settle(session, row, outcome, now))
        except NoPlace as error:
            why = error.safe
            await scribe.write(lambda session, row, now: self._wait_for_place(session, row, why, now))
        except Superseded:
            log.info("attend.superseded", action="attend.end", job=job.public_id)
        finally:
            await asyncio.to_thread(self._release, job)

    async def _survive(self, inbox: Inbox, job: Job, scribe: Scribe) -> Leave | Fail:
        """Visit; whatever breaks on the way is a failure that another try may mend."""
        try:
            return await self._visit(inbox, job, scribe)
        except (Superseded, NoPlace):
            raise
        except Exception as error:  # a stay must end in a state, or its job hangs for ever
            log.error("attend.broke", action="attend.visit", job=job.public_id, exc_info=error)
            return Fail(FailureCode.INTERNAL_ERROR, "the bot met an unexpected error", retry=True)

    def _take(self, job_id: int, revision: int) -> Job | None:
        """Check that this run is wanted, and move the job to the door."""
        with self.house.database.write() as session:
            job = jobs.get(session, job_id, lock=True)
            state, now = State(job.state), self.house.now()
            if job.revision != revision or state in TERMINAL or state is State.FINALIZING:
                return None
            job.joins += 1
            if state in AT_THE_MEETING:
                jobs.note(session, job, now, Told.REJOINED, {"from": state.value})
            advance(session, self.house.engine, job, State.QUEUED, now)
            if job.joins > MAX_JOINS:
                self._give_up(session, job, FailureCode.INTERNAL_ERROR, "the bot was started too often", now)
            elif now > max(job.ends_at or job.join_at, job.join_at) + DISPATCH_GRACE and job.joins == 1:
                self._give_up(session, job, FailureCode.DISPATCH_TIMEOUT, self._too_late(session, job), now)
            elif why := self.house.meet.no_place():
                self._wait_for_place(session, job, why, now)
            elif not self._lease(session, job, now):
                advance(
                    session, self.house.engine, job, State.CANCELLED, now, end_reason=EndReason.SECOND_MEETBOT
                )
            else:
                self._expect_rivals(session, job, now)
                advance(session, self.house.engine, job, State.JOINING, now)
                return job
        return None

    def _too_late(self, session: Session, job: Job) -> str:
        if jobs.has_noted(session, job.id or 0, Told.WAITING_FOR_PLACE):
            return "no place for a bot became free until the meeting's time had passed"
        return "the meeting's time had passed"

    def _wait_for_place(self, session: Session, job: Job, why: str, now: datetime) -> None:
        """Put the job back; that it waits is told once, and is no try at getting in."""
        job.joins -= 1
        if not jobs.has_noted(session, job.id or 0, Told.WAITING_FOR_PLACE):
            jobs.note(session, job, now, Told.WAITING_FOR_PLACE, {"reason": why})
        self._come_again(session, job, now, PLACE_SECONDS)

    def _expect_rivals(self, session: Session, job: Job, now: datetime) -> None:
        """Note which note-takers the invitation names. A sign, no verdict: they may never come."""
        invited = [(str(person.get("name", "")), str(person["email"])) for person in job.invited]
        for vendor, address in expected_rivals(invited) if job.joins == 1 else ():
            line: dict[str, object] = {"sign": "invited_address", "vendor": vendor, "address": address}
            jobs.note(session, job, now, Told.RIVAL_EVIDENCE, line)

    def _lease(self, session: Session, job: Job, now: datetime) -> bool:
        holder = self.house.engine.worker_id
        return jobs.lease_meeting(session, job.meeting_code, job.id or 0, holder, now) == job.id

    def _release(self, job: Job) -> None:
        with self.house.database.write() as session:
            jobs.release_meeting(session, job.meeting_code, job.id or 0)

    async def _visit(self, inbox: Inbox, job: Job, scribe: Scribe) -> Leave | Fail:
        """Open the page, knock and stay. Returns how it ended."""
        with self.house.database.read() as session:
            outcomes = [entry.outcome for entry in jobs.ledger(session, scribe.job_id)]
            obeyed = frozenset(
                str(line.data.get("uid"))
                for line in jobs.timeline(session, scribe.job_id)
                if line.kind == Told.VERB_OBEYED
            )
        policy = call_policy(self.house.habits, job)
        try:
            caller = await self.house.meet.open(self._directions(job))
        except NoPlace:
            raise
        except Temporary as error:
            return Fail(FailureCode.DISPATCH_TIMEOUT, error.safe, retry=True)
        except MeetbotError as error:
            log.error("attend.no_browser", action="attend.open", job=job.public_id, error=error.full)
            return Fail(FailureCode.INTERNAL_ERROR, error.safe)
        standing = conduct.begin(
            policy, self.house.now(), granted_before=consent_stands(outcomes), obeyed=obeyed
        )
        ended = await Stay(self.house, caller, scribe, policy, standing).run(inbox, job.join_at)
        if ended is None:
            raise Superseded(job.public_id)
        return ended

    def _directions(self, job: Job) -> Visit:
        habits = self.house.habits
        folder = f"meetings/{job.public_id}"
        return Visit(
            job_id=job.public_id,
            meeting_url=job.meeting_url,
            display_name=str(job.options.get("display_name") or habits.bot_name),
            language=habits.language,
            caption_language=habits.call.caption_language or None,
            evidence_dir=f"{folder}/evidence",
            lobby_seconds=float(job.options.get("lobby_seconds") or habits.call.lobby_seconds),
            recording=str(job.options.get("recording") or habits.call.recording),
            recording_path=f"{folder}/recording.webm",
        )

    def _settle(self, session: Session, job: Job, outcome: Leave | Fail, now: datetime) -> None:
        """Write how the stay ended and what comes next."""
        job.left_at = now
        jobs.note(session, job, now, Told.LEFT, self._why(outcome))
        bot_files.keep(session, self.house, job, now)
        close_stays(session, job.id or 0, now)
        if isinstance(outcome, Fail):
            if outcome.retry and self._tries(session, job) < self.house.habits.join_attempts:
                self._try_again(session, job, now)
            else:
                self._give_up(session, job, outcome.code, outcome.detail, now)
        elif self._is_called_off(session, job, outcome):
            advance(session, self.house.engine, job, State.CANCELLED, now, end_reason=outcome.reason)
        else:
            self._finalize(session, job, outcome.reason, now)

    def _is_called_off(self, session: Session, job: Job, left: Leave) -> bool:
        """Whether nothing is to be made of the meeting: it was cancelled, never begun, or is another Meetbot's."""
        if State(job.state) not in {State.IN_CALL, State.RECORDING} or left.detail in CALLED_OFF:
            return True
        return left.reason is EndReason.SECOND_MEETBOT and not self._was_allowed(session, job)

    def _was_allowed(self, session: Session, job: Job) -> bool:
        return consent_stands([entry.outcome for entry in jobs.ledger(session, job.id or 0)])

    def _tries(self, session: Session, job: Job) -> int:
        """Count the tries at getting in since the bot was last let in; runs that were killed are none."""
        tries = 0
        for line in jobs.timeline(session, job.id or 0):
            tries = 0 if line.kind == Told.ADMITTED else tries + (line.kind == Told.LEFT)
        return min(tries, job.joins)

    def _finalize(self, session: Session, job: Job, reason: str, now: datetime) -> None:
        advance(session, self.house.engine, job, State.FINALIZING, now, end_reason=reason)
        key = f"harvest:{job.public_id}:{job.revision}:1"
        self.house.engine.after(session, HARVEST, key, job.id or 0, 1)

    def _why(self, outcome: Leave | Fail) -> dict[str, object]:
        if isinstance(outcome, Leave):
            return {"reason": outcome.reason.value, "detail": outcome.detail}
        return {"failure_code": outcome.code.value, "detail": outcome.detail, "retry": outcome.retry}

    def _try_again(self, session: Session, job: Job, now: datetime) -> None:
        self._come_again(session, job, now, REJOIN_SECONDS[min(job.joins, len(REJOIN_SECONDS)) - 1])

    def _come_again(self, session: Session, job: Job, now: datetime, wait_seconds: float) -> None:
        advance(session, self.house.engine, job, State.QUEUED, now)
        job.revision += 1
        session.add(job)
        at = now + timedelta(seconds=wait_seconds)
        self.house.engine.after(session, plan.ATTEND, plan.attend_key(job), job.id or 0, job.revision, at=at)

    def _give_up(self, session: Session, job: Job, code: FailureCode, detail: str, now: datetime) -> None:
        """End in failure; but what was taken with consent before a crash is still made into notes."""
        if job.admitted_at is not None and self._was_allowed(session, job):
            jobs.note(session, job, now, Told.TROUBLE, {"failure_code": code.value, "detail": detail})
            self._finalize(session, job, code.value, now)
            return
        advance(session, self.house.engine, job, State.FAILED, now, failure_code=code, detail=detail)
