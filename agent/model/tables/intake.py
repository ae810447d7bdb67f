"""What came in: mails as raw bytes, the invitations read from them, and the calendar as it is believed."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel, UniqueConstraint

from agent.model.tables.columns import document, instant


class Mail(SQLModel, table=True):
    """One accepted mail. `verdict`: stored, read, unreadable, held, refused.

    `explanation` is the list of rules evaluated, each {rule, result, detail}, or of sentences; `authenticity` is
    `model.authenticity.Authenticity` as JSON, empty until it was found out.
    """

    id: int | None = Field(default=None, primary_key=True)
    sha256: str = Field(index=True)
    received_at: datetime = instant(nullable=False, index=True)
    envelope: dict[str, Any] = document()
    raw: bytes
    message_id: str = Field(default="", index=True)
    sender: str = ""
    subject: str = ""
    verdict: str = Field(default="stored", index=True)
    explanation: list[Any] = document(list)
    authenticity: dict[str, Any] = document()


class Invitation(SQLModel, table=True):
    """One message about one UID, by whichever way it came, and what was decided about it.

    `source`: smtp, google, http. `rules` is the list of rules evaluated, each {rule, result, detail}.
    """

    id: int | None = Field(default=None, primary_key=True)
    source: str
    mail_id: int | None = Field(default=None, index=True)
    uid: str = Field(index=True)
    method: str
    sequence: int = 0
    stamped_at: datetime | None = instant()
    received_at: datetime = instant(nullable=False)
    organizer: str = ""
    sender: str = ""
    outcome: str = ""
    reason: str = ""
    rules: list[Any] = document(list)
    partstat: str = ""
    fingerprint: str = Field(default="", index=True)


class EventSeries(SQLModel, table=True):
    """One calendar UID as it is believed now, and whom it is bound to.

    `body` is `model.series.Series` as JSON; `bot_address` is the address byte for byte under which the bot was invited;
    `options` come from its plus-tags. It is bound to `organizer`, `bound_domain` and `trust_level` (see `rules.trust`).
    `calendar_id` names the Google calendar it stands in; `horizon_until` is where its occurrences are not known any
    more, NULL when all are.
    """

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(unique=True)
    organizer: str = ""
    inviter: str = Field(default="", index=True)
    bound_domain: str = ""
    trust_level: int = 0
    source: str = ""
    calendar_id: str = Field(default="", index=True)
    horizon_until: datetime | None = instant(index=True)
    body: dict[str, Any] = document()
    bot_address: str = ""
    options: dict[str, Any] = document()
    thread: dict[str, Any] = document()
    updated_at: datetime = instant(nullable=False)


class Occurrence(SQLModel, table=True):
    """One meeting at one time. (series, slot) is its identity; `slot` is '' for a single event.

    `job_id` is the job that serves it; occurrences of several series may share one.
    """

    __table_args__ = (UniqueConstraint("series_id", "slot"),)

    id: int | None = Field(default=None, primary_key=True)
    series_id: int = Field(foreign_key="eventseries.id", index=True)
    slot: str = ""
    starts_at: datetime = instant(nullable=False, index=True)
    ends_at: datetime = instant(nullable=False)
    title: str = ""
    meeting_url: str = Field(default="", index=True)
    cancelled: bool = False
    job_id: int | None = Field(default=None, index=True)


class Hold(SQLModel, table=True):
    """One invitation that waits for an operator's word. `state`: waiting, approved, refused.

    A held mail has one, by its first calendar UID that may not pass; one from a Google calendar has no mail, and one that
    was handed in keeps itself in `body` (`model.invite.HandedIn` as JSON) while it waits.
    """

    id: int | None = Field(default=None, primary_key=True)
    source: str
    mail_id: int | None = Field(default=None, index=True)
    uid: str = Field(index=True)
    sender: str = Field(index=True)
    organizer: str = ""
    title: str = ""
    starts_at: datetime | None = instant()
    rule: str = ""
    reason: str = ""
    body: dict[str, Any] = document()
    state: str = Field(default="waiting", index=True)
    created_at: datetime = instant(nullable=False)
    decided_at: datetime | None = instant()
    decided_by: str = ""


class CalendarChannel(SQLModel, table=True):
    """A channel over which Google tells that a calendar changed. `token_digest` is SHA-256 of what its pings must carry."""

    id: str = Field(primary_key=True)
    calendar_id: str = Field(index=True)
    resource_id: str = ""
    token_digest: str
    expires_at: datetime = instant(nullable=False)
