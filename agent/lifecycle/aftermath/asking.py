"""Asking a question about one meeting; the answer cites what was said."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from agent.errors import Invalid, Missing
from agent.lifecycle.aftermath import readers
from agent.lifecycle.aftermath.entries import as_entry
from agent.lifecycle.aftermath.harvest import kept_until
from agent.lifecycle.house import House
from agent.model.account import Principal
from agent.model.answer import Answer
from agent.model.summary import Brief
from agent.model.tables import Job, TranscriptEntry
from agent.store import jobs, ownership

QUESTION_MAX = 1000


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, and the entries that it cites by ordinal."""

    job: Job
    question: str
    answer: Answer
    cited: Sequence[TranscriptEntry]


async def ask(house: House, by: Principal, public_id: str, question: str) -> Answered:
    """Answer a question about one of the asker's meetings.

    Raises `Missing` for somebody else's meeting and for one without a transcript, `Invalid` for an empty or endless question.
    """
    asked = " ".join(question.split())
    if not asked or len(asked) > QUESTION_MAX:
        raise Invalid(f"Ask a question of at most {QUESTION_MAX} characters.")
    job, brief, rows = await asyncio.to_thread(_material, house, by, public_id)
    if house.answerer is None:
        raise Missing("Nobody here answers questions.", full="the house has no answerer")
    answer = await house.answerer.answer(asked, brief, [as_entry(row) for row in rows])
    cites = {cite for statement in answer.statements for cite in statement.cites}
    return Answered(job, asked, answer, [row for row in rows if row.ordinal in cites])


def _material(house: House, by: Principal, public_id: str) -> tuple[Job, Brief, Sequence[TranscriptEntry]]:
    with house.database.read() as session:
        job = jobs.by_public_id(session, public_id)
        if job.deleted_at is not None or not ownership.sees(session, by, job):
            raise Missing("There is no such job.", full=f"{by.email} may not ask about job {public_id}")
        rows = jobs.entries(session, job.id or 0, job.transcript_source)
        if not rows or kept_until(jobs.ledger(session, job.id or 0)) is None:
            raise Missing("There is no transcript of this meeting to answer from.")
        return job, _brief(session, job), rows


def _brief(session: Session, job: Job) -> Brief:
    people = [one.display_name for one in readers.attendances(session, job)]
    return Brief(
        meeting_title=job.title,
        started_at=(job.admitted_at or job.starts_at).isoformat(),
        roster=tuple(dict.fromkeys(people)),
    )
