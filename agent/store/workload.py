"""Named queries about how much work there is."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.states import State
from agent.model.tables import Delivery, Job, Mail, Worker

PLANNED = (State.SCHEDULED.value, State.QUEUED.value)


def bots_by_state(session: Session) -> dict[str, int]:
    """Return how many jobs are in each state, zero included."""
    counted = session.exec(select(Job.state, sa.func.count()).group_by(Job.state)).all()
    return {state.value: 0 for state in State} | {str(state): int(count) for state, count in counted}


def bots_due(session: Session, now: datetime) -> int:
    """Return how many bots should be on their way and are not."""
    return int(
        session.exec(
            select(sa.func.count())
            .select_from(Job)
            .where(col(Job.state).in_(PLANNED), col(Job.join_at) <= now)
        ).one()
    )


def oldest_bot_due(session: Session) -> datetime | None:
    """Return when the first bot that is still planned is or was due."""
    return session.exec(
        select(Job.join_at).where(col(Job.state).in_(PLANNED)).order_by(col(Job.join_at)).limit(1)
    ).first()


def mails_unread(session: Session) -> int:
    """Return how many mails nobody has read yet."""
    return int(session.exec(select(sa.func.count()).select_from(Mail).where(Mail.verdict == "stored")).one())


def deliveries_due(session: Session, now: datetime) -> int:
    """Return how many deliveries wait for a try that is due."""
    return int(
        session.exec(
            select(sa.func.count())
            .select_from(Delivery)
            .where(Delivery.state == "due", col(Delivery.next_at) <= now)
        ).one()
    )


def oldest_delivery_due(session: Session) -> datetime | None:
    """Return when the first delivery that waits is or was due."""
    return session.exec(
        select(Delivery.next_at).where(Delivery.state == "due").order_by(col(Delivery.next_at)).limit(1)
    ).first()


def workers(session: Session) -> int:
    """Return how many processes run jobs."""
    return int(session.exec(select(sa.func.count()).select_from(Worker)).one())
