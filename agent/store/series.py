"""Named queries about the calendar as it is believed: series, their occurrences, and the jobs they share."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.states import TERMINAL, State
from agent.model.tables import EventSeries, Job, Occurrence, User

_LIVE = [state.value for state in State if state not in TERMINAL | {State.FINALIZING}]


def by_uid(session: Session, uid: str) -> EventSeries | None:
    """Return what is believed about a UID."""
    return session.exec(select(EventSeries).where(EventSeries.uid == uid)).first()


def elsewhere(
    session: Session, links: Collection[str], begins: datetime, ends: datetime, other_than: int | None
) -> Sequence[tuple[Occurrence, Job, int]]:
    """Return where live jobs meet on any of these links for other series within [begins, ends].

    Of all occurrences that share a job, a link and a start one is returned, and how many they are.
    """
    places = (
        sa.select(sa.func.min(Occurrence.id).label("first"), sa.func.count().label("many"))
        .join(Job, col(Occurrence.job_id) == col(Job.id))
        .where(
            col(Occurrence.meeting_url).in_(sorted(links)),
            col(Occurrence.starts_at).between(begins, ends),
            col(Occurrence.cancelled).is_(False),
            col(Job.state).in_(_LIVE),
        )
        .group_by(col(Occurrence.job_id), col(Occurrence.meeting_url), col(Occurrence.starts_at))
    )
    if other_than is not None:
        places = places.where(col(Occurrence.series_id) != other_than)
    found = places.subquery()
    wanted = sa.select(Occurrence, Job, found.c.many).join(Job, col(Occurrence.job_id) == col(Job.id))
    return [tuple(row) for row in session.execute(wanted.join(found, col(Occurrence.id) == found.c.first))]


def occurrences(session: Session, series_id: int, slots: Collection[str]) -> Sequence[Occurrence]:
    """Return the occurrences of a series that have these names."""
    return session.exec(
        select(Occurrence).where(Occurrence.series_id == series_id, col(Occurrence.slot).in_(sorted(slots)))
    ).all()


def with_jobs(
    session: Session, series_id: int, slots: Collection[str] | None = None
) -> Sequence[tuple[Occurrence, Job]]:
    """Return the occurrences of a series that have a job, each with it; given `slots`, those so named and all live ones."""
    wanted = (
        select(Occurrence, Job)
        .join(Job, col(Occurrence.job_id) == col(Job.id))
        .where(Occurrence.series_id == series_id)
    )
    if slots is not None:
        wanted = wanted.where(sa.or_(col(Occurrence.slot).in_(sorted(slots)), col(Job.state).in_(_LIVE)))
    return session.exec(wanted).all()


def sharing(session: Session, job_id: int) -> Sequence[tuple[Occurrence, EventSeries]]:
    """Return the occurrences that a job serves, each with its series: one for each invitation to the same meeting."""
    return session.exec(
        select(Occurrence, EventSeries)
        .join(EventSeries, col(Occurrence.series_id) == col(EventSeries.id))
        .where(Occurrence.job_id == job_id, col(Occurrence.cancelled).is_(False))
        .order_by(col(EventSeries.uid))
    ).all()


def planned_for(session: Session, inviter: str, begins: datetime, ends: datetime) -> Sequence[Job]:
    """Return the jobs of an inviter that start in [begins, ends) and are not cancelled."""
    return session.exec(
        select(Job).where(
            Job.inviter == inviter,
            Job.starts_at >= begins,
            Job.starts_at < ends,
            Job.state != State.CANCELLED.value,
        )
    ).all()


def user_of(session: Session, email: str) -> User | None:
    """Return the registered user who proved an address."""
    proved = col(User.verified_at).is_not(None)
    found = select(User).where(User.email == email, proved, col(User.disabled).is_(False))
    return session.exec(found).first() if email else None


def short_of(session: Session, until: datetime, *, after: int, limit: int) -> Sequence[EventSeries]:
    """Return series whose occurrences are not known up to `until`, in the order of their numbers, beyond `after`."""
    return session.exec(
        select(EventSeries)
        .where(col(EventSeries.horizon_until) < until, col(EventSeries.id) > after)
        .order_by(col(EventSeries.id))
        .limit(limit)
    ).all()


def in_calendar(session: Session, calendar_id: str, begins: datetime, ends: datetime) -> Sequence[str]:
    """Return the UIDs that a polled calendar held with a job that is planned within [begins, ends)."""
    live = [state.value for state in State if state not in {State.COMPLETED, State.FAILED, State.CANCELLED}]
    return session.exec(
        select(EventSeries.uid)
        .join(Occurrence, col(Occurrence.series_id) == col(EventSeries.id))
        .join(Job, col(Occurrence.job_id) == col(Job.id))
        .where(
            EventSeries.calendar_id == calendar_id,
            col(Occurrence.starts_at) >= begins,
            col(Occurrence.starts_at) < ends,
            col(Occurrence.cancelled).is_(False),
            col(Job.state).in_(live),
        )
        .distinct()
    ).all()
