"""The phase after the call: gets the words, waits for them if need be, and hands them to the summary."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from sqlmodel import Session

from agent.errors import Denied, MeetbotError, Temporary
from agent.lifecycle.attend import GRANTED, HARVEST
from agent.lifecycle.closing import close_without_words
from agent.lifecycle.house import House
from agent.model.states import State, Told
from agent.model.tables import Consent, Job, TranscriptEntry
from agent.model.transcript import Entry, Harvest, Readiness, Source
from agent.rules import backoff, sourcing
from agent.store import jobs

SUMMARISE = "summarise"
FOREVER = datetime.max.replace(tzinfo=UTC)
OVERLAP_BEFORE = timedelta(minutes=30)
OVERLAP_AFTER = timedelta(minutes=30)
log = structlog.get_logger("harvest")


class GetWords:
    """Runs `harvest(job_id, look)`: the `look`-th look for the words of a meeting."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def __call__(self, job_id: int, look: int) -> None:
        """Look once. Without a standing consent nothing is fetched at all."""
        job, allowed, has_captions = await asyncio.to_thread(self._situation, job_id)
        if job.state != State.FINALIZING:
            return
        if not allowed:
            await asyncio.to_thread(self._end, job_id, "nobody allowed it", False)
            return
        found, choice = await self._look(job, look, has_captions)
        if choice.wait_seconds is not None:
            await asyncio.to_thread(self._wait, job_id, look, choice.wait_seconds, found)
        elif choice.source is None:
            await asyncio.to_thread(self._end, job_id, choice.reason, True)
        else:
            await asyncio.to_thread(self._keep, job_id, choice.source, found)

    def _situation(self, job_id: int) -> tuple[Job, bool, bool]:
        with self.house.database.read() as session:
            allowed = bool(kept_until(jobs.ledger(session, job_id)))
            captions = bool(jobs.entries(session, job_id, Source.CAPTIONS))
            return jobs.get(session, job_id), allowed, captions

    async def _look(self, job: Job, look: int, has_captions: bool) -> tuple[Harvest, sourcing.Choice]:
        habits = self.house.habits
        now = self.house.now()
        ended = job.left_at or now
        found = Harvest(Readiness.NO_RECORD)
        try:
            if Source.MEET in habits.transcript_sources:
                found = await self._ask_platform(job, ended)
        except Temporary as error:
            log.warning("harvest.later", action="harvest.look", job=job.public_id, error=error.full)
            found = Harvest(Readiness.PENDING)
        except MeetbotError as error:
            await asyncio.to_thread(self._trouble, job.id, error)
            return found, sourcing.refused(
                sources=habits.transcript_sources, has_captions=has_captions, reason=error.safe
            )
        waited = (now - ended).total_seconds()
        next_look = backoff.next_look(
            habits.transcript_poll_seconds, look - 1, waited, habits.transcript_wait_hours
        )
        choice = sourcing.choose(
            found.readiness,
            sources=habits.transcript_sources,
            has_captions=has_captions,
            waited_seconds=waited,
            next_look_seconds=next_look,
        )
        return found, choice

    async def _ask_platform(self, job: Job, ended: datetime) -> Harvest:
        began = min(job.admitted_at or job.starts_at, job.starts_at)
        return await self.house.transcripts.harvest(
            job.meeting_code,
            began - OVERLAP_BEFORE,
            ended + OVERLAP_AFTER,
            intent=f"Write the notes of the meeting that {job.inviter or 'its organizer'} invited the bot to",
        )

    def _trouble(self, job_id: int | None, error: MeetbotError) -> None:
        log.error("harvest.refused", action="harvest.look", job=job_id, error=error.full)
        with self.house.database.write() as session:
            job = jobs.get(session, job_id or 0)
            kind = "denied" if isinstance(error, Denied) else error.kind.value
            jobs.note(session, job, self.house.now(), Told.TROUBLE, {"kind": kind, "detail": error.safe})

    def _wait(self, job_id: int, look: int, wait_seconds: float, found: Harvest) -> None:
        with self.house.database.write() as session:
            job = jobs.get(session, job_id)
            job.harvested_until = self.house.now()
            job.conferences = conferences(found)
            session.add(job)
            at = self.house.now() + timedelta(seconds=wait_seconds)
            key = f"harvest:{job.public_id}:{job.revision}:{look + 1}"
            self.house.engine.after(session, HARVEST, key, job_id, look + 1, at=at)

    def _end(self, job_id: int, reason: str, consented: bool) -> None:
        with self.house.database.write() as session:
            job = jobs.get(session, job_id, lock=True)
            close_without_words(session, self.house, job, reason, consented=consented)

    def _keep(self, job_id: int, source: Source, found: Harvest) -> None:
        """Store the words and hand over to the summary, in one transaction."""
        with self.house.database.write() as session:
            job = jobs.get(session, job_id, lock=True)
            now = self.house.now()
            if source is Source.MEET:
                until = kept_until(jobs.ledger(session, job_id)) or now
                kept = [entry for entry in found.entries if entry.started_at <= until]
                jobs.replace_entries(session, job_id, source, rows(job_id, kept))
                job.conferences = conferences(found)
            job.transcript_source = source.value
            session.flush()
            count = len(jobs.entries(session, job_id, source))
            jobs.note(session, job, now, Told.TRANSCRIPT_READY, {"source": source.value, "entries": count})
            session.add(job)
            self._hand_over(session, job)

    def _hand_over(self, session: Session, job: Job) -> None:
        version = len(jobs.summaries(session, job.id or 0)) + 1
        key = f"summarise:{job.public_id}:{version}"
        self.house.engine.after(session, SUMMARISE, key, job.id or 0, version)


def kept_until(ledger: Sequence[Consent]) -> datetime | None:
    """Return until when words may be kept by a ledger, oldest entry first; None when nothing may be kept.

    A "stop" keeps what was taken until then; "no" and "opt out" keep nothing.
    """
    until: datetime | None = None
    for entry in ledger:
        if entry.outcome in GRANTED:
            until = FOREVER
        elif entry.outcome == "withdrawn" and until:
            until = entry.at
        elif entry.outcome in {"declined", "opted_out"}:
            until = None
    return until


def rows(job_id: int, entries: Sequence[Entry]) -> list[TranscriptEntry]:
    """Return entries as rows, numbered from 1 in the order given."""
    return [
        TranscriptEntry(
            job_id=job_id,
            source=Source.MEET,
            ordinal=number,
            key=str(number),
            speaker=entry.speaker,
            text=entry.text,
            language=entry.language,
            started_at=entry.started_at,
            ended_at=entry.ended_at,
        )
        for number, entry in enumerate(entries, start=1)
    ]


def conferences(found: Harvest) -> list[dict[str, object]]:
    """Return the conference records as the job keeps them: names, times, who was there."""
    return [
        {
            "name": record.name,
            "space": record.space,
            "startTime": record.started_at.isoformat(),
            "endTime": record.ended_at.isoformat() if record.ended_at else None,
            "expireTime": record.expires_at.isoformat() if record.expires_at else None,
            "participants": [
                {
                    "name": person.display_name,
                    "kind": person.kind,
                    "sessions": [
                        [stay.started_at.isoformat(), stay.ended_at.isoformat() if stay.ended_at else None]
                        for stay in person.sessions
                    ],
                }
                for person in record.participants
            ],
        }
        for record in found.conferences
    ]
