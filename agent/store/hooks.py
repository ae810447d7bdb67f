"""Named queries about the webhooks that people registered, and what was sent to them."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.tables import Attempt, Delivery, Endpoint


def page(session: Session, *, user_id: int | None, offset: int, limit: int) -> tuple[Sequence[Endpoint], int]:
    """Return one page of a user's webhooks, and how many there are. `user_id` None means everybody's."""
    wanted = select(Endpoint).where(Endpoint.origin == "api")
    if user_id is not None:
        wanted = wanted.where(Endpoint.user_id == user_id)
    total = session.exec(select(sa.func.count()).select_from(wanted.subquery())).one()
    return session.exec(wanted.order_by(col(Endpoint.id)).offset(offset).limit(limit)).all(), total


def count(session: Session, user_id: int | None) -> int:
    """Return how many webhooks a user has."""
    wanted = select(sa.func.count()).where(Endpoint.origin == "api", Endpoint.user_id == user_id)
    return session.exec(wanted).one()


def deliveries(
    session: Session, endpoint_id: int, *, state: str | None, offset: int, limit: int
) -> tuple[Sequence[Delivery], int]:
    """Return one page of what was sent to a webhook, newest first, and how much there is."""
    wanted = select(Delivery).where(Delivery.endpoint_id == endpoint_id)
    if state is not None:
        wanted = wanted.where(Delivery.state == state)
    total = session.exec(select(sa.func.count()).select_from(wanted.subquery())).one()
    ordered = wanted.order_by(col(Delivery.created_at).desc(), col(Delivery.id).desc())
    return session.exec(ordered.offset(offset).limit(limit)).all(), total


def attempts(session: Session, delivery_ids: Sequence[str]) -> dict[str, list[Attempt]]:
    """Return the tries at each delivery, oldest first."""
    found: dict[str, list[Attempt]] = {}
    wanted = select(Attempt).where(col(Attempt.delivery_id).in_(delivery_ids)).order_by(col(Attempt.id))
    for row in session.exec(wanted).all():
        found.setdefault(row.delivery_id, []).append(row)
    return found


def missed(session: Session, endpoint_id: int, since: datetime, limit: int) -> Sequence[Delivery]:
    """Return what a webhook did not get since an instant, oldest first."""
    return session.exec(
        select(Delivery)
        .where(
            Delivery.endpoint_id == endpoint_id,
            col(Delivery.state).in_(["failed", "held"]),
            Delivery.created_at >= since,
        )
        .order_by(col(Delivery.created_at))
        .limit(limit)
    ).all()


def cancel_due(session: Session, endpoint_id: int, now: datetime) -> None:
    """Give up what is still to be sent to a webhook that is deleted."""
    due = sa.update(Delivery).where(
        col(Delivery.endpoint_id) == endpoint_id, col(Delivery.state).in_(["due", "held"])
    )
    session.execute(due.values(state="cancelled", next_at=None, finished_at=now))
