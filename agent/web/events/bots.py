"""Events of the bots family, as they go to a bot's `callbackUrl` and to registered webhooks."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from agent.web.events.signed import StandardHeaders


class NoFacts(BaseModel):
    """The event's name says it all."""


class MeetingJoined(BaseModel):
    """Which meeting it is."""

    meetingTitle: str  # noqa: N815 - as on the wire
    platform: Literal["google"]


class WhyLeft(BaseModel):
    """Why: the job's `end_reason`, or its `failure_code`."""

    reason: str = Field(examples=["everyone_left"])


class WhyFailed(BaseModel):
    """What went wrong, in words and as a code."""

    error: str
    code: str = Field(examples=["JOIN_FAILED", "WAITING_ROOM_TIMEOUT", "REMOVED_FROM_MEETING"])
    failure_code: str = Field(description="The jobs API's word for it.", examples=["lobby_timeout"])


class RecordingMeasures(BaseModel):
    """The recording's measures, as far as they are known."""

    durationSeconds: float | None = None  # noqa: N815
    fileSizeBytes: int | None = None  # noqa: N815


class ParticipantNamed(BaseModel):
    """Who it is, as the meeting shows them."""

    participantName: str  # noqa: N815


class Envelope(BaseModel):
    """What surrounds every event of the bots family."""

    botId: int  # noqa: N815
    timestamp: datetime


class BotDeploying(Envelope):
    """The browser is starting."""

    event: Literal["bot.deploying"]
    data: NoFacts


class BotJoining(Envelope):
    """The meeting's page is open."""

    event: Literal["bot.joining"]
    data: NoFacts


class BotInWaitingRoom(Envelope):
    """Somebody has to let the bot in."""

    event: Literal["bot.in_waiting_room"]
    data: NoFacts


class BotJoined(Envelope):
    """The bot is in the call."""

    event: Literal["bot.joined"]
    data: MeetingJoined


class BotLeft(Envelope):
    """The bot is out of the call."""

    event: Literal["bot.left"]
    data: WhyLeft


class BotError(Envelope):
    """The bot failed."""

    event: Literal["bot.error"]
    data: WhyFailed


class RecordingStarted(Envelope):
    """Consent was given, and capture began."""

    event: Literal["recording.started"]
    data: NoFacts


class RecordingStopped(Envelope):
    """Capture ended."""

    event: Literal["recording.stopped"]
    data: NoFacts


class RecordingReady(Envelope):
    """The recording can be fetched."""

    event: Literal["recording.ready"]
    data: RecordingMeasures


class ParticipantJoined(Envelope):
    """Somebody came."""

    event: Literal["participant.joined"]
    data: ParticipantNamed


class ParticipantLeft(Envelope):
    """Somebody went."""

    event: Literal["participant.left"]
    data: ParticipantNamed


class BotWebhookTest(Envelope):
    """Somebody asked for a test of this webhook; nothing happened."""

    event: Literal["webhook.test"]
    data: dict[str, str] = Field(examples=[{"message": "This is a test; nothing happened."}])


class Headers(StandardHeaders):
    """How an event of this family is signed."""

    signature: str = Field(
        alias="x-webhook-signature", description="sha256=<hex HMAC-SHA256 of `{X-Webhook-Timestamp}.{body}`>"
    )
    own_stamp: str = Field(alias="x-webhook-timestamp", description="Unix seconds of this attempt.")
    own_id: str = Field(
        alias="x-webhook-id", description="The same in every attempt; use it to drop repeats."
    )
    named: str = Field(alias="x-webhook-event", description="The event again.")


KINDS: tuple[type[Envelope], ...] = (
    BotDeploying,
    BotJoining,
    BotInWaitingRoom,
    BotJoined,
    BotLeft,
    BotError,
    RecordingStarted,
    RecordingStopped,
    RecordingReady,
    ParticipantJoined,
    ParticipantLeft,
)
