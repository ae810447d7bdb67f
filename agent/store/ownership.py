"""Named queries about whose a job is: its user's, and everybody's whose invitation it serves."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.account import Principal
from agent.model.tables import EventSeries, Job, Occurrence, User


def sees(session: Session, by: Principal, job: Job) -> bool:
    """Whether a job is somebody's to see."""
    return is_owner(by, job) or bool(by.email and by.email in inviters(session, job.id or 0))


def is_owner(by: Principal, job: Job) -> bool:
    """Whether a job is somebody's to change: the named inviter's and the user's, not of those whom it serves besides."""
    return by.may_see(job.user_id, job.inviter)


def inviters(session: Session, job_id: int) -> Sequence[str]:
    """Return everybody whose invitation a job serves."""
    return session.exec(
        select(EventSeries.inviter)
        .join(Occurrence, col(Occurrence.series_id) == col(EventSeries.id))
        .where(Occurrence.job_id == job_id, col(Occurrence.cancelled).is_(False))
        .distinct()
    ).all()


def users(session: Session, job: Job) -> frozenset[int]:
    """Return the numbers of all users whose job it is."""
    proved = select(User.id).where(
        col(User.email).in_(inviters(session, job.id or 0)), col(User.verified_at).is_not(None)
    )
    found = {number for number in session.exec(proved).all() if number is not None}
    return frozenset(found | ({job.user_id} if job.user_id is not None else set()))


def visible(session: Session, by: Principal) -> sa.ColumnElement[bool]:
    """Return the condition that a job is somebody's to see.

    Nearly always it is the plain one, of which the jobs of a user have an index.
    """
    if by.is_operator:
        return sa.true()
    own = col(Job.user_id) == (by.user_id or 0)
    others = _invited(by)
    if by.email and session.execute(sa.select(others.exists())).scalar_one():
        return sa.or_(own, col(Job.id).in_(others))
    return own


def served(email: str) -> sa.Select[Any]:
    """Select the numbers of the jobs that serve the invitations of an address."""
    return (
        sa.select(col(Job.id))
        .join(Occurrence, col(Occurrence.job_id) == col(Job.id))
        .join(EventSeries, col(Occurrence.series_id) == col(EventSeries.id))
        .where(col(EventSeries.inviter) == email, col(Occurrence.cancelled).is_(False))
    )


def _invited(by: Principal) -> sa.CompoundSelect[Any]:
    """Select the jobs that an address invited the bot to, and that stand in another account, or in none."""
    elsewhere = col(Job.user_id).is_distinct_from(by.user_id)
    named = sa.select(col(Job.id)).where(col(Job.inviter) == by.email, elsewhere)
    return sa.union_all(named, served(by.email).where(elsewhere))
