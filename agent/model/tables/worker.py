"""Processes that run jobs."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from agent.model.tables.columns import instant


class Worker(SQLModel, table=True):
    """Liveness of one process incarnation: a counter, so that no clocks are compared."""

    id: str = Field(primary_key=True)
    beat: int = 0
    started_at: datetime = instant(nullable=False)


class MeetingLease(SQLModel, table=True):
    """The right to have a bot in one meeting. One row a meeting code, so a meeting never has two bots."""

    meeting_code: str = Field(primary_key=True)
    job_id: int
    holder: str
    taken_at: datetime = instant(nullable=False)
