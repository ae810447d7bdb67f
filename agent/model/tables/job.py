"""A bot in a meeting: the job, its timeline, who was there, what they allowed."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, UniqueConstraint

from agent.model.tables.columns import document, instant


class Job(SQLModel, table=True):
    """One bot for one meeting. `state` is written by `lifecycle.transition` alone.

    `key` names the meeting for ever (occurrence:<id>, external:<user>:<id> or the public id) and is unique, so that no
    path can make two jobs for one slot. `revision` counts plans; a run that carries an older one does nothing.
    `options` keeps what this job overrides: display_name, auto_leave, consent, recipients, language.
    A deleted job keeps its row, timeline and ledger, and is shown to nobody.
    """

    __table_args__ = (
        sa.Index("jobs_of_an_inviter", "inviter", "starts_at", "user_id"),
        sa.Index(
            "jobs_that_a_user_sees",
            "user_id",
            "id",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(unique=True)
    key: str = Field(unique=True)
    user_id: int | None = Field(default=None, index=True)
    external_id: str | None = None
    state: str = Field(default="scheduled", index=True)
    end_reason: str | None = None
    failure_code: str | None = None
    failure_detail: str | None = None
    title: str = ""
    meeting_url: str
    meeting_code: str = Field(index=True)
    join_at: datetime = instant(nullable=False, index=True)
    starts_at: datetime = instant(nullable=False)
    ends_at: datetime | None = instant()
    revision: int = 1
    joins: int = 0
    inviter: str = ""
    invited: list[Any] = document(list)
    thread: dict[str, Any] = document()
    options: dict[str, Any] = document()
    hooks: list[Any] = document(list)
    annotations: dict[str, Any] = document()
    source: str = "api"
    created_at: datetime = instant(nullable=False)
    updated_at: datetime = instant(nullable=False)
    admitted_at: datetime | None = instant()
    left_at: datetime | None = instant()
    harvested_until: datetime | None = instant()
    heartbeat_at: datetime | None = instant()
    deleted_at: datetime | None = instant()
    transcript_source: str = ""
    conferences: list[Any] = document(list)
    manifest: dict[str, Any] = document()


class JobEvent(SQLModel, table=True):
    """One line of a job's timeline; append only."""

    id: int | None = Field(default=None, primary_key=True)
    job_id: int = Field(foreign_key="job.id", index=True)
    at: datetime = instant(nullable=False)
    kind: str
    data: dict[str, Any] = document()


class Participant(SQLModel, table=True):
    """One row of the roster, told apart by the page's id. `verdict`: human, rival, pseudo, self."""

    __table_args__ = (UniqueConstraint("job_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    job_id: int = Field(foreign_key="job.id", index=True)
    key: str
    name: str
    email: str = ""
    verdict: str = "human"
    rule: str = ""
    is_host: bool = False


class Presence(SQLModel, table=True):
    """One stay of a participant."""

    id: int | None = Field(default=None, primary_key=True)
    participant_id: int = Field(foreign_key="participant.id", index=True)
    joined_at: datetime = instant(nullable=False)
    left_at: datetime | None = instant()


class Consent(SQLModel, table=True):
    """The ledger; append only. What was shown, who answered what, when, by which way."""

    id: int | None = Field(default=None, primary_key=True)
    job_id: int = Field(foreign_key="job.id", index=True)
    at: datetime = instant(nullable=False)
    outcome: str
    who: str = ""
    words: str = ""
    message: str = ""
    language: str = "en"
    channel: str = "chat"


class TranscriptEntry(SQLModel, table=True):
    """One thing said. `ordinal` (1 is the first) is what summaries cite; `source`: meet, captions, recording."""

    __table_args__ = (UniqueConstraint("job_id", "source", "ordinal"),)

    id: int | None = Field(default=None, primary_key=True)
    job_id: int = Field(foreign_key="job.id", index=True)
    source: str
    ordinal: int
    key: str = ""
    speaker: str
    text: str
    language: str | None = None
    started_at: datetime = instant(nullable=False)
    ended_at: datetime = instant(nullable=False)


class SummaryVersion(SQLModel, table=True):
    """One version of a job's summary; `body` is `model.summary.Summary` as JSON.

    `text` is its words, which the search reads; `carried_over` what was still open from last time, each as
    {text, since}; `cost` is None where no prices are set.
    """

    __table_args__ = (UniqueConstraint("job_id", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    job_id: int = Field(foreign_key="job.id", index=True)
    version: int
    created_at: datetime = instant(nullable=False)
    status: str = "ready"
    body: dict[str, Any] = document()
    text: str = ""
    carried_over: list[Any] = document(list)
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    took_ms: int = 0
