"""Named queries about what goes out."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.tables import Attempt, Delivery, Endpoint


def by_key(session: Session, key: str) -> Delivery | None:
    """Return the delivery queued under a key, if any."""
    return session.exec(select(Delivery).where(Delivery.key == key)).first()


def get(session: Session, delivery_id: str) -> Delivery | None:
    """Return a delivery by its id."""
    return session.get(Delivery, delivery_id)


def of_job(session: Session, job_id: int) -> Sequence[Delivery]:
    """Return everything a job sent or will send, oldest first."""
    return session.exec(
        select(Delivery).where(Delivery.job_id == job_id).order_by(col(Delivery.created_at), col(Delivery.id))
    ).all()


def attempts(session: Session, delivery_id: str) -> Sequence[Attempt]:
    """Return every try at a delivery."""
    return session.exec(
        select(Attempt).where(Attempt.delivery_id == delivery_id).order_by(col(Attempt.number))
    ).all()


def due(session: Session, before: datetime, limit: int = 500) -> Sequence[Delivery]:
    """Return deliveries that should have been tried by `before`."""
    return session.exec(
        select(Delivery).where(Delivery.state == "due", col(Delivery.next_at) < before).limit(limit)
    ).all()


def listeners(session: Session, *, family: str, event: str, users: Collection[int]) -> Sequence[Endpoint]:
    """Return the endpoints that want an event: the server's own and the owners'; an empty list of events wants all.

    One that was turned off because it failed is among them: what it misses is held until its owner asks for it.
    """
    owned: sa.ColumnElement[bool] = col(Endpoint.user_id).is_(None)
    if users:
        owned = sa.or_(owned, col(Endpoint.user_id).in_(users))
    failed = sa.and_(col(Endpoint.origin) == "api", col(Endpoint.disabled_reason) != "")
    hears = sa.or_(col(Endpoint.enabled), failed)
    found = session.exec(
        select(Endpoint).where(hears, Endpoint.family == family, Endpoint.origin != "job", owned)
    ).all()
    return [endpoint for endpoint in found if not endpoint.events or event in endpoint.events]


def endpoint(session: Session, endpoint_id: int) -> Endpoint | None:
    """Return an endpoint."""
    return session.get(Endpoint, endpoint_id)


def configured(session: Session) -> Sequence[Endpoint]:
    """Return the endpoints that the configuration names."""
    return session.exec(select(Endpoint).where(Endpoint.origin == "config")).all()
