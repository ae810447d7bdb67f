"""What the bots family hears of a job: the webhooks that a line of its timeline causes, in the same transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from agent.engine import Engine
from agent.lifecycle import outbox
from agent.model.tables import Job
from agent.rules import bot_events

PLATFORM = "google"


def tell(
    session: Session, engine: Engine, job: Job, kind: str, data: Mapping[str, Any], now: datetime
) -> None:
    """Queue what a fresh line of the timeline means to those who listen to the bots family."""
    meeting = {"meetingTitle": job.title, "platform": PLATFORM}
    for event, facts in bot_events.hooks_of_line(kind, data, meeting):
        key = f"{now.isoformat()}:{data.get('key', '')}"
        outbox.queue_hooks(session, engine, job, event, facts, now, key=key, family="bots")
