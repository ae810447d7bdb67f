"""Calls about bots, as the bots API shows the same meetings."""

from collections.abc import Sequence
from datetime import datetime

from agent.client.bot_types import (
    BotAnswer,
    BotCreated,
    BotStatus,
    EventAnswer,
    Heartbeat,
    LogLine,
    SummaryAnswer,
    SummaryStatus,
    TranscriptAnswer,
    TranscriptStatus,
)
from agent.client.calls import Call, Listing, given, once, path

ROOT = "/v1/bots"
TRANSCRIPTS = "/v1/transcripts"
SUMMARIES = "/v1/summaries"


def create(
    meeting_url: str,
    *,
    title: str | None = None,
    display_name: str | None = None,
    callback_url: str | None = None,
) -> Call[BotCreated]:
    """Make a bot for a Google Meet meeting; it waits until it is deployed."""
    body = given(
        meetingInfo={"platform": "google", "meetingUrl": meeting_url},
        meetingTitle=title,
        botDisplayName=display_name,
        callbackUrl=callback_url,
    )
    return once(Call("POST", ROOT, body=body))


def get(bot_id: int) -> Call[BotAnswer]:
    """Read a bot."""
    return Call("GET", path(ROOT + "/{}", bot_id))


def listing(*, status: Sequence[BotStatus] = ()) -> Listing[BotAnswer]:
    """List bots, newest first; of these statuses where some are given."""
    return Listing(ROOT, "bots", given(status=list(status) or None))


def update(
    bot_id: int,
    *,
    title: str | None = None,
    display_name: str | None = None,
    callback_url: str | None = None,
    start_at: datetime | None = None,
) -> Call[BotAnswer]:
    """Change a bot that is not on its way yet; what is not given stays."""
    body = given(
        meetingTitle=title,
        botDisplayName=display_name,
        callbackUrl=callback_url,
        startTime=start_at.isoformat() if start_at else None,
    )
    return Call("PATCH", path(ROOT + "/{}", bot_id), body=body)


def deploy(bot_id: int) -> Call[BotAnswer]:
    """Send a bot to its meeting."""
    return once(Call("POST", path(ROOT + "/{}/deploy", bot_id)))


def kill(bot_id: int) -> Call[BotAnswer]:
    """End a bot's stay at once."""
    return once(Call("POST", path(ROOT + "/{}/kill", bot_id)))


def delete(bot_id: int) -> Call[None]:
    """Delete a bot."""
    return Call("DELETE", path(ROOT + "/{}", bot_id))


def heartbeat(bot_id: int) -> Call[Heartbeat]:
    """Tell a sign of life of a bot that one watches oneself."""
    return Call("POST", path(ROOT + "/{}/heartbeat", bot_id))


def logs(bot_id: int) -> Listing[LogLine]:
    """List a bot's log."""
    return Listing(path(ROOT + "/{}/logs", bot_id), "logs")


def events(bot_id: int) -> Listing[EventAnswer]:
    """List what happened to a bot."""
    return Listing(path(ROOT + "/{}/events", bot_id), "events")


def all_events(*, since: datetime | None = None) -> Listing[EventAnswer]:
    """List what happened to all bots, from an instant on where one is given."""
    return Listing("/v1/events", "events", given(since=since.isoformat() if since else None))


def transcribe(bot_id: int, *, language: str | None = None) -> Call[TranscriptStatus]:
    """Ask for a transcript, from the recording where there is one."""
    return once(Call("POST", path(TRANSCRIPTS + "/{}/transcribe", bot_id), body=given(language=language)))


def transcript_status(bot_id: int) -> Call[TranscriptStatus]:
    """Ask how far the transcript is."""
    return Call("GET", path(TRANSCRIPTS + "/{}/status", bot_id))


def transcript(bot_id: int) -> Call[TranscriptAnswer]:
    """Read the transcript."""
    return Call("GET", path(TRANSCRIPTS + "/{}", bot_id))


def delete_transcript(bot_id: int) -> Call[None]:
    """Delete the transcript."""
    return Call("DELETE", path(TRANSCRIPTS + "/{}", bot_id))


def summarize(
    bot_id: int, *, template: str | None = None, language: str | None = None
) -> Call[SummaryStatus]:
    """Ask for another version of the summary."""
    body = given(template=template, language=language)
    return once(Call("POST", path(SUMMARIES + "/{}/summarize", bot_id), body=body))


def summary_status(bot_id: int) -> Call[SummaryStatus]:
    """Ask how far the summary is."""
    return Call("GET", path(SUMMARIES + "/{}/status", bot_id))


def summary(bot_id: int) -> Call[SummaryAnswer]:
    """Read the newest summary."""
    return Call("GET", path(SUMMARIES + "/{}", bot_id))


def delete_summary(bot_id: int) -> Call[None]:
    """Delete all versions of the summary."""
    return Call("DELETE", path(SUMMARIES + "/{}", bot_id))
