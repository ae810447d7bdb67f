"""How people prove who they are: sign-ins and their tokens, mailed proofs, counted failures. No secret stands here."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from agent.model.tables.columns import instant


class SignIn(SQLModel, table=True):
    """One sign-in of one person; every token of it dies when it ends."""

    id: str = Field(primary_key=True)
    user_id: int = Field(foreign_key="user.id", index=True)
    client: str = ""
    created_at: datetime = instant(nullable=False)
    expires_at: datetime = instant(nullable=False, index=True)
    ended_at: datetime | None = instant()
    ended_why: str = ""


class RefreshToken(SQLModel, table=True):
    """One generation of a sign-in's refresh token, kept as SHA-256. A used one that returns ends the sign-in."""

    hash: str = Field(primary_key=True)
    sign_in_id: str = Field(foreign_key="signin.id", index=True)
    generation: int
    created_at: datetime = instant(nullable=False)
    used_at: datetime | None = instant()


class MailedToken(SQLModel, table=True):
    """A proof sent to an address, kept as SHA-256. `purpose`: verify, reset or invite; good once."""

    hash: str = Field(primary_key=True)
    purpose: str
    email: str = Field(index=True)
    user_id: int | None = Field(default=None, index=True)
    created_at: datetime = instant(nullable=False)
    expires_at: datetime = instant(nullable=False, index=True)
    used_at: datetime | None = instant()


class Strike(SQLModel, table=True):
    """How often somebody failed in the present window. `key` is a digest of what is counted."""

    key: str = Field(primary_key=True)
    count: int = 0
    since: datetime = instant(nullable=False, index=True)
