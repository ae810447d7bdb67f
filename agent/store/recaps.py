"""Named queries about who reads recaps: what came before in a series, who wants none, whose mail comes back."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.states import State
from agent.model.tables import (
    Delivery,
    Job,
    Occurrence,
    SummaryVersion,
    Undeliverable,
    Unsubscription,
)


def series_of(session: Session, job_id: int) -> int | None:
    """Return the number of the calendar series that a job belongs to."""
    return session.exec(select(Occurrence.series_id).where(Occurrence.job_id == job_id)).first()


def job_before(session: Session, job: Job) -> Job | None:
    """Return the last job before this one, of the same calendar series, that came to a summary."""
    mine = select(Occurrence.series_id).where(Occurrence.job_id == job.id)
    noted = select(SummaryVersion.id).where(col(SummaryVersion.job_id) == col(Job.id)).exists()
    return session.exec(
        select(Job)
        .join(Occurrence, col(Occurrence.job_id) == col(Job.id))
        .where(col(Occurrence.series_id).in_(mine), Job.id != job.id, Job.starts_at < job.starts_at, noted)
        .where(col(Job.deleted_at).is_(None))
        .order_by(col(Job.starts_at).desc())
    ).first()


def on_code(session: Session, job: Job, since: datetime, until: datetime) -> Sequence[Job]:
    """Return the other jobs with the same meeting code that start in [since, until) and were not called off."""
    return session.exec(
        select(Job).where(
            Job.meeting_code == job.meeting_code,
            Job.id != job.id,
            Job.state != State.CANCELLED.value,
            Job.starts_at >= since,
            Job.starts_at < until,
        )
    ).all()


def unsubscribed(session: Session, scope: str) -> frozenset[str]:
    """Return who wants no recaps of a series."""
    found = session.exec(select(Unsubscription.email).where(Unsubscription.scope == scope)).all()
    return frozenset(found)


def unsubscribe(session: Session, email: str, scope: str, at: datetime) -> bool:
    """Remember that an address wants no more recaps of a series. False when that is known already."""
    known = select(Unsubscription).where(Unsubscription.email == email, Unsubscription.scope == scope)
    if session.exec(known).first() is not None:
        return False
    session.add(Unsubscription(email=email, scope=scope, at=at))
    return True


def subscribe(session: Session, email: str, scope: str) -> None:
    """Forget that an address wants no recaps of a series, and that its mail came back."""
    wants_none = sa.delete(Unsubscription).where(
        col(Unsubscription.email) == email, col(Unsubscription.scope) == scope
    )
    session.execute(wants_none)
    session.execute(sa.delete(Undeliverable).where(col(Undeliverable.email) == email))


def undeliverable(session: Session, since: datetime) -> frozenset[str]:
    """Return the addresses whose mail came back for good since an instant."""
    return frozenset(session.exec(select(Undeliverable.email).where(Undeliverable.at >= since)).all())


def mark_undeliverable(session: Session, row: Undeliverable) -> None:
    """Remember the newest report about an address."""
    session.merge(row)


def sent_as(session: Session, message_ids: Sequence[str]) -> Delivery | None:
    """Return the mail that left under one of these Message-IDs."""
    wanted = select(Delivery).where(Delivery.channel == "mail", col(Delivery.message_id).in_(message_ids))
    return session.exec(wanted).first()


def due_to(session: Session, email: str) -> Sequence[Delivery]:
    """Return the mails to an address that have still to go."""
    return session.exec(
        select(Delivery).where(Delivery.channel == "mail", Delivery.state == "due", Delivery.target == email)
    ).all()


def mails_of(session: Session, job_id: int, event: str) -> Sequence[Delivery]:
    """Return the mails of one kind that a job sent or will send."""
    return session.exec(
        select(Delivery).where(Delivery.job_id == job_id, Delivery.channel == "mail", Delivery.event == event)
    ).all()


def empty_mails(session: Session, job_id: int) -> None:
    """Delete the text of every mail of a job; the rows stay as the record of what was sent."""
    mine = sa.update(Delivery).where(col(Delivery.job_id) == job_id, col(Delivery.channel) == "mail")
    session.execute(mine.values(raw=None, subject=""))
