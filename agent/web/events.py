"""The events that webhooks tell of, as the description of the API shows them.

The bodies are made in `delivery`; a test compares what is sent with what stands here.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header
from pydantic import BaseModel, ConfigDict, Field

from agent.model.states import FailureCode

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


Signature = Annotated[
    str, Header(alias="x-meetbot-signature", description="sha256=<hex HMAC-SHA256 of the raw body>")
]
MessageId = Annotated[str, Header(alias="webhook-id", description="As in Standard Webhooks.")]
Stamp = Annotated[str, Header(alias="webhook-timestamp", description="Unix seconds of this attempt.")]
Standard = Annotated[
    str, Header(alias="webhook-signature", description="v1,<base64>, as in Standard Webhooks.")
]
KINDS: tuple[type[Envelope], ...] = (
    JobStatusChanged,
    JobFinalized,
    JobFailed,
    RecordingPermissionResponse,
    CompetingBotDetected,
)


def describe(webhooks: APIRouter) -> None:
    """Add every event to an application's webhooks."""
    for kind in KINDS:
        _describe(webhooks, kind)


def _describe(webhooks: APIRouter, kind: type[Envelope]) -> None:
    name = kind.model_fields["event"].annotation.__args__[0]  # type: ignore[union-attr]

    async def receive(
        body: Annotated[kind, Body()],  # type: ignore[valid-type]
        signature: Signature,
        message_id: MessageId,
        stamp: Stamp,
        standard: Standard,
    ) -> None: ...

    webhooks.add_api_route(
        name,
        receive,
        methods=["POST"],
        name=name.replace(".", "_"),
        tags=["webhooks"],
        summary=(kind.__doc__ or "").rstrip("."),
        description="Answer 2xx within 15 seconds. Anything else is tried again for three days; 410 turns the webhook off.",
        status_code=204,
        responses={410: {"description": "Never send to this address again."}},
    )
