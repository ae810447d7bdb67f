"""What goes out: deliveries as rows, written with the state change they tell of, and every attempt at them."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel, UniqueConstraint

from agent.model.tables.columns import document, instant


class Delivery(SQLModel, table=True):
    """One mail or one webhook notice to one target. `key` is unique: the same thing is never queued twice.

    `state`: due, done, failed, cancelled, held. `channel`: mail or hook. A mail keeps its finished bytes in `raw`;
    a hook keeps its facts in `data` and is rendered and signed anew for each attempt.
    """

    id: str = Field(primary_key=True)
    key: str = Field(unique=True)
    job_id: int | None = Field(default=None, index=True)
    user_id: int | None = Field(default=None, index=True)
    endpoint_id: int | None = Field(default=None, index=True)
    channel: str
    family: str = ""
    event: str
    target: str
    data: dict[str, Any] = document()
    raw: bytes | None = None
    message_id: str = ""
    subject: str = ""
    state: str = Field(default="due", index=True)
    attempts: int = 0
    created_at: datetime = instant(nullable=False, index=True)
    next_at: datetime | None = instant()
    first_failed_at: datetime | None = instant()
    finished_at: datetime | None = instant()


class Attempt(SQLModel, table=True):
    """One try at a delivery and what came of it."""

    id: int | None = Field(default=None, primary_key=True)
    delivery_id: str = Field(foreign_key="delivery.id", index=True)
    number: int
    at: datetime = instant(nullable=False)
    duration_ms: int = 0
    status: int = 0
    answer: str = ""
    error: str = ""


class Unsubscription(SQLModel, table=True):
    """An address that wants no more recaps of a series. `scope` names it: series:<id>, or meeting:<code> without one."""

    __table_args__ = (UniqueConstraint("email", "scope"),)

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(index=True)
    scope: str
    at: datetime = instant(nullable=False)


class Undeliverable(SQLModel, table=True):
    """An address whose mail came back for good, by the newest report."""

    email: str = Field(primary_key=True)
    at: datetime = instant(nullable=False)
    status: str = ""
    reason: str = ""
    delivery_id: str = ""


class Endpoint(SQLModel, table=True):
    """A webhook that somebody registered. `secrets` are the live ones, newest first. `origin`: config, api or job."""

    id: int | None = Field(default=None, primary_key=True)
    user_id: int | None = Field(default=None, index=True)
    origin: str = "api"
    url: str
    secrets: list[Any] = document(list)
    events: list[Any] = document(list)
    family: str = "jobs"
    version: int = 2
    enabled: bool = True
    disabled_reason: str = ""
    first_failed_at: datetime | None = instant()
    created_at: datetime = instant(nullable=False)
