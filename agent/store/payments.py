"""Named queries about payments and plans."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.tables import Job, PaymentEvent, User


def event(session: Session, event_id: str) -> PaymentEvent | None:
    """Return an event that was taken before."""
    return session.get(PaymentEvent, event_id)


def user_by_payer(session: Session, payer: str) -> User | None:
    """Return whom the payment service knows under this customer id."""
    return session.exec(select(User).where(User.payer == payer)).first() if payer else None


def jobs_since(session: Session, user_id: int, since: datetime) -> int:
    """Return how many jobs a user has made since an instant."""
    wanted = (
        select(sa.func.count())
        .select_from(Job)
        .where(col(Job.user_id) == user_id, col(Job.created_at) >= since)
    )
    return int(session.exec(wanted).one())
