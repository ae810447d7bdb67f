"""What the HTTP surface keeps: the book of requests, answers kept for repeats, device logins."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel, UniqueConstraint

from agent.model.tables.columns import document, instant


class RequestLine(SQLModel, table=True):
    """One request of a known caller. `route` is the path's template, so that no id or token stands here."""

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = instant(nullable=False, index=True)
    method: str
    route: str
    status: int
    duration_ms: int
    user_id: int | None = Field(default=None, index=True)
    key_id: int | None = Field(default=None, index=True)


class KeptAnswer(SQLModel, table=True):
    """The answer to a request that carried an Idempotency-Key.

    `status` is 0 while there is none; `fingerprint` is empty when the last try came to nothing. `token` stays the same over
    tries: what a try makes is made under it, so that the next one finds it.
    """

    __table_args__ = (UniqueConstraint("user_id", "method", "path", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    user_id: int
    method: str
    path: str
    key: str
    token: str
    fingerprint: str = ""
    status: int = 0
    media_type: str = ""
    body: bytes = b""
    begun_at: datetime = instant(nullable=False)
    created_at: datetime = instant(nullable=False, index=True)


class DeviceLogin(SQLModel, table=True):
    """One try to sign a device in. `state`: pending, approved, denied, used.

    The nonce that the device polls with is kept as SHA-256; `user_code` is what the person compares.
    """

    id: int | None = Field(default=None, primary_key=True)
    nonce_hash: str = Field(unique=True)
    user_code: str = Field(unique=True)
    client: str
    address: str = ""
    state: str = "pending"
    user_id: int | None = None
    scopes: list[Any] = document(list)
    interval_seconds: float = 5.0
    polled_at: datetime | None = instant()
    created_at: datetime = instant(nullable=False)
    expires_at: datetime = instant(nullable=False, index=True)
