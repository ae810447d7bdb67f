"""Named queries about what is made of a meeting on demand, and the links that show it to others."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.tables import Production, ShareLink, SummaryVersion, TranscriptEntry


def production(session: Session, job_id: int, kind: str) -> Production | None:
    """Return the newest wish for a transcript or a summary."""
    return session.exec(
        select(Production).where(Production.job_id == job_id, Production.kind == kind)
    ).first()


def count_entries(session: Session, job_id: int, source: str) -> int:
    """Return how many entries a transcript has, without reading them."""
    counted = select(sa.func.count()).where(
        TranscriptEntry.job_id == job_id, TranscriptEntry.source == source
    )
    return session.exec(counted).one()


def live_link(session: Session, job_id: int, now: datetime) -> ShareLink | None:
    """Return the link that shows a job now."""
    return session.exec(
        select(ShareLink)
        .where(
            ShareLink.job_id == job_id, col(ShareLink.revoked_at).is_(None), col(ShareLink.expires_at) > now
        )
        .order_by(col(ShareLink.id).desc())
    ).first()


def link_by_hash(session: Session, digest: str) -> ShareLink | None:
    """Return a link by its token's digest."""
    return session.exec(select(ShareLink).where(ShareLink.hash == digest)).first()


def revoke(session: Session, job_id: int, now: datetime) -> int:
    """Revoke every link to a job; return how many there were."""
    live = sa.update(ShareLink).where(col(ShareLink.job_id) == job_id, col(ShareLink.revoked_at).is_(None))
    done = session.execute(live.values(revoked_at=now))
    return int(done.rowcount or 0)  # type: ignore[attr-defined]


def viewed(session: Session, link_id: int, now: datetime) -> None:
    """Count a view."""
    seen = sa.update(ShareLink).where(col(ShareLink.id) == link_id)
    session.execute(seen.values(views=ShareLink.views + 1, last_viewed_at=now))


def forget_summaries(session: Session, job_id: int) -> int:
    """Delete every version of a job's summary; return how many there were."""
    gone = session.execute(sa.delete(SummaryVersion).where(col(SummaryVersion.job_id) == job_id))
    return int(gone.rowcount or 0)  # type: ignore[attr-defined]
