"""Jobs as the jobs API shows them."""

from typing import Any

from agent.lifecycle.queries import JobView
from agent.lifecycle.transition import PUBLIC_STATUS
from agent.model.states import State
from agent.model.tables import Job
from agent.web.jobs.schemas import JobAnswer, TimelineEntry


def brief(job: Job) -> JobAnswer:
    """Return a job without what hangs on it."""
    state = State(job.state)
    return JobAnswer(
        id=job.public_id,
        external_id=job.external_id,
        status=PUBLIC_STATUS[state],
        lobby=state is State.WAITING,
        cancelled=state is State.CANCELLED,
        end_reason=job.end_reason,
        failure_code=job.failure_code,
        failure_detail=job.failure_detail,
        title=job.title,
        meeting_url=job.meeting_url,
        join_at=job.join_at,
        created_at=job.created_at,
        updated_at=job.updated_at,
        metadata=job.annotations,
        manifest=job.manifest or None,
    )


def full(view: JobView) -> JobAnswer:
    """Return a job with its timeline, ledger, roster, words, summary and deliveries."""
    return brief(view.job).model_copy(
        update={
            "timeline": [TimelineEntry(at=line.at, kind=line.kind, data=line.data) for line in view.timeline],
            "consent": [
                {
                    "at": entry.at,
                    "outcome": entry.outcome,
                    "who": entry.who,
                    "words": entry.words,
                    "message": entry.message,
                    "channel": entry.channel,
                }
                for entry in view.ledger
            ],
            "participants": [
                {"name": person.name, "kind": person.verdict, "rule": person.rule, "host": person.is_host}
                for person in view.roster
            ],
            "transcript": {"source": view.job.transcript_source or None, "entries": len(view.entries)},
            "summary": _summary(view),
            "deliveries": [
                {
                    "id": delivery.id,
                    "channel": delivery.channel,
                    "event": delivery.event,
                    "target": delivery.target,
                    "state": delivery.state,
                    "attempts": delivery.attempts,
                }
                for delivery in view.deliveries
            ],
        }
    )


def _summary(view: JobView) -> dict[str, Any] | None:
    if not view.summaries:
        return None
    newest = view.summaries[0]
    return {"version": newest.version, **newest.body}
