"""Named queries about users and keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.tables import ApiKey, User


def by_email(session: Session, email: str) -> User | None:
    """Return a user by address, in any case: the one who proved it, before those who claim it."""
    named = select(User).where(User.email == email.strip().lower())
    return session.exec(named.order_by(col(User.verified_at).is_(None), col(User.id))).first()


def users(session: Session) -> Sequence[User]:
    """Return all users."""
    return session.exec(select(User).order_by(col(User.id))).all()


@dataclass(frozen=True, slots=True)
class Holder:
    """A live or dead key with its owner, as far as a request has to know them."""

    key_id: int
    scopes: list[str]
    expires_at: datetime | None
    revoked_at: datetime | None
    user_id: int
    email: str
    verified_at: datetime | None
    is_operator: bool
    disabled: bool
    plan: str


# Asked at every request, so it is built once and fetches columns, not objects.
_HOLDER = (
    sa.select(
        col(ApiKey.id),
        col(ApiKey.scopes),
        col(ApiKey.expires_at),
        col(ApiKey.revoked_at),
        col(User.id),
        col(User.email),
        col(User.verified_at),
        col(User.is_operator),
        col(User.disabled),
        col(User.plan),
    )
    .join_from(ApiKey, User, col(ApiKey.user_id) == col(User.id))
    .where(col(ApiKey.hash) == sa.bindparam("digest"))
)


def holder(connection: sa.Connection, digest: str) -> Holder | None:
    """Return who holds a key, by the key's SHA-256."""
    found = connection.execute(_HOLDER, {"digest": digest}).first()
    return Holder(*found) if found else None


def keys_of(session: Session, user_id: int) -> Sequence[ApiKey]:
    """Return a user's keys."""
    return session.exec(select(ApiKey).where(ApiKey.user_id == user_id).order_by(col(ApiKey.id))).all()
