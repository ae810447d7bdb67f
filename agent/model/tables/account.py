"""Who may ask: users and their keys."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from agent.model.tables.columns import document, instant


class User(SQLModel, table=True):
    """A person with an account. `password_hash` is argon2id, or empty when only keys are used.

    An address belongs to the one account that proved it; others may claim it until then, and see nothing by it.
    `plan` is what they pay for; `plan_told_at` is when the payment service last spoke of it.
    """

    __table_args__ = (
        sa.Index(
            "one_owner_of_an_address",
            "email",
            unique=True,
            sqlite_where=sa.text("verified_at IS NOT NULL"),
            postgresql_where=sa.text("verified_at IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(index=True)
    name: str = ""
    password_hash: str = ""
    is_operator: bool = False
    disabled: bool = False
    verified_at: datetime | None = instant()
    created_at: datetime = instant(nullable=False)
    plan: str = ""
    plan_told_at: datetime | None = instant()
    payer: str = Field(default="", index=True)


class ApiKey(SQLModel, table=True):
    """A key, kept as SHA-256; shown once, then only `prefix` and `last4`."""

    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="user.id", index=True)
    name: str = ""
    hash: str = Field(unique=True)
    prefix: str = ""
    last4: str = ""
    scopes: list[Any] = document(list)
    created_at: datetime = instant(nullable=False)
    last_used_at: datetime | None = instant()
    expires_at: datetime | None = instant()
    revoked_at: datetime | None = instant()
