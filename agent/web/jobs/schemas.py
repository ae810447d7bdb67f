"""Wire types of the jobs API."""

from datetime import datetime
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
)

from agent.web.wire import Asked, Flag, HookUrl, Instant, Name, Notes, OwnId, Paged, Seconds, Text

Status = Literal["queued", "joining", "in_call", "recording", "finalizing", "completed", "failed"]


class AutoLeave(Asked):
    """When this bot leaves by itself, in seconds; what is left out follows the operator's settings."""

    after_entry_delay_seconds: Seconds | None = Field(None, description="Nobody has come since the bot did.")
    after_silence_seconds: Seconds | None = Field(None, description="Nobody has spoken.")
    after_solo_seconds: Seconds | None = Field(None, description="Everybody has left.")
    after_max_seconds: Seconds | None = Field(None, description="Longest stay.")
    on_bot_detected: Flag | None = Field(None, description="Leave as soon as another note-taker is seen.")


class JobHooks(Asked):
    """Where to tell of this job. Each address gets a signing secret of its own, which comes back once."""

    on_status_change: HookUrl | None = None
    on_finalize: HookUrl | None = None


class JobRequest(Asked):
    """A bot for a meeting."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"meetingUrl": "https://meet.google.com/abc-defg-hij", "title": "Weekly review"}]
        }
    )

    meeting_url: Text = Field(description="A Google Meet link.")
    external_id: OwnId | None = Field(
        None, description="Your own id; the same one again returns the same job."
    )
    platform: Text | None = Field(None, description="google or google-meet; others are refused.")
    join_at: Instant | None = Field(None, description="When to knock; in the past or left out: now.")
    title: Text = ""
    display_name: Name | None = Field(None, description="The bot's name in this meeting.")
    auto_leave: AutoLeave | None = None
    webhooks: JobHooks | None = None
    metadata: Notes = Field(default_factory=dict, description="Yours; comes back in every answer and event.")


class TimelineEntry(BaseModel):
    """One line of a job's timeline."""

    at: datetime
    kind: str
    data: dict[str, Any]


class LedgerEntry(BaseModel):
    """One entry of the consent ledger."""

    at: datetime
    outcome: str
    who: str
    words: str
    message: str
    language: str
    channel: str


class RosterEntry(BaseModel):
    """Somebody who was seen in the meeting. `kind`: human, rival, pseudo, self."""

    name: str
    kind: str
    rule: str
    host: bool


class TranscriptFacts(BaseModel):
    """What transcript there is."""

    source: str | None = None
    entries: int = 0


class DeliveryBrief(BaseModel):
    """A mail or webhook of a job, and how it stands. `state`: due, done, failed, cancelled, held."""

    id: str
    channel: str
    event: str
    target: str
    state: str
    attempts: int


class JobBrief(BaseModel):
    """A job. `end_reason` is an open-ended string, `failure_code` an enumeration; both may be null."""

    model_config = ConfigDict(populate_by_name=True)

    id: str
    external_id: str | None = Field(serialization_alias="externalId")
    status: Status
    lobby: bool = Field(False, description="The bot waits to be let in.")
    cancelled: bool = False
    end_reason: str | None = None
    failure_code: str | None = None
    failure_detail: str | None = None
    title: str
    meeting_url: str = Field(serialization_alias="meetingUrl")
    join_at: datetime = Field(serialization_alias="joinAt")
    created_at: datetime = Field(serialization_alias="createdAt")
    updated_at: datetime = Field(serialization_alias="updatedAt")
    metadata: dict[str, Any] = Field(default_factory=dict)


class JobMade(JobBrief):
    """A job that was just made."""

    webhook_secrets: dict[str, str] = Field(
        default_factory=dict,
        serialization_alias="webhookSecrets",
        description="Signing secrets by the names in `webhooks`; shown this once.",
    )


class JobAnswer(JobBrief):
    """A job with everything that hangs on it."""

    timeline: list[TimelineEntry] = Field(default_factory=list)
    consent: list[LedgerEntry] = Field(default_factory=list)
    participants: list[RosterEntry] = Field(default_factory=list)
    transcript: TranscriptFacts = Field(default_factory=TranscriptFacts)
    summary: dict[str, Any] | None = None
    deliveries: list[DeliveryBrief] = Field(default_factory=list)
    manifest: dict[str, Any] | None = None


class JobPage(Paged):
    """One page of jobs."""

    jobs: list[JobBrief]


class Accepted(BaseModel):
    """A wish that was passed on to the bot; what comes of it is told by events."""

    accepted: bool = True
