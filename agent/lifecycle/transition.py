"""The one writer of a job's state: the move, its timeline line and the webhooks it causes are one transaction."""

from datetime import datetime

from sqlmodel import Session

from agent.engine import Engine
from agent.lifecycle import bot_news, outbox
from agent.model.states import EndReason, FailureCode, State, Told
from agent.model.tables import Job
from agent.rules import lifecycle
from agent.store import jobs

# What the jobs API shows for each state.
PUBLIC_STATUS = {
    State.SCHEDULED: "queued",
    State.QUEUED: "queued",
    State.JOINING: "joining",
    State.WAITING: "joining",
    State.IN_CALL: "in_call",
    State.RECORDING: "recording",
    State.FINALIZING: "finalizing",
    State.COMPLETED: "completed",
    State.FAILED: "failed",
    State.CANCELLED: "failed",
}


def advance(
    session: Session,
    engine: Engine,
    job: Job,
    target: State,
    now: datetime,
    *,
    end_reason: EndReason | str | None = None,
    failure_code: FailureCode | None = None,
    detail: str = "",
) -> None:
    """Move a job to `target`, tell its timeline, and queue the webhooks. Raises `Conflict` for an illegal move.

    A move to the state it is already in does nothing, so that a phase may run twice.
    """
    current = State(job.state)
    if current is target:
        return
    lifecycle.check(current, target)
    job.state = target.value
    job.updated_at = now
    if end_reason:
        job.end_reason = str(end_reason)
    job.failure_code = failure_code.value if failure_code else None
    job.failure_detail = (detail or None) if failure_code else None
    session.add(job)
    told: dict[str, object] = {
        "from": current.value,
        "to": target.value,
        "end_reason": job.end_reason,
        "failure_code": job.failure_code,
        "detail": detail,
    }
    line = {name: value for name, value in told.items() if value}
    jobs.note(session, job, now, Told.STATE_CHANGED, line)
    session.flush()
    _tell(session, engine, job, current, now)
    bot_news.tell(session, engine, job, Told.STATE_CHANGED, line, now)


def _tell(session: Session, engine: Engine, job: Job, before: State, now: datetime) -> None:
    facts = status_facts(job) | {"previousStatus": PUBLIC_STATUS[before]}
    outbox.queue_hooks(session, engine, job, "job.status_changed", facts, now, key=_moves(session, job))
    if job.state == State.FAILED:
        outbox.queue_hooks(session, engine, job, "job.failed", facts, now, key=_moves(session, job))


def _moves(session: Session, job: Job) -> str:
    """Name this move: the number of the timeline's last line, which the same transaction wrote."""
    assert job.id is not None
    return str(jobs.timeline(session, job.id)[-1].id)


def status_facts(job: Job) -> dict[str, object]:
    """Return what every jobs-family event tells about a job."""
    facts: dict[str, object] = {
        "jobId": job.public_id,
        "externalId": job.external_id,
        "status": PUBLIC_STATUS[State(job.state)],
        "meetingUrl": job.meeting_url,
        "title": job.title,
    }
    if job.state == State.WAITING:
        facts["lobby"] = True
    if job.state == State.CANCELLED:
        facts["cancelled"] = True
    if job.end_reason:
        facts["end_reason"] = job.end_reason
    if job.failure_code:
        facts["failure_code"] = job.failure_code
        facts["failure_detail"] = job.failure_detail
        facts["failure_reason"] = job.failure_detail
    if job.annotations:
        facts["metadata"] = job.annotations
    return facts
