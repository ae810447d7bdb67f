"""Deletes what is old. Rows that keep a meeting explainable stay; what people said and wrote goes."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.series import Series
from agent.model.tables import (
    Attempt,
    CalendarChannel,
    Delivery,
    DeviceLogin,
    EventSeries,
    Hold,
    Invitation,
    Job,
    Mail,
    Occurrence,
    ShareLink,
    SummaryVersion,
    TranscriptEntry,
    Undeliverable,
    Unsubscription,
)

EMPTY = 60  # more characters than an event without a word has beside its UID


def forget_mails(session: Session, before: datetime) -> int:
    """Empty the raw bytes of old mails, but of those that wait for an operator's word, or to be read."""
    old = sa.update(Mail).where(col(Mail.received_at) < before, col(Mail.raw) != b"", _is_done())
    return _count(session.execute(old.values(raw=b"")))


def forget_invitations(session: Session, before: datetime) -> int:
    """Delete what is known of old messages: mails, notes on them, holds, and letters that are about no meeting."""
    told_for = sa.func.coalesce(col(Hold.starts_at), col(Hold.created_at))
    open_still = sa.and_(col(Hold.state) == "waiting", told_for >= before)
    gone = session.execute(sa.delete(Hold).where(col(Hold.created_at) < before, ~open_still))
    session.execute(sa.delete(Mail).where(col(Mail.received_at) < before, _is_done()))
    session.execute(sa.delete(Invitation).where(col(Invitation.received_at) < before))
    letters = sa.and_(col(Delivery.job_id).is_(None), col(Delivery.finished_at) < before)
    session.execute(
        sa.delete(Attempt).where(col(Attempt.delivery_id).in_(select(Delivery.id).where(letters)))
    )
    session.execute(sa.delete(Delivery).where(letters))
    return _count(gone)


def forget_events(session: Session, before: datetime) -> int:
    """Forget what events said whose last meeting is over; return how many.

    One that never had a job is deleted; of others the row stays, by which a job knows its inviters.
    """
    own = col(Occurrence.series_id) == col(EventSeries.id)
    later = select(Occurrence.id).where(own, col(Occurrence.ends_at) >= before)
    served = select(Occurrence.id).where(own, col(Occurrence.job_id).is_not(None))
    says_much = (
        sa.func.length(sa.cast(col(EventSeries.body), sa.String)) > sa.func.length(EventSeries.uid) + EMPTY
    )
    over = (col(EventSeries.updated_at) < before, col(EventSeries.horizon_until).is_(None), ~later.exists())
    idle = session.exec(select(EventSeries).where(*over, ~served.exists())).all()
    for row in idle:
        session.execute(sa.delete(Occurrence).where(col(Occurrence.series_id) == row.id))
        session.execute(sa.delete(Unsubscription).where(col(Unsubscription.scope) == f"series:{row.id}"))
        session.delete(row)
    held = session.exec(select(EventSeries).where(*over, served.exists(), says_much)).all()
    for row in held:
        row.body, row.thread = Series(uid=row.uid).model_dump(mode="json"), {}
        session.add(row)
    return len(idle) + len(held)


def forget_expired(session: Session, now: datetime, unreachable_before: datetime) -> int:
    """Delete what counts no more: channels, sign-ins of devices and links whose time is over, old reports on mailboxes."""
    session.execute(sa.delete(CalendarChannel).where(col(CalendarChannel.expires_at) < now))
    session.execute(sa.delete(DeviceLogin).where(col(DeviceLogin.expires_at) < now))
    session.execute(sa.delete(Undeliverable).where(col(Undeliverable.at) < unreachable_before))
    return _count(session.execute(sa.delete(ShareLink).where(col(ShareLink.expires_at) < now)))


def _is_done() -> sa.ColumnElement[bool]:
    """A mail that neither waits to be read nor for an operator's word."""
    waiting = select(Hold.id).where(col(Hold.mail_id) == col(Mail.id), col(Hold.state) == "waiting")
    return sa.and_(col(Mail.verdict) != "stored", ~waiting.exists())


def forget_words(session: Session, before: datetime) -> int:
    """Delete the transcripts of meetings that ended before."""
    ended = select(Job.id).where(col(Job.left_at) < before)
    return _count(session.execute(sa.delete(TranscriptEntry).where(col(TranscriptEntry.job_id).in_(ended))))


def forget_summaries(session: Session, before: datetime) -> int:
    """Delete old summaries."""
    return _count(session.execute(sa.delete(SummaryVersion).where(col(SummaryVersion.created_at) < before)))


def forget_deliveries(session: Session, before: datetime) -> int:
    """Empty finished mails and delete their attempts' answers; the rows stay as the record of what was sent."""
    old = select(Delivery.id).where(col(Delivery.finished_at) < before)
    session.execute(sa.delete(Attempt).where(col(Attempt.delivery_id).in_(old)))
    emptied = sa.update(Delivery).where(col(Delivery.finished_at) < before, col(Delivery.raw).is_not(None))
    return _count(session.execute(emptied.values(raw=None)))


def _count(result: sa.Result[tuple[()]]) -> int:
    return int(getattr(result, "rowcount", 0) or 0)
