"""What is left of a meeting beside its words: files, work on demand, links given to others."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel, UniqueConstraint

from agent.model.tables.columns import document, instant


class Recording(SQLModel, table=True):
    """One recorded file of a job; a second stay makes a second. `path` is relative to the data directory.

    `kind`: video or audio.
    """

    __table_args__ = (UniqueConstraint("job_id", "path"),)

    id: int | None = Field(default=None, primary_key=True)
    job_id: int = Field(foreign_key="job.id", index=True)
    path: str
    kind: str = "video"
    media_type: str = "video/webm"
    size_bytes: int = 0
    duration_seconds: float = 0.0
    created_at: datetime = instant(nullable=False, index=True)


class Production(SQLModel, table=True):
    """The newest wish to have a transcript or a summary made. `state`: processing, done, failed, deleted."""

    __table_args__ = (UniqueConstraint("job_id", "kind"),)

    id: int | None = Field(default=None, primary_key=True)
    job_id: int = Field(foreign_key="job.id", index=True)
    kind: str
    state: str
    number: int = 1
    options: dict[str, Any] = document()
    error: str = ""
    asked_at: datetime = instant(nullable=False)
    finished_at: datetime | None = instant()


class ShareLink(SQLModel, table=True):
    """A link that shows one meeting to whoever has it. The token is derived from `nonce` by the server's own key."""

    id: int | None = Field(default=None, primary_key=True)
    job_id: int = Field(foreign_key="job.id", index=True)
    user_id: int | None = Field(default=None, index=True)
    nonce: str
    hash: str = Field(unique=True)
    parts: list[Any] = document(list)
    password_hash: str = ""
    views: int = 0
    last_viewed_at: datetime | None = instant()
    created_at: datetime = instant(nullable=False)
    expires_at: datetime = instant(nullable=False)
    revoked_at: datetime | None = instant()
