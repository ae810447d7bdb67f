"""Named queries about mails and what was read from them."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.invite import Envelope
from agent.model.tables import Delivery, EventSeries, Invitation, Mail, Occurrence

Mark = tuple[str, tuple[str, ...]]


def marked(session: Session, digests: Collection[str], since: datetime) -> dict[Mark, int]:
    """Return the numbers of the mails with these SHA-256 digests that came in lately, by digest and recipients."""
    wanted = sa.select(Mail.sha256, Mail.envelope, Mail.id).where(  # type: ignore[call-overload]
        col(Mail.sha256).in_(sorted(digests)), col(Mail.received_at) > since
    )
    return {
        (digest, tuple(envelope.get("rcpt_to", ()))): number
        for digest, envelope, number in session.execute(wanted)
    }


def put(session: Session, received_at: datetime, fresh: Sequence[tuple[Envelope, str, bytes]]) -> list[int]:
    """Store mails, each as its envelope, digest and raw bytes, in one statement; return their numbers in that order."""
    if not fresh:
        return []
    rows = [
        _blank()
        | {
            "envelope": envelope.model_dump(mode="json"),
            "received_at": received_at,
            "sha256": digest,
            "raw": raw,
        }
        for envelope, digest, raw in fresh
    ]
    stored = sa.insert(Mail).returning(col(Mail.id), sort_by_parameter_order=True)
    return [number for number in session.connection().execute(stored, rows).scalars() if number is not None]


@cache
def _blank() -> dict[str, Any]:
    """Return the defaults of a mail's row: making an object for each would cost more than storing it."""
    return Mail(sha256="", received_at=datetime.now(UTC), raw=b"").model_dump(exclude={"id"})


def unread(session: Session, before: datetime, limit: int) -> Sequence[int]:
    """Return the numbers of stored mails that nobody has read yet, newest first."""
    waiting = select(Mail.id).where(Mail.verdict == "stored", Mail.received_at < before)
    found = session.exec(waiting.order_by(col(Mail.id).desc()).limit(limit)).all()
    return [number for number in found if number is not None]


def waiting(session: Session, numbers: Collection[int] | None = None) -> dict[int, Envelope]:
    """Return the envelopes of the stored mails that nobody has read yet, of all or of these numbers, oldest first."""
    wanted = sa.select(Mail.id, Mail.envelope).where(col(Mail.verdict) == "stored")  # type: ignore[call-overload]
    if numbers is not None:
        wanted = wanted.where(col(Mail.id).in_(sorted(numbers)))
    return {
        number: Envelope.model_validate(envelope)
        for number, envelope in session.execute(wanted.order_by(col(Mail.id)))
    }


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
