"""Whether a bot sets out for a job now, and to where one that finds no place is put back."""

from datetime import datetime, timedelta

from sqlmodel import Session

from agent.lifecycle.attendance import ending
from agent.lifecycle.house import House
from agent.lifecycle.transition import advance
from agent.model.states import AT_THE_MEETING, FailureCode, State, Told
from agent.model.tables import Job
from agent.rules import rooms
from agent.rules.rivals import expected_rivals
from agent.store import jobs

MAX_JOINS = 20  # a meeting that kills its process comes back for ever otherwise
DISPATCH_GRACE = timedelta(minutes=15)
LONGEST_CALL = timedelta(hours=4)  # for which one without an end may have gone on while the bot was away


def take(session: Session, house: House, job: Job, holder: str, now: datetime, *, no_place: str = "") -> bool:
    """Move a job to the door for a bot of `holder`, and return whether one is to go.

    With `no_place` saying why there is none here, the job waits for one, here or at a worker.
    """
    job.joins += 1
    state, heard_at = State(job.state), max(job.updated_at, job.heartbeat_at or job.updated_at)
    if state in AT_THE_MEETING:
        jobs.note(session, job, now, Told.REJOINED, {"from": state.value})
    advance(session, house.engine, job, State.QUEUED, now)
    if job.joins > MAX_JOINS:
        ending.give_up(session, house, job, FailureCode.INTERNAL_ERROR, "the bot was started too often", now)
    elif _is_too_late(job, now, no_place) or _was_away(job, heard_at, now):
        job.left_at = job.left_at or (heard_at if job.admitted_at else None)
        ending.give_up(session, house, job, FailureCode.DISPATCH_TIMEOUT, _too_late(session, job), now)
    elif no_place:
        ending.wait_for_place(session, house, job, no_place, now)
    elif (there := jobs.lease_meeting(session, job, holder, now)) is not job:
        _stand_back(session, house, job, there, now)
    else:
        _expect_rivals(session, job, now)
        advance(session, house.engine, job, State.JOINING, now)
        return True
    return False


def _stand_back(session: Session, house: House, job: Job, there: Job, now: datetime) -> None:
    """Another job's bot is in the room: wait for its meeting to end where this is the next, or leave the meeting to it."""
    if rooms.follows(there.ends_at, job.starts_at):
        ending.wait_for_place(session, house, job, "the bot of the meeting before is still in the room", now)
    else:
        ending.stand_aside(session, house, job, now)


def _is_too_late(job: Job, now: datetime, no_place: str) -> bool:
    """Whether a first try comes after the meeting's time, or one that has begun finds no place and waits beyond it.

    Who was in the call waits from the crash on, for a meeting without an end may still go on.
    """
    planned_end = max(job.ends_at or job.join_at, job.join_at)
    if job.joins == 1 and job.admitted_at is None:
        return now > planned_end + DISPATCH_GRACE
    return bool(no_place) and now > max(planned_end, job.updated_at) + DISPATCH_GRACE


def _was_away(job: Job, heard_at: datetime, now: datetime) -> bool:
    """Whether the bot was gone so long, past the meeting's end, that by now another meeting may be there."""
    patience = DISPATCH_GRACE if job.ends_at else LONGEST_CALL
    return now > max(job.ends_at or job.join_at, heard_at) + patience


def _too_late(session: Session, job: Job) -> str:
    if jobs.has_noted(session, job.id or 0, Told.WAITING_FOR_PLACE):
        return "no place for a bot became free until the meeting's time had passed"
    return "the meeting's time had passed"


def _expect_rivals(session: Session, job: Job, now: datetime) -> None:
    """Note which note-takers the invitation names. A sign, no verdict: they may never come."""
    invited = [(str(person.get("name", "")), str(person["email"])) for person in job.invited]
    for vendor, address in expected_rivals(invited) if job.joins == 1 else ():
        line: dict[str, object] = {"sign": "invited_address", "vendor": vendor, "address": address}
        jobs.note(session, job, now, Told.RIVAL_EVIDENCE, line)
