"""Making, moving and taking back jobs. Whatever way a meeting came by, its plan is one row and one key in the engine."""

from collections.abc import Sequence
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
IN_THE_ENGINE = timedelta(days=1)  # how long before its time a job is known to the engine


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
    return known or create_all(session, house, [wish], dispatch=dispatch)[0]


def create_all(session: Session, house: House, wishes: Sequence[Wish], *, dispatch: bool = True) -> list[Job]:
    """Make the jobs for meetings that have none yet, many with few statements."""
    now = house.now()
    owners = {inviter: identity.owner_of(session, inviter) for inviter in {wish.inviter for wish in wishes}}
    fresh = [_job(wish, owners[wish.inviter], now) for wish in wishes]
    session.add_all(fresh)
    session.flush()
    jobs.note_all(session, fresh, now, Told.JOB_CREATED, _origin)
    for job in fresh:
        if dispatch:
            schedule(session, house, job)
    return fresh


def _origin(job: Job) -> dict[str, object]:
    return {"source": job.source, "join_at": job.join_at.isoformat()}


def _job(wish: Wish, owner: int | None, now: datetime) -> Job:
    return Job(
        public_id=f"job_{ULID()}",
        key=wish.key,
        user_id=wish.user_id or owner,
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


def schedule(session: Session, house: House, job: Job) -> None:
    """Start the bot's run at its time: a little before the knock, so that browser and page are ready.

    Of a meeting that is far off, the engine is told by the sweep, a day before: it would only carry along what may be
    moved or called off many times until then.
    """
    if job.join_at > house.now() + IN_THE_ENGINE:
        return
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
