"""Named queries about requests to the API: the lines of the book, and answers kept for repeats."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.tables import ApiKey, KeptAnswer, RequestLine

KEY_USED_PRECISION = timedelta(minutes=1)


def add(session: Session, lines: Sequence[dict[str, Any]]) -> None:
    """Write lines of the book, given by their columns."""
    session.execute(sa.insert(RequestLine), lines)


def key_used(session: Session, key_id: int, at: datetime) -> None:
    """Remember that a key was used, to the minute."""
    session.execute(
        sa.update(ApiKey)
        .where(
            col(ApiKey.id) == key_id,
            sa.or_(col(ApiKey.last_used_at).is_(None), col(ApiKey.last_used_at) < at - KEY_USED_PRECISION),
        )
        .values(last_used_at=at)
    )


def kept(session: Session, user_id: int, method: str, path: str, key: str) -> KeptAnswer | None:
    """Return what is kept for a repeat of a request."""
    return session.exec(
        select(KeptAnswer).where(
            KeptAnswer.user_id == user_id,
            KeptAnswer.method == method,
            KeptAnswer.path == path,
            KeptAnswer.key == key,
        )
    ).first()


def forget_kept(session: Session, before: datetime) -> int:
    """Delete answers kept since before an instant; return how many."""
    gone = session.execute(sa.delete(KeptAnswer).where(col(KeptAnswer.created_at) < before))
    return int(gone.rowcount or 0)  # type: ignore[attr-defined]


def forget_lines(session: Session, before: datetime) -> int:
    """Delete lines of the book written before an instant; return how many."""
    gone = session.execute(sa.delete(RequestLine).where(col(RequestLine.at) < before))
    return int(gone.rowcount or 0)  # type: ignore[attr-defined]
