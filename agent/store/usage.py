"""Named queries about how much was used: sums a day, an outcome, a key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.states import Told
from agent.model.tables import Job, JobEvent, RequestLine, SummaryVersion


@dataclass(frozen=True, slots=True)
class Stay:
    """What is counted of one job."""

    job_id: int
    at: datetime
    state: str
    outcome: str
    join_at: datetime
    admitted_at: datetime | None
    left_at: datetime | None
    has_transcript: bool


def stays(session: Session, user_id: int | None, since: datetime, until: datetime) -> list[Stay]:
    """Return what is counted of each of a user's jobs whose time lies in [since, until). Deleted ones count too."""
    wanted = sa.select(
        col(Job.id),
        col(Job.join_at),
        col(Job.state),
        sa.func.coalesce(col(Job.failure_code), col(Job.end_reason), ""),
        col(Job.admitted_at),
        col(Job.left_at),
        col(Job.transcript_source),
    ).where(col(Job.join_at) >= since, col(Job.join_at) < until)
    if user_id is not None:
        wanted = wanted.where(col(Job.user_id) == user_id)
    return [
        Stay(number, at, state, outcome, at, admitted, left, bool(source))
        for number, at, state, outcome, admitted, left, source in session.execute(wanted).tuples()
    ]


def knocks(session: Session, user_id: int | None, since: datetime, until: datetime) -> dict[int, datetime]:
    """Return when the bot of each of those jobs first asked to join."""
    wanted = (
        sa.select(col(JobEvent.job_id), sa.func.min(col(JobEvent.at), type_=JobEvent.__table__.c.at.type))  # type: ignore[attr-defined]
        .join(Job, col(Job.id) == col(JobEvent.job_id))
        .where(col(Job.join_at) >= since, col(Job.join_at) < until, col(JobEvent.kind) == Told.KNOCKED.value)
        .group_by(col(JobEvent.job_id))
    )
    if user_id is not None:
        wanted = wanted.where(col(Job.user_id) == user_id)
    return dict(session.execute(wanted).tuples().all())


def summaries(
    session: Session, user_id: int | None, since: datetime, until: datetime
) -> list[tuple[datetime, int, int]]:
    """Return when each summary was made in [since, until), and how many tokens it took in and gave out."""
    wanted = (
        sa.select(
            col(SummaryVersion.created_at),
            sa.func.coalesce(col(SummaryVersion.body)["input_tokens"].as_integer(), 0),
            sa.func.coalesce(col(SummaryVersion.body)["output_tokens"].as_integer(), 0),
        )
        .join(Job, col(Job.id) == col(SummaryVersion.job_id))
        .where(col(SummaryVersion.created_at) >= since, col(SummaryVersion.created_at) < until)
    )
    if user_id is not None:
        wanted = wanted.where(col(Job.user_id) == user_id)
    return [(at, given, made) for at, given, made in session.execute(wanted).tuples()]


@dataclass(frozen=True, slots=True)
class Asked:
    """Requests of one key (None: signed in) on one day (YYYY-MM-DD, UTC): how many, how many failed, how long they took."""

    day: str
    key_id: int | None
    requests: int
    errors: int
    mean_ms: float


def requests(
    session: Session, user_id: int, since: datetime, until: datetime, key_id: int | None = None
) -> list[Asked]:
    """Return a user's requests in [since, until) by day and key."""
    day = sa.func.substr(sa.cast(col(RequestLine.at), sa.String), 1, 10)
    failed = sa.func.sum(sa.case((col(RequestLine.status) >= 400, 1), else_=0))
    wanted = (
        sa.select(
            day, col(RequestLine.key_id), sa.func.count(), failed, sa.func.avg(col(RequestLine.duration_ms))
        )
        .where(col(RequestLine.user_id) == user_id, col(RequestLine.at) >= since, col(RequestLine.at) < until)
        .group_by(day, col(RequestLine.key_id))
        .order_by(day)
    )
    if key_id is not None:
        wanted = wanted.where(col(RequestLine.key_id) == key_id)
    return [
        Asked(str(when), key, count, int(errors or 0), float(mean or 0))
        for when, key, count, errors, mean in session.execute(wanted).tuples()
    ]


def request_lines(
    session: Session,
    user_id: int,
    *,
    key_id: int | None,
    status_from: int | None,
    offset: int,
    limit: int,
) -> tuple[Sequence[RequestLine], int]:
    """Return one page of a user's requests, newest first, and how many there are; only those with such a status or worse."""
    wanted = select(RequestLine).where(RequestLine.user_id == user_id)
    if key_id is not None:
        wanted = wanted.where(RequestLine.key_id == key_id)
    if status_from is not None:
        wanted = wanted.where(RequestLine.status >= status_from)
    total = session.exec(select(sa.func.count()).select_from(wanted.subquery())).one()
    return session.exec(wanted.order_by(col(RequestLine.id).desc()).offset(offset).limit(limit)).all(), total
