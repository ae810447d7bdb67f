"""Asked types of bots."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from agent.rules.bot_events import BotStatus, EventCode
from agent.web.wire import Asked, HookUrl, Instant, Name, OwnId, Paged, Seconds, Text, Told

Milliseconds = Annotated[int, Field(ge=1000, le=300_000, strict=True)]
AN_INSTANT = "2026-03-02T09:30:00Z"


class MeetingInfo(Asked):
    """Which meeting. Google Meet is joined, by link or code; the other platforms are refused in so many words."""

    platform: Literal["google", "zoom", "teams"] = Field(examples=["google"])
    meeting_url: Text | None = Field(None, examples=["https://meet.google.com/abc-defg-hij"])
    meeting_id: Text | None = Field(None, description="Google: the code, as in abc-defg-hij.")
    meeting_password: Text | None = None
    tenant_id: Text | None = None
    organizer_id: Text | None = None
    message_id: Text | None = None
    thread_id: Text | None = None


class AutomaticLeave(Asked):
    """When the bot leaves by itself, in seconds; what is left out follows the operator's settings."""

    waiting_room_timeout: Seconds | None = Field(None, examples=[300], description="Nobody lets it in.")
    no_one_joined_timeout: Seconds | None = Field(None, examples=[300], description="Nobody has come.")
    everyone_left_timeout: Seconds | None = Field(None, examples=[60], description="Everybody has left.")
    inactivity_timeout: Seconds | None = Field(None, examples=[900], description="Nobody has spoken.")


class BotRequest(Asked):
    """A bot for a meeting. Without `startTime` it waits until it is deployed."""

    meeting_info: MeetingInfo
    bot_display_name: Name | None = Field(None, examples=["Notes"])
    meeting_title: Text = Field("", examples=["Weekly planning"])
    callback_url: HookUrl | None = Field(None, examples=["https://hooks.example.com/meetbot"])
    heartbeat_interval: Milliseconds | None = Field(None, examples=[5000], description="In milliseconds.")
    automatic_leave: AutomaticLeave | None = None
    start_time: Instant | None = Field(
        None, examples=[AN_INSTANT], description="When to join; a past one is now."
    )
    end_time: Instant | None = Field(None, description="When the meeting should be over.")
    external_id: OwnId | None = Field(None, description="Your own id; the same one again is the same bot.")


class BotPatch(Asked):
    """What to change of a bot that was not deployed yet."""

    meeting_info: MeetingInfo | None = None
    bot_display_name: Name | None = Field(None, examples=["Notes of planning"])
    meeting_title: Text | None = None
    callback_url: HookUrl | Literal[""] | None = Field(
        None, description="An empty text takes the callback away."
    )
    heartbeat_interval: Milliseconds | None = None
    automatic_leave: AutomaticLeave | None = None
    start_time: Instant | None = None
    end_time: Instant | None = None


class MeetingAnswer(Told):
    """Which meeting it is."""

    platform: Literal["google"] = "google"
    meeting_url: str = Field(examples=["https://meet.google.com/abc-defg-hij"])
    meeting_id: str = Field(examples=["abc-defg-hij"])


class BotAnswer(Told):
    """A bot. `recording` is the address of its recording, or null while there is none."""

    id: int = Field(examples=[1])
    job_id: str = Field(
        description="The same bot in the jobs API.", examples=["job_01JNB3W7E8Q4ZK6T9V5RXC2M0D"]
    )
    external_id: str | None = None
    bot_display_name: str = Field(examples=["Notes"])
    meeting_title: str = Field(examples=["Weekly planning"])
    status: BotStatus = Field(examples=["READY_TO_DEPLOY"])
    meeting_info: MeetingAnswer
    automatic_leave: AutomaticLeave
    callback_url: str | None = None
    heartbeat_interval: int = Field(description="In milliseconds.", examples=[5000])
    start_time: datetime | None = Field(description="Null until it is planned or deployed.")
    end_time: datetime | None = None
    last_heartbeat: datetime | None = None
    end_reason: str | None = Field(None, description="Why it left, as an open-ended word.")
    failure_code: str | None = None
    deployment_error: str | None = Field(None, description="Why it failed, in words.")
    recording: str | None = None
    created_at: datetime = Field(examples=[AN_INSTANT])
    updated_at: datetime = Field(examples=[AN_INSTANT])


class BotCreated(BotAnswer):
    """A fresh bot, with the secret that signs what is posted to its callback; it is shown here only."""

    callback_secret: str | None = Field(None, examples=["whsec_…"])


class BotPage(Paged):
    """One page of bots, newest first."""

    bots: list[BotAnswer]


class LogLine(Told):
    """One line of a bot's log."""

    timestamp: datetime = Field(examples=[AN_INSTANT])
    level: Literal["info", "warning", "error"]
    message: str = Field(examples=["The bot was let in"])
    data: dict[str, Any]


class LogPage(Paged):
    """One page of a log, oldest line first."""

    logs: list[LogLine]


class EventAnswer(Told):
    """One event of a bot."""

    id: int
    bot_id: int
    event_type: EventCode = Field(examples=["IN_CALL"])
    event_time: datetime = Field(examples=[AN_INSTANT])
    data: dict[str, Any]


class EventPage(Paged):
    """One page of events."""

    events: list[EventAnswer]


class Heartbeat(Told):
    """When the bot was last heard of."""

    id: int
    last_heartbeat: datetime | None = Field(examples=[AN_INSTANT])
