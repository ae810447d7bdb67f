"""What remote bots and payment services told us, remembered so that it counts once."""

from datetime import datetime

from sqlmodel import Field, SQLModel, UniqueConstraint

from agent.model.tables.columns import instant


class BotReport(SQLModel, table=True):
    """One report of a bot that runs without this database; `sequence` counts from 1 without a gap."""

    __table_args__ = (UniqueConstraint("job_id", "sequence"),)

    id: int | None = Field(default=None, primary_key=True)
    job_id: int = Field(foreign_key="job.id", index=True)
    sequence: int
    fingerprint: str
    received_at: datetime = instant(nullable=False)


class PaymentEvent(SQLModel, table=True):
    """One event of the payment service, by its own id, and what came of it."""

    id: str = Field(primary_key=True)
    kind: str
    happened_at: datetime = instant(nullable=False)
    received_at: datetime = instant(nullable=False, index=True)
    outcome: str = ""
