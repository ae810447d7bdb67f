"""The phase that turns words into notes: a summary version, the end of the job, the recap on its way."""

import asyncio

import structlog

from agent.lifecycle import recap
from agent.lifecycle.closing import finish
from agent.lifecycle.house import House
from agent.model.states import State, Told
from agent.model.summary import Brief, Summary
from agent.model.tables import Job, SummaryVersion
from agent.model.transcript import Entry
from agent.store import jobs

log = structlog.get_logger("summarise")


class Summarise:
    """Runs `summarise(job_id, version)`. A version that exists is not written twice."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def __call__(self, job_id: int, version: int) -> None:
        """Write one version of the summary, and complete the job if it is not complete yet."""
        found = await asyncio.to_thread(self._material, job_id, version)
        if found is None:
            return
        brief, entries = found
        summary = await self.house.summariser.summarise(brief, entries)
        await asyncio.to_thread(self._keep, job_id, version, summary)

    def _material(self, job_id: int, version: int) -> tuple[Brief, list[Entry]] | None:
        with self.house.database.read() as session:
            job = jobs.get(session, job_id)
            if len(jobs.summaries(session, job_id)) >= version or State(job.state) not in {
                State.FINALIZING,
                State.COMPLETED,
            }:
                return None
            rows = jobs.entries(session, job_id, job.transcript_source)
            people = [person.name for person in jobs.roster(session, job_id) if person.verdict == "human"]
            return self._brief(job, people), [recap.as_entry(row) for row in rows]

    def _brief(self, job: Job, people: list[str]) -> Brief:
        habits = self.house.habits
        return Brief(
            meeting_title=job.title,
            started_at=(job.admitted_at or job.starts_at).isoformat(),
            roster=tuple(people),
            language=str(job.options.get("summary_language") or habits.summary_language) or None,
            template=str(job.options.get("template") or habits.summary_template) or "general",
        )

    def _keep(self, job_id: int, version: int, summary: Summary) -> None:
        with self.house.database.write() as session:
            job = jobs.get(session, job_id, lock=True)
            if len(jobs.summaries(session, job_id)) >= version:
                return
            now = self.house.now()
            body = summary.model_dump(mode="json")
            session.add(SummaryVersion(job_id=job_id, version=version, created_at=now, body=body))
            session.flush()
            line = {
                "version": version,
                "engine": summary.engine,
                "model": summary.model,
                "notes": list(summary.notes),
            }
            jobs.note(
                session, job, now, Told.SUMMARY_READY, {name: value for name, value in line.items() if value}
            )
            recap.queue_recaps(session, self.house, job, summary, version, now)
            if job.state == State.FINALIZING:
                finish(session, self.house, job, now, summary=summary)
