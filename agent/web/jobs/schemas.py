"""Wire types of the jobs API."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Text = Annotated[str, Field(max_length=300)]


class Wire(BaseModel):
    """camelCase outside, snake_case inside; unknown fields are refused."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class AutoLeave(Wire):
    """When this bot leaves by itself, in seconds; what is left out follows the operator's settings."""

    after_entry_delay_seconds: float | None = Field(
        None, ge=0, le=86400, description="Nobody has come since the bot did."
    )
    after_silence_seconds: float | None = Field(None, ge=0, le=86400, description="Nobody has spoken.")
    after_solo_seconds: float | None = Field(None, ge=0, le=86400, description="Everybody has left.")
    after_max_seconds: float | None = Field(None, gt=0, le=86400, description="Longest stay.")
    on_bot_detected: bool | None = Field(None, description="Leave as soon as another note-taker is seen.")


class JobHooks(Wire):
    """Where to tell of this job. The signing secret comes back once, in the answer."""

    on_status_change: Text | None = None
    on_finalize: Text | None = None


class JobRequest(Wire):
    """A bot for a meeting."""

    meeting_url: Text = Field(
        description="A Google Meet link.", examples=["https://meet.google.com/abc-defg-hij"]
    )
    external_id: Annotated[str, Field(max_length=255)] | None = Field(
        None, description="Your own id; the same one again returns the same job."
    )
    platform: Text | None = Field(None, description="google or google-meet; others are refused.")
    join_at: datetime | None = Field(None, description="When to knock; in the past or left out: now.")
    title: Text = ""
    display_name: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    auto_leave: AutoLeave | None = None
    webhooks: JobHooks | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)


class TimelineEntry(Wire):
    """One line of a job's timeline."""

    at: datetime
    kind: str
    data: dict[str, Any]


class JobAnswer(BaseModel):
    """A job. `status` is the jobs family's; `end_reason` is open-ended, `failure_code` an enumeration."""

    model_config = ConfigDict(populate_by_name=True)

    id: str
    external_id: str | None = Field(serialization_alias="externalId")
    status: str
    lobby: bool = False
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
    timeline: list[TimelineEntry] = Field(default_factory=list)
    consent: list[dict[str, Any]] = Field(default_factory=list)
    participants: list[dict[str, Any]] = Field(default_factory=list)
    transcript: dict[str, Any] = Field(default_factory=dict)
    summary: dict[str, Any] | None = None
    deliveries: list[dict[str, Any]] = Field(default_factory=list)
    manifest: dict[str, Any] | None = None


class JobPage(BaseModel):
    """One page of jobs."""

    jobs: list[JobAnswer]
    total: int
    page: int
    page_size: int


class Accepted(BaseModel):
    """A wish that was passed on to the bot; what comes of it is told by events."""

    accepted: bool = True
