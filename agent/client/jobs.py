"""Calls about jobs: bots in meetings, and what they leave behind."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from agent.client.calls import Call, Listing, given, once, path
from agent.client.types import (
    Accepted,
    AnswerShown,
    Entry,
    Explanation,
    HitShown,
    JobAnswer,
    JobBrief,
    JobMade,
    JobStatus,
    JobSummary,
    SentList,
    TimelineEntry,
)

ROOT = "/api/v1/jobs"


def create(
    meeting_url: str,
    *,
    join_at: datetime | None = None,
    title: str | None = None,
    external_id: str | None = None,
    display_name: str | None = None,
    auto_leave: Mapping[str, Any] | None = None,
    webhooks: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    idempotency_key: str = "",
) -> Call[JobMade]:
    """Send the bot to a meeting, now or at `join_at`. `auto_leave` and `webhooks` are spelled as on the wire."""
    body = given(
        meetingUrl=meeting_url,
        joinAt=join_at.isoformat() if join_at else None,
        title=title,
        externalId=external_id,
        displayName=display_name,
        autoLeave=auto_leave,
        webhooks=webhooks,
        metadata=metadata,
    )
    return once(Call("POST", ROOT, body=body, idempotency_key=idempotency_key))


def get(job_id: str) -> Call[JobAnswer]:
    """Read a job with everything that hangs on it."""
    return Call("GET", path(ROOT + "/{}", job_id))


def listing(*, status: Sequence[JobStatus] = ()) -> Listing[JobBrief]:
    """List jobs, newest meeting first; of these statuses where some are given."""
    return Listing(ROOT, "jobs", given(status=list(status) or None))


def cancel(job_id: str) -> Call[JobBrief]:
    """Cancel a job; a bot at the meeting leaves."""
    return Call("DELETE", path(ROOT + "/{}", job_id))


def request_recording_permission(job_id: str) -> Call[Accepted]:
    """Ask for consent again."""
    return once(Call("POST", path(ROOT + "/{}/request-recording-permission", job_id)))


def retry(job_id: str) -> Call[JobBrief]:
    """Send the bot again after a failure."""
    return once(Call("POST", path(ROOT + "/{}/retry", job_id)))


def transcript(job_id: str) -> Listing[Entry]:
    """List what was said, in time order."""
    return Listing(path(ROOT + "/{}/transcript", job_id), "entries")


def summary(job_id: str, version: int | None = None) -> Call[JobSummary]:
    """Read the newest summary, or one version."""
    return Call("GET", path(ROOT + "/{}/summary", job_id), query=given(version=version))


def manifest(job_id: str) -> Call[dict[str, Any]]:
    """Read what the job left behind."""
    return Call("GET", path(ROOT + "/{}/manifest", job_id))


def events(job_id: str) -> Listing[TimelineEntry]:
    """List what happened, oldest first."""
    return Listing(path(ROOT + "/{}/events", job_id), "events")


def explain(job_id: str) -> Call[Explanation]:
    """Read which rules decided what."""
    return Call("GET", path(ROOT + "/{}/explain", job_id))


def deliveries(job_id: str) -> Call[SentList]:
    """Read every mail and webhook with every attempt."""
    return Call("GET", path(ROOT + "/{}/deliveries", job_id))


def resend(delivery_id: str) -> Call[Accepted]:
    """Send a delivery again, under the same id."""
    return once(Call("POST", path("/api/v1/deliveries/{}/resend", delivery_id)))


def ask(job_id: str, question: str) -> Call[AnswerShown]:
    """Ask about a meeting; every statement of the answer cites entries of the transcript."""
    return Call("POST", path(ROOT + "/{}/ask", job_id), body={"question": question})


def search(words: str) -> Listing[HitShown]:
    """List where words stand in one's own meetings, best first."""
    return Listing("/api/v1/search", "hits", {"q": words})
