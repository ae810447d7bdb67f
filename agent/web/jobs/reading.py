"""Wire types of what can be read of a job."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from agent.web.jobs.schemas import Status, TimelineEntry
from agent.web.wire import Paged, Told


class Entry(Told):
    """One thing that was said. `ordinal` is what summaries cite."""

    ordinal: int
    speaker: str
    text: str
    language: str | None
    started_at: datetime
    ended_at: datetime


class TranscriptPage(Paged):
    """One page of a transcript. `source`: meet, captions or recording."""

    source: str
    entries: list[Entry]


class JobSummary(Told):
    """One version of a summary; every item cites the ordinals of transcript entries."""

    version: int
    created_at: datetime
    summary: dict[str, Any]


class TimelinePage(Paged):
    """One page of a timeline, oldest first."""

    events: list[TimelineEntry]


class InvitationSeen(Told):
    """A message about the meeting, what was decided about it, and every rule that was evaluated."""

    received_at: datetime
    source: str
    method: str
    sequence: int
    organizer: str
    sender: str
    outcome: str
    reason: str
    rules: list[Any]


class Explanation(BaseModel):
    """Why a job is as it is."""

    id: str
    status: Status
    source: str
    end_reason: str | None
    failure_code: str | None
    failure_detail: str | None
    invitations: list[InvitationSeen]
    timeline: list[TimelineEntry]


class Try(Told):
    """One try at a delivery; `status` is the receiver's, 0 when there was no answer."""

    number: int
    at: datetime
    status: int
    answer: str
    error: str
    duration_ms: int


class Sent(Told):
    """A mail or webhook of a job with every try at it. `state`: due, done, failed, cancelled, held."""

    id: str
    channel: str
    event: str
    target: str
    state: str
    created_at: datetime
    next_at: datetime | None
    attempts: list[Try]


class SentList(BaseModel):
    """Everything a job sent or will send."""

    deliveries: list[Sent]
