"""Bots as the bots API shows them, and wishes about bots as the desk takes them."""

from typing import Any

from agent.errors import Invalid
from agent.lifecycle.attendance.scribe import HEARTBEAT_SECONDS
from agent.lifecycle.bots import BotView, BotWish, Change
from agent.model.tables import JobEvent
from agent.rules import bot_events
from agent.web.bots_v1.schemas import (
    AutomaticLeave,
    BotAnswer,
    BotPatch,
    BotRequest,
    EventAnswer,
    LogLine,
    MeetingAnswer,
    MeetingInfo,
)
from agent.web.desk import Choices

LEAVES = {
    "waiting_room_timeout": "lobby_seconds",
    "no_one_joined_timeout": "nobody_seconds",
    "everyone_left_timeout": "alone_seconds",
    "inactivity_timeout": "silence_seconds",
}


def wish(body: BotRequest, choices: Choices) -> BotWish:
    """Return what a request wants. Raises `Invalid` for another platform or no link."""
    return BotWish(
        meeting_url=meeting_url(body.meeting_info, choices),
        title=body.meeting_title,
        starts_at=body.start_time,
        ends_at=body.end_time,
        callback_url=body.callback_url,
        external_id=body.external_id,
        options=_options(body),
    )


def change(body: BotPatch, choices: Choices) -> Change:
    """Return what a request wants changed."""
    return Change(
        meeting_url=meeting_url(body.meeting_info, choices) if body.meeting_info else None,
        title=body.meeting_title,
        starts_at=body.start_time,
        ends_at=body.end_time,
        callback_url=body.callback_url,
        options=_options(body),
    )


def meeting_url(info: MeetingInfo, choices: Choices) -> str:
    """Return the meeting's link. Raises `Invalid`, saying what is missing or not joined."""
    if info.platform != "google":
        raise Invalid(
            f"The platform {info.platform} is not joined yet; the bot joins Google Meet meetings only."
        )
    if info.meeting_url:
        return info.meeting_url
    if info.meeting_id:
        return f"{choices.meet_url}/{info.meeting_id}"
    raise Invalid("meetingInfo needs a meetingUrl, as in https://meet.google.com/abc-defg-hij")


def _options(body: BotRequest | BotPatch) -> dict[str, Any]:
    """Return what this bot overrides of the operator's settings."""
    leave = body.automatic_leave or AutomaticLeave()
    named = {option: getattr(leave, name) for name, option in LEAVES.items()}
    named["display_name"] = body.bot_display_name
    named["heartbeat_seconds"] = body.heartbeat_interval / 1000 if body.heartbeat_interval else None
    return {name: value for name, value in named.items() if value is not None}


def bot(view: BotView, choices: Choices, bot_name: str) -> BotAnswer:
    """Return a bot as it is shown."""
    job, options = view.job, view.job.options
    number = job.id or 0
    leave = {name: options.get(option) for name, option in LEAVES.items()}
    return BotAnswer(
        id=number,
        job_id=job.public_id,
        external_id=job.external_id,
        bot_display_name=str(options.get("display_name") or bot_name),
        meeting_title=job.title,
        status=view.status,
        meeting_info=MeetingAnswer(meeting_url=job.meeting_url, meeting_id=job.meeting_code),
        automatic_leave=AutomaticLeave(**leave),
        callback_url=view.callback.url if view.callback else None,
        heartbeat_interval=int(float(options.get("heartbeat_seconds") or HEARTBEAT_SECONDS) * 1000),
        start_time=None if options.get("await_deploy") else job.starts_at,
        end_time=job.ends_at,
        last_heartbeat=view.heartbeat_at,
        end_reason=job.end_reason,
        failure_code=job.failure_code,
        deployment_error=job.failure_detail,
        recording=f"{choices.public_url}/v1/recordings/{number}" if view.is_recorded else None,
        created_at=job.created_at,
        updated_at=job.updated_at,
    )


def event(line: JobEvent) -> EventAnswer:
    """Return a line of the timeline as an event."""
    found = bot_events.of_line(line.kind, line.data)
    return EventAnswer(
        id=line.id or 0, bot_id=line.job_id, event_type=found.code, event_time=line.at, data=found.data
    )


def log_line(line: JobEvent) -> LogLine:
    """Return a line of the timeline as a log says it."""
    found = bot_events.log_line(line.kind, line.data)
    return LogLine(timestamp=line.at, level=found.level, message=found.message, data=line.data)
