"""Writes one entry of the consent ledger, with its line in the timeline and the news of an answer, in one transaction."""

from datetime import datetime

from sqlmodel import Session

from agent.lifecycle import outbox
from agent.lifecycle.house import House
from agent.model.call import Enter
from agent.model.states import Told
from agent.model.tables import Consent, Job
from agent.store import jobs

ANSWERS = {"granted": True, "declined": False, "withdrawn": False, "opted_out": False}
QUESTIONS = frozenset({"asked", "announced"})


def enter(session: Session, house: House, job: Job, entry: Enter, now: datetime) -> None:
    """Add `entry` to the job's ledger."""
    jobs.enter(
        session,
        Consent(
            job_id=job.id or 0,
            at=now,
            outcome=entry.outcome,
            who=entry.who,
            words=entry.words,
            message=entry.message,
            language=entry.language,
            channel=entry.channel,
        ),
    )
    kind = Told.CONSENT_ASKED if entry.outcome in QUESTIONS else Told.CONSENT_ANSWERED
    line = {"outcome": entry.outcome, "who": entry.who, "words": entry.words, "channel": entry.channel}
    jobs.note(session, job, now, kind, {name: value for name, value in line.items() if value})
    if entry.outcome in ANSWERS:
        facts = {
            "jobId": job.public_id,
            "granted": ANSWERS[entry.outcome],
            "outcome": entry.outcome,
            "respondent": entry.who,
            "words": entry.words,
            "channel": entry.channel,
        }
        key = f"{entry.outcome}:{now.isoformat()}"
        outbox.queue_hooks(
            session, house.engine, job, "bot.recording_permission_response", facts, now, key=key
        )
