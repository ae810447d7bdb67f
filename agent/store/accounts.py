"""Named queries about users and keys."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from agent.model.tables import ApiKey, User


def by_email(session: Session, email: str) -> User | None:
    """Return a user by address, in any case: the one who proved it, before those who claim it."""
    named = select(User).where(User.email == email.strip().lower())
    return session.exec(named.order_by(col(User.verified_at).is_(None), col(User.id))).first()


def users(session: Session) -> Sequence[User]:
    """Return all users."""
    return session.exec(select(User).order_by(col(User.id))).all()


def key_by_hash(session: Session, digest: str) -> tuple[ApiKey, User] | None:
    """Return a key and its owner by the key's SHA-256."""
    return session.exec(select(ApiKey, User).where(ApiKey.hash == digest, ApiKey.user_id == User.id)).first()


def keys_of(session: Session, user_id: int) -> Sequence[ApiKey]:
    """Return a user's keys."""
    return session.exec(select(ApiKey).where(ApiKey.user_id == user_id).order_by(col(ApiKey.id))).all()
