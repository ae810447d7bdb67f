"""Named queries about jobs as the bots API sees them. Deleted ones are seen by nobody."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.errors import Missing
from agent.model.states import State, Told
from agent.model.tables import Endpoint, Job, JobEvent, Recording

Select = Any
Visible = sa.ColumnElement[bool]


# What nearly every request asks is built once.
_BY_NUMBER = select(Job).where(col(Job.id) == sa.bindparam("number"))
_WITH_RECORDING = sa.select(Job, sa.exists().where(col(Recording.job_id) == col(Job.id))).where(
    col(Job.id) == sa.bindparam("number")
)
_RECORDED = (
    sa.select(col(Recording.job_id))
    .where(col(Recording.job_id).in_(sa.bindparam("numbers", expanding=True)))
    .distinct()
)


def get(session: Session, bot_id: int, *, lock: bool = False) -> Job:
    """Return a job by its number. Raises `Missing`, also for a deleted one."""
    asked = _BY_NUMBER.with_for_update() if lock else _BY_NUMBER
    job: Job | None = session.execute(asked, {"number": bot_id}).scalar()
    return _there(job, bot_id)


def get_with_recording(session: Session, bot_id: int) -> tuple[Job, bool]:
    """Return a job by its number, and whether it recorded something. Raises `Missing` as `get` does."""
    job, is_recorded = session.execute(_WITH_RECORDING, {"number": bot_id}).first() or (None, False)
    return _there(job, bot_id), bool(is_recorded)


def _there(job: Job | None, bot_id: int) -> Job:
    if job is None or job.deleted_at is not None:
        raise Missing("There is no such bot.", full=f"bot {bot_id}")
    return job


def page(
    session: Session,
    *,
    visible: Visible,
    states: Collection[tuple[State, bool | None]],
    offset: int,
    limit: int,
) -> tuple[Sequence[Job], int]:
    """Return one page of bots, newest first, and how many there are.

    `visible` says whose (see `ownership`). `states` (all when empty) are those wanted, each with whether the meeting's
    page has to be open, None for either.
    """
    wanted = _living(select(Job), visible)
    if states:
        wanted = wanted.where(sa.or_(*[_stands(state, page_open) for state, page_open in states]))
    return _page(session, wanted, col(Job.id).desc(), offset, limit)


def pages_open(session: Session, jobs: Sequence[Job]) -> set[int]:
    """Return which of the joining ones have the meeting's page open in the present try."""
    joining = [job.id for job in jobs if job.state == State.JOINING]
    if not joining:
        return set()
    found = session.exec(select(Job.id).where(col(Job.id).in_(joining), _page_is_open())).all()
    return {number for number in found if number is not None}


def lines(session: Session, bot_id: int, *, offset: int, limit: int) -> tuple[Sequence[JobEvent], int]:
    """Return one page of a timeline, oldest first."""
    wanted = select(JobEvent).where(JobEvent.job_id == bot_id)
    return _page(session, wanted, col(JobEvent.id), offset, limit)


def all_lines(
    session: Session,
    *,
    visible: Visible,
    bot_id: int | None,
    since: datetime | None,
    offset: int,
    limit: int,
) -> tuple[Sequence[JobEvent], int]:
    """Return one page of the timelines of all bots that are `visible`, newest first."""
    wanted: Select = select(JobEvent).join(Job, col(JobEvent.job_id) == col(Job.id))
    wanted = _living(wanted, visible)
    if bot_id is not None:
        wanted = wanted.where(JobEvent.job_id == bot_id)
    if since is not None:
        wanted = wanted.where(JobEvent.at >= since)
    return _page(session, wanted, col(JobEvent.id).desc(), offset, limit)


def last_line_at(session: Session, bot_ids: Sequence[int]) -> dict[int, datetime]:
    """Return when each bot was last heard of in its timeline."""
    if not bot_ids:
        return {}
    newest = (
        select(sa.func.max(JobEvent.id))
        .where(col(JobEvent.job_id).in_(bot_ids))
        .group_by(col(JobEvent.job_id))
    )
    found = session.exec(select(JobEvent).where(col(JobEvent.id).in_(newest))).all()
    return {line.job_id: line.at for line in found}


def callbacks(session: Session, jobs: Sequence[Job]) -> dict[int, Endpoint]:
    """Return the endpoint of the bots family that came with each job."""
    numbers = {int(number): job.id or 0 for job in jobs for number in job.hooks}
    if not numbers:
        return {}
    found = session.exec(
        select(Endpoint).where(col(Endpoint.id).in_(numbers), Endpoint.family == "bots")
    ).all()
    return {numbers[endpoint.id or 0]: endpoint for endpoint in found}


def with_recording(session: Session, bot_ids: Sequence[int]) -> set[int]:
    """Return which of these bots recorded something."""
    return set(session.execute(_RECORDED, {"numbers": list(bot_ids)}).scalars())


def recordings(session: Session, bot_ids: Sequence[int]) -> dict[int, list[Recording]]:
    """Return the recorded files of each bot, oldest first."""
    found: dict[int, list[Recording]] = {}
    wanted = select(Recording).where(col(Recording.job_id).in_(bot_ids)).order_by(col(Recording.id))
    for row in session.exec(wanted).all():
        found.setdefault(row.job_id, []).append(row)
    return found


def recorded(session: Session, *, visible: Visible, offset: int, limit: int) -> tuple[Sequence[Job], int]:
    """Return one page of the `visible` bots that have a recording, newest first."""
    has_one = select(Recording.id).where(col(Recording.job_id) == col(Job.id)).exists()
    return _page(session, _living(select(Job), visible).where(has_one), col(Job.id).desc(), offset, limit)


def recordings_before(session: Session, before: datetime) -> Sequence[Recording]:
    """Return the recorded files made before an instant."""
    return session.exec(select(Recording).where(Recording.created_at < before)).all()


def beat(session: Session, bot_id: int, at: datetime) -> None:
    """Remember that a bot is alive."""
    session.execute(sa.update(Job).where(col(Job.id) == bot_id).values(heartbeat_at=at))


def _living(wanted: Select, visible: Visible) -> Select:
    return wanted.where(col(Job.deleted_at).is_(None), visible)


def _stands(state: State, page_open: bool | None) -> sa.ColumnElement[bool]:
    in_state = col(Job.state) == state.value
    if page_open is None:
        return in_state
    return sa.and_(in_state, _page_is_open() if page_open else ~_page_is_open())


def _page_is_open() -> sa.ColumnElement[bool]:
    """The page of the present try was opened after the job was moved to the door."""
    opened = select(JobEvent.id).where(
        col(JobEvent.job_id) == col(Job.id),
        col(JobEvent.kind) == Told.BROWSER_OPEN.value,
        col(JobEvent.at) >= col(Job.updated_at),
    )
    return opened.exists()


def _page(session: Session, wanted: Select, order: Any, offset: int, limit: int) -> tuple[Sequence[Any], int]:
    total = session.exec(wanted.with_only_columns(sa.func.count(), maintain_column_froms=True)).one()
    total = total if isinstance(total, int) else total[0]
    found = session.exec(wanted.order_by(order).offset(offset).limit(limit)).all()
    return found, total
