"""Named queries about the reports of remote bots."""

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.tables import BotReport


def last_sequence(session: Session, job_id: int) -> int:
    """Return the number of the last report about a job; 0 when there was none."""
    wanted = select(sa.func.max(BotReport.sequence)).where(BotReport.job_id == job_id)
    return int(session.exec(wanted).one() or 0)


def get(session: Session, job_id: int, sequence: int) -> BotReport | None:
    """Return one report about a job."""
    return session.exec(
        select(BotReport).where(BotReport.job_id == job_id, BotReport.sequence == sequence)
    ).first()


def forget_before(session: Session, job_id: int, sequence: int) -> None:
    """Delete what is kept of a job's earlier reports: they do not come again."""
    session.execute(
        sa.delete(BotReport).where(col(BotReport.job_id) == job_id, col(BotReport.sequence) < sequence)
    )
