"""Events of the jobs family."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.model.states import FailureCode
from agent.web.events.signed import StandardHeaders

JobStatus = Literal["queued", "joining", "in_call", "recording", "finalizing", "completed", "failed"]


class JobFacts(BaseModel):
    """What every event of a job tells."""

    model_config = ConfigDict(extra="allow")

    jobId: str  # noqa: N815 - as on the wire
    status: JobStatus
    externalId: str | None = None  # noqa: N815
    meetingUrl: str | None = None  # noqa: N815
    title: str | None = None
    lobby: bool | None = None
    cancelled: bool | None = None
    end_reason: str | None = None
    metadata: dict[str, Any] | None = None


class Moved(JobFacts):
    """A job went from one status to the next."""

    previousStatus: JobStatus  # noqa: N815
    failure_code: FailureCode | None = None
    failure_detail: str | None = None
    failure_reason: str | None = Field(None, description="The detail again, for readers of version 1.")


class Failed(Moved):
    """A job failed; version 2 always carries the code."""

    failure_code: FailureCode


class Finalized(JobFacts):
    """A job completed; its manifest is written. Exactly one such event for each successful job."""

    manifest: dict[str, Any]


class Permission(BaseModel):
    """Somebody answered the question for consent."""

    jobId: str  # noqa: N815
    granted: bool
    outcome: Literal["granted", "declined", "withdrawn", "opted_out"]
    respondent: str
    words: str
    channel: str


class Competitor(BaseModel):
    """Another note-taker is in the meeting. `leftMeeting`: our bot left because of it."""

    jobId: str  # noqa: N815
    name: str | None
    vendor: str | None
    rule: str | None
    leftMeeting: bool  # noqa: N815


class Envelope(BaseModel):
    """What surrounds every event of the jobs family. Version 1 has neither `version` nor failure codes."""

    deliveryId: str = Field(description="The same in every attempt; use it to drop repeats.")  # noqa: N815
    emittedAt: datetime  # noqa: N815
    attempt: int = Field(ge=1)
    version: Literal[2] = 2


class JobStatusChanged(Envelope):
    """Every transition of a job's status."""

    event: Literal["job.status_changed"]
    data: Moved


class JobFinalized(Envelope):
    """The manifest is written."""

    event: Literal["job.finalized"]
    data: Finalized


class JobFailed(Envelope):
    """The job ended without success."""

    event: Literal["job.failed"]
    data: Failed


class RecordingPermissionResponse(Envelope):
    """The host, or who else may, answered."""

    event: Literal["bot.recording_permission_response"]
    data: Permission


class CompetingBotDetected(Envelope):
    """A rival was seen in the roster."""

    event: Literal["bot.competing_bot_detected"]
    data: Competitor


class JobWebhookTest(Envelope):
    """Somebody asked for a test of this webhook; nothing happened."""

    event: Literal["webhook.test"]
    data: dict[str, str] = Field(examples=[{"message": "This is a test; nothing happened."}])


class Headers(StandardHeaders):
    """How an event of this family is signed."""

    signature: str = Field(
        alias="x-meetbot-signature", description="sha256=<hex HMAC-SHA256 of the raw body>"
    )


KINDS: tuple[type[Envelope], ...] = (
    JobStatusChanged,
    JobFinalized,
    JobFailed,
    RecordingPermissionResponse,
    CompetingBotDetected,
)
