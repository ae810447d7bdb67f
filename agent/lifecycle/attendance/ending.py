"""How a bot's stay is ended in the books, and what comes next: notes, another try, another place, or nothing."""

from datetime import datetime, timedelta

from sqlmodel import Session

from agent.lifecycle import plan
from agent.lifecycle.aftermath import bot_files
from agent.lifecycle.house import House
from agent.lifecycle.transition import advance
from agent.model.news import GaveUp, HandedBack, LeftCall
from agent.model.states import EndReason, FailureCode, State, Told
from agent.model.tables import Job
from agent.rules import backoff, permission
from agent.store import jobs, loans

HARVEST = "harvest"
REJOIN_SECONDS = (5.0, 15.0, 30.0, 60.0)
CUT_OFF_JOINS = 12  # some ten minutes without a network
PLACE_SECONDS = 5.0  # a run wakes early enough for three waits (5, 5 and 10 s) before the knock
# What a wish to leave may say: nothing is to be made of the meeting.
CALLED_OFF = frozenset({"cancel", "cancelled_by_invite"})


def settle(
    session: Session, house: House, job: Job, ended: LeftCall | GaveUp | HandedBack, now: datetime
) -> None:
    """Write how the stay ended, start what comes next, and give the meeting free."""
    if isinstance(ended, HandedBack):
        wait_for_place(session, house, job, ended.reason, now)
    else:
        _settle(session, house, job, ended, now)
    jobs.release_meeting(session, job.meeting_code, job.id or 0)


def _settle(session: Session, house: House, job: Job, ended: LeftCall | GaveUp, now: datetime) -> None:
    job.left_at = now
    jobs.note(session, job, now, Told.LEFT, _why(ended))
    bot_files.keep(session, house, job, now)
    _close_presences(session, job, now)
    if isinstance(ended, GaveUp):
        if ended.retry and (_tries(session, job) < house.habits.join_attempts or _is_cut_off(job, ended)):
            wait_seconds = REJOIN_SECONDS[min(job.joins, len(REJOIN_SECONDS)) - 1]
            _come_again(session, house, job, now, wait_seconds)
        else:
            give_up(session, house, job, ended.code, ended.detail, now)
    elif _is_called_off(session, job, ended):
        advance(session, house.engine, job, State.CANCELLED, now, end_reason=ended.reason)
    else:
        _finalize(session, house, job, ended.reason, now)


def wait_for_place(session: Session, house: House, job: Job, why: str, now: datetime) -> None:
    """Put the job back; that it waits is told once, and is no try at getting in. A worker may claim it meanwhile."""
    job.joins -= 1
    if not jobs.has_noted(session, job.id or 0, Told.WAITING_FOR_PLACE):
        jobs.note(session, job, now, Told.WAITING_FOR_PLACE, {"reason": why})
    advance(session, house.engine, job, State.QUEUED, now)
    waited_seconds = (now - job.updated_at).total_seconds()
    _come_again(session, house, job, now, backoff.next_place(waited_seconds, PLACE_SECONDS))
    loans.offer(session, job.id or 0, plan.attend_key(job))


def wake_next(session: Session, house: House, left: Job) -> None:
    """The bot of `left` gave its place back: have the most urgent job that waits come now.

    That job is on offer again once it finds none. A bot that had found no place itself has none to give.
    """
    waiting = loans.offered(session)
    if any(job.id == left.id for _, job in waiting):
        return
    for loan, offered in waiting:
        job = jobs.get(session, offered.id or 0, lock=True)
        if loan.key == plan.attend_key(job):
            job.revision += 1
            session.add(job)
            house.engine.after(session, plan.ATTEND, plan.attend_key(job), job.id or 0, job.revision)
            return


def give_up(session: Session, house: House, job: Job, code: FailureCode, detail: str, now: datetime) -> None:
    """End in failure; but what was taken with consent before a crash is still made into notes."""
    if _has_taken(session, job):
        jobs.note(session, job, now, Told.TROUBLE, {"failure_code": code.value, "detail": detail})
        _finalize(session, house, job, code.value, now)
        return
    advance(session, house.engine, job, State.FAILED, now, failure_code=code, detail=detail)


def stand_aside(session: Session, house: House, job: Job, now: datetime) -> None:
    """End because another job of this house has a bot in the meeting; what was taken before a crash is made into notes."""
    if _has_taken(session, job):
        _finalize(session, house, job, EndReason.SECOND_MEETBOT, now)
    else:
        advance(session, house.engine, job, State.CANCELLED, now, end_reason=EndReason.SECOND_MEETBOT)


def _come_again(session: Session, house: House, job: Job, now: datetime, wait_seconds: float) -> None:
    advance(session, house.engine, job, State.QUEUED, now)
    job.revision += 1
    session.add(job)
    at = now + timedelta(seconds=wait_seconds)
    house.engine.after(session, plan.ATTEND, plan.attend_key(job), job.id or 0, job.revision, at=at)


def _finalize(session: Session, house: House, job: Job, reason: str, now: datetime) -> None:
    advance(session, house.engine, job, State.FINALIZING, now, end_reason=reason)
    key = f"{HARVEST}:{job.public_id}:{job.revision}:1"
    house.engine.after(session, HARVEST, key, job.id or 0, 1)


def _is_called_off(session: Session, job: Job, left: LeftCall) -> bool:
    """Whether nothing is to be made of the meeting: it was cancelled, never begun, or is another Meetbot's."""
    if left.detail in CALLED_OFF:
        return True
    came_in = State(job.state) in {State.IN_CALL, State.RECORDING}
    return not _has_taken(session, job) and (not came_in or left.reason is EndReason.SECOND_MEETBOT)


def _has_taken(session: Session, job: Job) -> bool:
    """Whether the bot was in the call, now or before a crash, with consent that still stands."""
    return job.admitted_at is not None and _was_allowed(session, job)


def _was_allowed(session: Session, job: Job) -> bool:
    return permission.stands(entry.outcome for entry in jobs.ledger(session, job.id or 0))


def _is_cut_off(job: Job, ended: GaveUp) -> bool:
    """Whether a bot that was in the call cannot reach it: nobody refused it, and a network may be away for minutes."""
    return (
        job.admitted_at is not None and ended.code is FailureCode.NETWORK_LOSS and job.joins < CUT_OFF_JOINS
    )


def _tries(session: Session, job: Job) -> int:
    """Count the tries at getting in since the bot was last let in; runs that were killed are none."""
    tries = 0
    for line in jobs.timeline(session, job.id or 0):
        tries = 0 if line.kind == Told.ADMITTED else tries + (line.kind == Told.LEFT)
    return min(tries, job.joins)


def _why(ended: LeftCall | GaveUp) -> dict[str, object]:
    if isinstance(ended, LeftCall):
        return {"reason": ended.reason.value, "detail": ended.detail}
    return {"failure_code": ended.code.value, "detail": ended.detail, "retry": ended.retry}


def _close_presences(session: Session, job: Job, now: datetime) -> None:
    """End everybody's presence: the bot sees nobody any more."""
    for stay in jobs.presences(session, job.id or 0):
        if stay.left_at is None:
            stay.left_at = now
            session.add(stay)
