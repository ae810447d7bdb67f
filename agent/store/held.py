"""Named queries about invitations that wait for an operator's word."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from agent.model.tables import Hold


def get(session: Session, hold_id: int, *, lock: bool = False) -> Hold | None:
    """Return one by its number."""
    return session.get(Hold, hold_id, with_for_update=lock or None)


def listed(session: Session, *, waiting_only: bool = True, limit: int = 200) -> Sequence[Hold]:
    """Return the newest, newest first."""
    wanted = select(Hold).order_by(col(Hold.id).desc()).limit(limit)
    return session.exec(wanted.where(Hold.state == "waiting") if waiting_only else wanted).all()


def about(session: Session, uid: str, sender: str) -> Sequence[Hold]:
    """Return what one sender had held about one UID, newest first."""
    return session.exec(
        select(Hold).where(Hold.uid == uid, Hold.sender == sender).order_by(col(Hold.id).desc())
    ).all()
