"""The phase that makes a transcript on demand: from the recording, else from Meet's own record, else from the captions."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlmodel import Session

from agent.errors import MeetbotError, Missing
from agent.lifecycle.aftermath import hearing
from agent.lifecycle.aftermath.entries import as_entry, rows
from agent.lifecycle.aftermath.harvest import kept_of, kept_until, next_bot_at, others_on_code
from agent.lifecycle.house import House
from agent.model.states import Told
from agent.model.tables import Job, Production, Recording
from agent.model.transcript import Entry, Source
from agent.store import bots, jobs, sharing

TRANSCRIBE = "transcribe"
log = structlog.get_logger("transcribe")


@dataclass(frozen=True, slots=True)
class Material:
    """A wish for a transcript, and what one may be made from."""

    job: Job
    wish: Production
    files: Sequence[Recording]
    captions: Sequence[Entry]
    others: Sequence[tuple[datetime, datetime]]


class Transcribe:
    """Runs `transcribe(job_id, number)`; a wish that is not the newest, or is settled, does nothing."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def __call__(self, job_id: int, number: int) -> None:
        """Make one transcript, or write down why there is none."""
        found = await asyncio.to_thread(self._material, job_id, number)
        if found is None:
            return
        try:
            source, entries = await self._make(found)
        except MeetbotError as error:
            log.warning("transcribe.failed", action="transcribe", job=found.job.public_id, error=error.full)
            await asyncio.to_thread(self._settle, job_id, number, None, (), error.safe)
        else:
            await asyncio.to_thread(self._settle, job_id, number, source, entries, "")

    def _material(self, job_id: int, number: int) -> Material | None:
        with self.house.database.read() as session:
            job = jobs.get(session, job_id)
            wish = sharing.production(session, job_id, "transcript")
            if wish is None or wish.number != number or wish.state != "processing":
                return None
            files = bots.recordings(session, [job_id]).get(job_id, [])
            captions = [as_entry(row) for row in jobs.entries(session, job_id, Source.CAPTIONS)]
            return Material(job, wish, files, captions, others_on_code(session, job))

    async def _make(self, now: Material) -> tuple[Source, Sequence[Entry]]:
        if now.files and self.house.transcriber is not None:
            language = now.wish.options.get("language")
            return Source.RECORDING, await hearing.heard(self.house, now.files, now.captions, language)
        if self.house.habits.meet_records and (entries := await self._of_platform(now)):
            return Source.MEET, entries
        if now.captions:
            return Source.CAPTIONS, now.captions
        raise Missing("There is no recording, no transcript of Meet's and no captions to make one from.")

    async def _of_platform(self, now: Material) -> Sequence[Entry]:
        job = now.job
        found = await self.house.transcripts.harvest(
            job.meeting_code,
            min(job.admitted_at or job.starts_at, job.starts_at),
            job.left_at or self.house.now(),
            intent=f"Make the transcript that {job.inviter or 'the bot’s owner'} asked for",
            others=now.others,
        )
        return found.entries

    def _settle(
        self, job_id: int, number: int, source: Source | None, entries: Sequence[Entry], error: str
    ) -> None:
        with self.house.database.write() as session:
            job = jobs.get(session, job_id, lock=True)
            wish = sharing.production(session, job_id, "transcript")
            if wish is None or wish.number != number or wish.state != "processing":
                return
            now = self.house.now()
            wish.state, wish.error, wish.finished_at = "done" if source else "failed", error, now
            session.add(wish)
            if source is not None:
                self._keep(session, job, source, entries, now)

    def _keep(
        self, session: Session, job: Job, source: Source, entries: Sequence[Entry], now: datetime
    ) -> None:
        until = min(kept_until(jobs.ledger(session, job.id or 0)) or now, next_bot_at(session, job))
        kept = rows(job.id or 0, kept_of(entries, job, until), source)
        if source is not Source.CAPTIONS:
            jobs.replace_entries(session, job.id or 0, source, kept)
        job.transcript_source = source.value
        session.add(job)
        jobs.note(session, job, now, Told.TRANSCRIPT_READY, {"source": source.value, "entries": len(kept)})
