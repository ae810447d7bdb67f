"""Named queries about mails and what was read from them."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.tables import Delivery, EventSeries, Invitation, Mail, Occurrence


def twin(session: Session, sha256: str, envelope: dict[str, object], since: datetime) -> Mail | None:
    """Return a mail with the same bytes and recipients that came in lately: a sender's retry after a lost answer."""
    found = session.exec(select(Mail).where(Mail.sha256 == sha256, Mail.received_at > since)).all()
    return next((mail for mail in found if mail.envelope.get("rcpt_to") == envelope.get("rcpt_to")), None)


def unread(session: Session, before: datetime) -> Sequence[Mail]:
    """Return stored mails that nobody has read yet."""
    return session.exec(select(Mail).where(Mail.verdict == "stored", Mail.received_at < before)).all()


def uids_of(session: Session, job_id: int) -> Sequence[str]:
    """Return the calendar UIDs that a job is, or was, for."""
    return session.exec(
        select(EventSeries.uid)
        .join(Occurrence, col(Occurrence.series_id) == col(EventSeries.id))
        .where(Occurrence.job_id == job_id)
        .distinct()
        .order_by(EventSeries.uid)
    ).all()


def invitations(session: Session, uid: str) -> Sequence[Invitation]:
    """Return every message about a UID, oldest first."""
    return session.exec(select(Invitation).where(Invitation.uid == uid).order_by(col(Invitation.id))).all()


def get(session: Session, mail_id: int) -> Mail | None:
    """Return a mail by its number."""
    return session.get(Mail, mail_id)


def read_from(session: Session, mail_id: int) -> Sequence[Invitation]:
    """Return what was read from a mail, in its order."""
    return session.exec(
        select(Invitation).where(Invitation.mail_id == mail_id).order_by(col(Invitation.id))
    ).all()


def newest(session: Session, limit: int) -> Sequence[Invitation]:
    """Return the newest messages, newest first."""
    return session.exec(select(Invitation).order_by(col(Invitation.id).desc()).limit(limit)).all()


def last_of(session: Session, uid: str, source: str) -> Invitation | None:
    """Return the newest message about a UID that came by one way."""
    return session.exec(
        select(Invitation)
        .where(Invitation.uid == uid, Invitation.source == source)
        .order_by(col(Invitation.id).desc())
        .limit(1)
    ).first()


def sent_since(session: Session, event: str, since: datetime, target: str = "") -> int:
    """Return how many mails of a kind were queued since an instant, to anyone or to one address."""
    wanted = select(sa.func.count()).where(
        Delivery.event == event, Delivery.channel == "mail", Delivery.created_at > since
    )
    return session.exec(wanted.where(Delivery.target == target) if target else wanted).one()
