"""What a series carries along: the open actions of its last meeting, and who was told of them then."""

from datetime import datetime

from sqlmodel import Session

from agent.model.summary import Summary
from agent.model.tables import Job
from agent.rules.carryover import spelled
from agent.store import jobs, recaps

Carried = tuple[str, datetime]


def open_before(session: Session, job: Job) -> list[Carried]:
    """Return the actions (text, when first noted) that stood open after the last meeting of the job's series."""
    before = recaps.job_before(session, job)
    if before is None:
        return []
    newest = jobs.summaries(session, before.id or 0)[0]
    noted = Summary.model_validate(newest.body).action_items
    fresh = [(spelled(action), before.starts_at) for action in noted if action.verified]
    older = [(str(one["text"]), datetime.fromisoformat(str(one["since"]))) for one in newest.carried_over]
    return fresh + older


def told_before(session: Session, job: Job) -> frozenset[str]:
    """Return who got the recap of the series' last meeting: to nobody else is it carried over."""
    before = recaps.job_before(session, job)
    if before is None:
        return frozenset()
    sent = recaps.mails_of(session, before.id or 0, "recap")
    return frozenset(mail.target for mail in sent if mail.state != "cancelled")
