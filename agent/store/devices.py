"""Named queries about devices that sign in."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.tables import DeviceLogin


def by_nonce(session: Session, digest: str) -> DeviceLogin | None:
    """Return a login by the digest of its nonce."""
    return session.exec(select(DeviceLogin).where(DeviceLogin.nonce_hash == digest).with_for_update()).first()


def by_user_code(session: Session, code: str) -> DeviceLogin | None:
    """Return a login by its user code."""
    return session.exec(select(DeviceLogin).where(DeviceLogin.user_code == code).with_for_update()).first()


def forget(session: Session, before: datetime) -> int:
    """Delete logins that expired before an instant; return how many."""
    gone = session.execute(sa.delete(DeviceLogin).where(col(DeviceLogin.expires_at) < before))
    return int(gone.rowcount or 0)  # type: ignore[attr-defined]
