"""Named queries about mails and what was read from them."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from agent.model.tables import EventSeries, Invitation, Job, Mail, Occurrence


def twin(session: Session, sha256: str, envelope: dict[str, object], since: datetime) -> Mail | None:
    """Return a mail with the same bytes and recipients that came in lately: a sender's retry after a lost answer."""
    found = session.exec(select(Mail).where(Mail.sha256 == sha256, Mail.received_at > since)).all()
    return next((mail for mail in found if mail.envelope.get("rcpt_to") == envelope.get("rcpt_to")), None)


def unread(session: Session, before: datetime) -> Sequence[Mail]:
    """Return stored mails that nobody has read yet."""
    return session.exec(select(Mail).where(Mail.verdict == "stored", Mail.received_at < before)).all()


def series(session: Session, uid: str) -> EventSeries | None:
    """Return what is believed about a UID."""
    return session.exec(select(EventSeries).where(EventSeries.uid == uid)).first()


def occurrences(session: Session, series_id: int) -> Sequence[Occurrence]:
    """Return the occurrences of a series, by time."""
    return session.exec(
        select(Occurrence).where(Occurrence.series_id == series_id).order_by(col(Occurrence.starts_at))
    ).all()


def on_links(session: Session, links: Sequence[str], other_than: str) -> Sequence[tuple[Occurrence, Job]]:
    """Return the occurrences of other UIDs that meet on any of these links and have a job."""
    found = session.exec(
        select(Occurrence, Job)
        .join(EventSeries, col(Occurrence.series_id) == col(EventSeries.id))
        .join(Job, col(Occurrence.job_id) == col(Job.id))
        .where(col(Occurrence.meeting_url).in_(links), EventSeries.uid != other_than)
    )
    return found.all()


def with_jobs(session: Session, series_id: int) -> Sequence[tuple[Occurrence, Job]]:
    """Return the occurrences of a series that have a job, each with it."""
    return session.exec(
        select(Occurrence, Job)
        .join(Job, col(Occurrence.job_id) == col(Job.id))
        .where(Occurrence.series_id == series_id)
    ).all()


def at_slot(session: Session, series_id: int, slot: str) -> Occurrence | None:
    """Return one occurrence by its slot."""
    return session.exec(
        select(Occurrence).where(Occurrence.series_id == series_id, Occurrence.slot == slot)
    ).first()


def occurrence_of(session: Session, job_id: int) -> Occurrence | None:
    """Return the occurrence that a job is for."""
    return session.exec(select(Occurrence).where(Occurrence.job_id == job_id)).first()


def invitations(session: Session, uid: str) -> Sequence[Invitation]:
    """Return every message about a UID, oldest first."""
    return session.exec(select(Invitation).where(Invitation.uid == uid).order_by(col(Invitation.id))).all()


def seen(session: Session, fingerprint: str) -> Invitation | None:
    """Return an earlier message with the same content."""
    return session.exec(select(Invitation).where(Invitation.fingerprint == fingerprint)).first()


def series_by_id(session: Session, series_id: int) -> EventSeries | None:
    """Return a series by its number."""
    return session.get(EventSeries, series_id)
