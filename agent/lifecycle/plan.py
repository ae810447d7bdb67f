"""Making, moving and taking back jobs. Whatever way a meeting came by, its plan is one row and one key in the engine."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session
from ulid import ULID

from agent.errors import Conflict
from agent.lifecycle.aftermath.transcription import plan_request
from agent.lifecycle.house import House
from agent.lifecycle.transition import advance
from agent.model.states import TERMINAL, EndReason, State, Told
from agent.model.tables import Job
from agent.store import identity, jobs

ATTEND = "attend"


@dataclass(frozen=True, slots=True)
class Wish:
    """A meeting that somebody wants a bot in. `key` names the meeting for ever; `join_at` is when to knock."""

    key: str
    meeting_url: str
    meeting_code: str
    title: str
    join_at: datetime
    starts_at: datetime
    ends_at: datetime | None
    inviter: str
    source: str
    user_id: int | None = None
    external_id: str | None = None
    invited: list[dict[str, Any]] = field(default_factory=list)
    thread: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    hooks: list[int] = field(default_factory=list)
    annotations: dict[str, Any] = field(default_factory=dict)


def attend_key(job: Job) -> str:
    """Return the engine's key for the present plan of a job; every new plan or try has a key of its own."""
    return f"attend:{job.public_id}:{job.revision}"


def create(session: Session, house: House, wish: Wish, *, dispatch: bool = True) -> Job:
    """Make the job for a meeting, or return the one that is there for the same key.

    `dispatch` False keeps it waiting for a person's word (the bots API's two steps).
    """
    known = jobs.by_key(session, wish.key)
    if known is not None:
        return known
    now = house.now()
    job = Job(
        public_id=f"job_{ULID()}",
        key=wish.key,
        user_id=wish.user_id or identity.owner_of(session, wish.inviter),
        external_id=wish.external_id,
        title=wish.title,
        meeting_url=wish.meeting_url,
        meeting_code=wish.meeting_code,
        join_at=wish.join_at,
        starts_at=wish.starts_at,
        ends_at=wish.ends_at,
        inviter=wish.inviter,
        invited=wish.invited,
        thread=wish.thread,
        options=wish.options,
        hooks=list(wish.hooks),
        annotations=wish.annotations,
        source=wish.source,
        created_at=now,
        updated_at=now,
    )
    session.add(job)
    session.flush()
    jobs.note(
        session, job, now, Told.JOB_CREATED, {"source": wish.source, "join_at": wish.join_at.isoformat()}
    )
    if dispatch:
        schedule(session, house, job)
    return job


def schedule(session: Session, house: House, job: Job) -> None:
    """Start the bot's run at its time: a little before the knock, so that browser and page are ready."""
    wake_at = job.join_at - timedelta(seconds=house.habits.wake_early_seconds)
    house.engine.after(session, ATTEND, attend_key(job), job.id or 0, job.revision, at=wake_at)
    plan_request(session, house, job)


def move(session: Session, house: House, job: Job, **changes: Any) -> None:
    """Change the plan of a job that has not begun; the old run finds a newer revision and does nothing.

    `changes` are columns of the job. Raises `Conflict` once the bot is on its way.
    """
    if State(job.state) not in {State.SCHEDULED, State.QUEUED}:
        raise Conflict(f"The plan of a job that is {job.state} cannot be changed.")
    now = house.now()
    before = {name: _plain(getattr(job, name)) for name in changes}
    for name, value in changes.items():
        setattr(job, name, value)
    job.revision += 1
    job.updated_at = now
    session.add(job)
    after = {name: _plain(value) for name, value in changes.items()}
    jobs.note(session, job, now, Told.JOB_MOVED, {"before": before, "after": after})
    schedule(session, house, job)


def reinstate(session: Session, house: House, job: Job, **changes: Any) -> None:
    """Bring a cancelled job back with a new plan."""
    advance(session, house.engine, job, State.SCHEDULED, house.now(), detail="invited again")
    job.end_reason = job.deleted_at = None
    move(session, house, job, **changes)


def cancel(session: Session, house: House, job: Job, reason: EndReason, detail: str = "") -> bool:
    """Cancel a job that is not at the meeting. Returns False when a bot is there and has to be told instead.

    Raises `Conflict` when the job has ended already.
    """
    state = State(job.state)
    if state in TERMINAL:
        raise Conflict(f"The job is {state} already.")
    if state not in {State.SCHEDULED, State.QUEUED, State.FINALIZING}:
        return False
    advance(session, house.engine, job, State.CANCELLED, house.now(), end_reason=reason, detail=detail)
    return True


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
