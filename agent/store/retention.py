"""Deletes what is old. Rows that keep a meeting explainable stay; what people said and wrote goes."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.tables import Attempt, Delivery, Job, Mail, SummaryVersion, TranscriptEntry


def forget_mails(session: Session, before: datetime) -> int:
    """Empty the raw bytes of old mails; the rows stay, so that a replay is still known."""
    return _count(
        session.execute(
            sa.update(Mail).where(col(Mail.received_at) < before, col(Mail.raw) != b"").values(raw=b"")
        )
    )


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
