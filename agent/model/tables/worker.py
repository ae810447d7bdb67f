"""Processes that run jobs."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from agent.model.tables.columns import document, instant


class Worker(SQLModel, table=True):
    """Liveness of one process incarnation: a counter, so that no clocks are compared."""

    id: str = Field(primary_key=True)
    beat: int = 0
    started_at: datetime = instant(nullable=False)


class Loan(SQLModel, table=True):
    """A job that waits for a worker far from this database, or is at one; one row a job.

    `key` is the engine's key of the plan on offer or on loan. `worker` and `lease` are empty while nobody has it; the
    lease is the right to report, and `arrived` says that the worker knows of it. `verbs` are what people asked of the
    bot, in order; they outlive a worker.
    """

    job_id: int = Field(primary_key=True, foreign_key="job.id")
    key: str = Field(index=True)
    worker: str = Field(default="", index=True)
    lease: str = ""
    arrived: bool = False
    heard_at: datetime | None = instant()
    verbs: list[Any] = document(list)


class MeetingLease(SQLModel, table=True):
    """The right to have a bot in one meeting. One row a meeting code, so a meeting never has two bots."""

    meeting_code: str = Field(primary_key=True)
    job_id: int
    holder: str
    taken_at: datetime = instant(nullable=False)
