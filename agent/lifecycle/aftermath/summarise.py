"""The phase that turns words into notes: a summary version, the end of the job, the recap on its way."""

import asyncio
from dataclasses import dataclass

import structlog
from sqlmodel import Session

from agent.lifecycle.aftermath import carried, readers, recap
from agent.lifecycle.aftermath.closing import close_without_words, finish
from agent.lifecycle.aftermath.entries import as_entry
from agent.lifecycle.aftermath.harvest import kept_until
from agent.lifecycle.house import House
from agent.model.states import State, Told
from agent.model.summary import FELL_BACK, Brief, Summary
from agent.model.tables import Job, SummaryVersion
from agent.model.transcript import Entry, Why
from agent.rules.carryover import unfinished
from agent.rules.differences import lines_of
from agent.store import jobs

log = structlog.get_logger("summarise")


@dataclass(frozen=True, slots=True)
class Material:
    """What one version is made of. `open_before` are actions of the series' last meeting, with when they were noted."""

    brief: Brief
    entries: list[Entry]
    open_before: list[carried.Carried]


class Summarise:
    """Runs `summarise(job_id, version)`. A version that exists is not written twice."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def __call__(self, job_id: int, version: int) -> None:
        """Write one version of the summary, and complete the job if it is not complete yet."""
        material = await asyncio.to_thread(self._material, job_id, version)
        if material is None:
            return
        began = self.house.clock.monotonic()
        summary = await self.house.summariser.summarise(material.brief, material.entries)
        took_ms = int((self.house.clock.monotonic() - began) * 1000)
        await asyncio.to_thread(self._keep, job_id, version, material, summary, took_ms)

    def _material(self, job_id: int, version: int) -> Material | None:
        """Return what is needed, or None when there is nothing to do: the model sees nothing without consent."""
        with self.house.database.write() as session:
            job = jobs.get(session, job_id, lock=True)
            state = State(job.state)
            if state not in {State.FINALIZING, State.COMPLETED} or self._is_written(session, job_id, version):
                return None
            rows = jobs.entries(session, job_id, job.transcript_source)
            consented = kept_until(jobs.ledger(session, job_id)) is not None
            if rows and consented:
                open_before = carried.open_before(session, job)
                brief = self._brief(session, job, open_before)
                return Material(brief, [as_entry(row) for row in rows], open_before)
            self._end(session, job, Why.DELETED if consented else Why.NOT_CONSENTED)
            return None

    def _end(self, session: Session, job: Job, why: Why) -> None:
        """Complete a job whose words are gone; one that is complete stays as it is."""
        if job.state == State.FINALIZING:
            job.transcript_source = ""
            close_without_words(session, self.house, job, why)

    def _is_written(self, session: Session, job_id: int, version: int) -> bool:
        return any(row.version >= version for row in jobs.summaries(session, job_id))

    def _brief(self, session: Session, job: Job, open_before: list[carried.Carried]) -> Brief:
        habits = self.house.habits
        people = [one.display_name for one in readers.attendances(session, job)]
        return Brief(
            meeting_title=job.title,
            started_at=(job.admitted_at or job.starts_at).isoformat(),
            roster=tuple(dict.fromkeys(people)),
            language=str(job.options.get("summary_language") or habits.summary_language) or None,
            template=str(job.options.get("template") or habits.summary_template),
            previous_actions=tuple(text for text, _ in open_before),
        )

    def _keep(self, job_id: int, version: int, material: Material, summary: Summary, took_ms: int) -> None:
        with self.house.database.write() as session:
            job = jobs.get(session, job_id, lock=True)
            if self._is_written(session, job_id, version):
                return
            if kept_until(jobs.ledger(session, job_id)) is None:
                self._end(session, job, Why.NOT_CONSENTED)  # taken back while the model was at work
                return
            now = self.house.now()
            row = self._row(job_id, version, material, summary, took_ms)
            session.add(row)
            session.flush()
            self._tell(session, job, summary, row)
            recap.queue_recaps(session, self.house, job, row, now)
            if job.state == State.FINALIZING:
                finish(session, self.house, job, now, summary=summary)

    def _tell(self, session: Session, job: Job, summary: Summary, row: SummaryVersion) -> None:
        """Write down that there is a version, what it took, and where the model failed on it."""
        now = self.house.now()
        for note in summary.notes:
            if note.kind in FELL_BACK:
                fallen: dict[str, object] = {"version": row.version, "kind": note.kind, "reason": note.text}
                jobs.note(session, job, now, Told.SUMMARY_FELL_BACK, fallen)
                log.warning("summary.fell_back", action="summarise", job=job.public_id, reason=note.text)
        line = {
            "version": row.version,
            "engine": summary.engine,
            "model": summary.model,
            "notes": [note.text for note in summary.notes],
            "input_tokens": row.input_tokens,
            "output_tokens": row.output_tokens,
            "cost": row.cost,
            "took_ms": row.took_ms,
        }
        told: dict[str, object] = {name: value for name, value in line.items() if value}
        jobs.note(session, job, now, Told.SUMMARY_READY, told)

    def _row(
        self, job_id: int, version: int, material: Material, summary: Summary, took_ms: int
    ) -> SummaryVersion:
        now = self.house.now()
        prices = self.house.habits.prices
        left = unfinished(material.open_before, material.entries, summary.action_items, now)
        cost = prices.cost(summary.input_tokens, summary.output_tokens)
        return SummaryVersion(
            job_id=job_id,
            version=version,
            created_at=now,
            body=summary.model_dump(mode="json"),
            text="\n".join(line for lines in lines_of(summary).values() for line in lines),
            carried_over=[{"text": text, "since": since.isoformat()} for text, since in left],
            input_tokens=summary.input_tokens,
            output_tokens=summary.output_tokens,
            cost=cost if prices.input or prices.output else None,
            took_ms=took_ms,
        )
