"""The end of a job: the manifest is written, the last event told and the recap queued, all in one transaction."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from agent.lifecycle import outbox
from agent.lifecycle.aftermath import recap
from agent.lifecycle.house import House
from agent.lifecycle.transition import advance, status_facts
from agent.model.states import State, Told
from agent.model.summary import Summary
from agent.model.tables import Job
from agent.model.transcript import Why
from agent.rules import sourcing
from agent.store import bots, jobs


def close_without_words(session: Session, house: House, job: Job, why: Why) -> None:
    """Complete a job that has no transcript, and say so. Without consent the inviter gets one line and no more."""
    now = house.now()
    line: dict[str, object] = {"reason": sourcing.told(why), "code": why.value}
    jobs.note(session, job, now, Told.TRANSCRIPT_ABSENT, line)
    if why is Why.NOT_CONSENTED:
        recap.queue_no_consent(session, house, job, now)
    else:
        recap.queue_absence(session, house, job, why, now)
    finish(session, house, job, now, summary=None)


def finish(session: Session, house: House, job: Job, now: datetime, *, summary: Summary | None) -> None:
    """Complete the job: manifest, state, and the one `job.finalized`."""
    job.manifest = manifest(session, house, job, summary)
    advance(session, house.engine, job, State.COMPLETED, now)
    facts = status_facts(job) | {"manifest": job.manifest}
    outbox.queue_hooks(session, house.engine, job, "job.finalized", facts, now, key="once")


def manifest(session: Session, house: House, job: Job, summary: Summary | None) -> dict[str, Any]:
    """Return what a finished job left behind: who was there, who allowed it, when, and where to find the rest."""
    job_id = job.id or 0
    base = f"{house.habits.public_url}/api/v1/jobs/{job.public_id}"
    return {
        "jobId": job.public_id,
        "title": job.title,
        "meetingUrl": job.meeting_url,
        "timings": {
            "scheduledStart": job.starts_at.isoformat(),
            "joinAt": job.join_at.isoformat(),
            "admittedAt": job.admitted_at.isoformat() if job.admitted_at else None,
            "leftAt": job.left_at.isoformat() if job.left_at else None,
        },
        "endReason": job.end_reason,
        "consent": [
            {"at": entry.at.isoformat(), "outcome": entry.outcome, "who": entry.who, "channel": entry.channel}
            for entry in jobs.ledger(session, job_id)
        ],
        "roster": [
            {"name": person.name, "kind": person.verdict, "host": person.is_host}
            for person in jobs.roster(session, job_id)
            if person.verdict != "self"
        ],
        "transcript": {
            "source": job.transcript_source or None,
            "entries": jobs.entries_page(session, job_id, job.transcript_source, offset=0, limit=1)[1],
            "url": f"{base}/transcript" if job.transcript_source else None,
        },
        "summary": {
            "engine": summary.engine if summary else None,
            "version": len(jobs.summaries(session, job_id)),
            "url": f"{base}/summary" if summary else None,
        },
        "files": [
            {
                "name": row.path.rpartition("/")[2],
                "mediaType": row.media_type,
                "durationSeconds": round(row.duration_seconds, 3),
                "sizeBytes": row.size_bytes,
            }
            for row in bots.recordings(session, [job_id]).get(job_id, [])
        ],
    }
