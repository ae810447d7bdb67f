"""Jobs as the jobs API shows them."""

from collections.abc import Sequence
from typing import Any

from agent.lifecycle.queries import JobView, Why
from agent.lifecycle.transition import PUBLIC_STATUS
from agent.model.states import State
from agent.model.tables import Attempt, Delivery, Job, JobEvent, SummaryVersion, TranscriptEntry
from agent.web.jobs import reading
from agent.web.jobs.schemas import (
    DeliveryBrief,
    JobAnswer,
    JobBrief,
    JobMade,
    LedgerEntry,
    RosterEntry,
    TimelineEntry,
    TranscriptFacts,
)


def _facts(job: Job) -> dict[str, Any]:
    state = State(job.state)
    return {
        "id": job.public_id,
        "external_id": job.external_id,
        "status": PUBLIC_STATUS[state],
        "lobby": state is State.WAITING,
        "cancelled": state is State.CANCELLED,
        "end_reason": job.end_reason,
        "failure_code": job.failure_code,
        "failure_detail": job.failure_detail,
        "title": job.title,
        "meeting_url": job.meeting_url,
        "join_at": job.join_at,
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "metadata": job.annotations,
    }


def brief(job: Job) -> JobBrief:
    """Return a job without what hangs on it."""
    return JobBrief(**_facts(job))


def made(job: Job, secrets: dict[str, str]) -> JobMade:
    """Return a job that was just made, with the secrets of its webhooks."""
    return JobMade(**_facts(job), webhook_secrets=secrets)


def full(view: JobView) -> JobAnswer:
    """Return a job with its timeline, ledger, roster, words, summary and deliveries."""
    return JobAnswer(
        **_facts(view.job),
        timeline=[line_of(line) for line in view.timeline],
        consent=[LedgerEntry.model_validate(entry, from_attributes=True) for entry in view.ledger],
        participants=[
            RosterEntry(name=person.name, kind=person.verdict, rule=person.rule, host=person.is_host)
            for person in view.roster
        ],
        transcript=TranscriptFacts(source=view.job.transcript_source or None, entries=len(view.entries)),
        summary={"version": view.summaries[0].version, **view.summaries[0].body} if view.summaries else None,
        deliveries=[_delivery(delivery) for delivery in view.deliveries],
        manifest=view.job.manifest or None,
    )


def line_of(line: JobEvent) -> TimelineEntry:
    """Return one line of a timeline."""
    return TimelineEntry.model_validate(line, from_attributes=True)


def _delivery(delivery: Delivery) -> DeliveryBrief:
    return DeliveryBrief.model_validate(delivery, from_attributes=True)


def sent(delivery: Delivery, attempts: Sequence[Attempt]) -> reading.Sent:
    """Return a delivery with every try at it."""
    return reading.Sent(
        **_delivery(delivery).model_dump(exclude={"attempts"}),
        created_at=delivery.created_at,
        next_at=delivery.next_at,
        attempts=[reading.Try.model_validate(attempt, from_attributes=True) for attempt in attempts],
    )


def entry(said: TranscriptEntry) -> reading.Entry:
    """Return one thing that was said."""
    return reading.Entry.model_validate(said, from_attributes=True)


def summary(row: SummaryVersion) -> reading.JobSummary:
    """Return one version of a summary."""
    return reading.JobSummary(version=row.version, created_at=row.created_at, summary=row.body)


def why(found: Why) -> reading.Explanation:
    """Return which rules decided what."""
    job = found.job
    return reading.Explanation(
        id=job.public_id,
        status=PUBLIC_STATUS[State(job.state)],
        source=job.source,
        end_reason=job.end_reason,
        failure_code=job.failure_code,
        failure_detail=job.failure_detail,
        invitations=[
            reading.InvitationSeen.model_validate(seen, from_attributes=True) for seen in found.invitations
        ],
        timeline=[line_of(line) for line in found.timeline],
    )
