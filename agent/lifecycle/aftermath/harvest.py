"""The phase after the call: gets the words, waits for them if need be, and hands them to the summary."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog
from sqlmodel import Session

from agent.errors import Denied, MeetbotError, Misconfigured, Missing, Temporary
from agent.lifecycle import operators
from agent.lifecycle.aftermath import conference_notes, hearing
from agent.lifecycle.aftermath.closing import close_without_words
from agent.lifecycle.aftermath.entries import as_entry, rows
from agent.lifecycle.attendance.ending import HARVEST
from agent.lifecycle.house import House
from agent.model.states import EndReason, State, Told
from agent.model.tables import Consent, Job, Recording
from agent.model.transcript import Entry, Harvest, Readiness, Source, Why
from agent.rules import backoff, permission, sourcing
from agent.store import bots, jobs, recaps

SUMMARISE = "summarise"
FOREVER = datetime.max.replace(tzinfo=UTC)
# How far from this meeting others with its code can lay claim to one of Meet's records.
NEIGHBOURHOOD = timedelta(days=2)
USUAL_LENGTH = timedelta(hours=1)
# Clocks differ, and what is said while the bot is thrown out was begun before.
REMOVAL_SLACK = timedelta(seconds=30)
log = structlog.get_logger("harvest")


@dataclass(frozen=True, slots=True)
class Situation:
    """A meeting that is over, and what of its words there is already."""

    job: Job
    allowed: bool
    captions: Sequence[Entry]
    recordings: Sequence[Recording]
    others: Sequence[tuple[datetime, datetime]]


class GetWords:
    """Runs `harvest(job_id, look)`: the `look`-th look for the words of a meeting."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def __call__(self, job_id: int, look: int) -> None:
        """Look once. Without a standing consent nothing is fetched at all."""
        now = await asyncio.to_thread(self._situation, job_id)
        if now.job.state != State.FINALIZING:
            return
        if not now.allowed:
            await asyncio.to_thread(self._end, job_id, Why.NOT_CONSENTED)
            return
        found, choice = await self._look(now, look)
        entries: Sequence[Entry] = found.entries
        if choice.source is Source.RECORDING:
            entries, choice = await self._listen(now, look, choice)
        if choice.wait_seconds is not None:
            await asyncio.to_thread(self._wait, job_id, look, choice.wait_seconds, found)
        elif choice.source is None:
            await asyncio.to_thread(self._end, job_id, choice.why or Why.NOTHING_CAPTURED)
        else:
            await asyncio.to_thread(self._keep, job_id, choice, found, entries)

    def _situation(self, job_id: int) -> Situation:
        with self.house.database.read() as session:
            job = jobs.get(session, job_id)
            return Situation(
                job=job,
                allowed=kept_until(jobs.ledger(session, job_id)) is not None,
                captions=[as_entry(row) for row in jobs.entries(session, job_id, Source.CAPTIONS)],
                recordings=bots.recordings(session, [job_id]).get(job_id, []),
                others=others_on_code(session, job),
            )

    async def _look(self, now: Situation, look: int) -> tuple[Harvest, sourcing.Choice]:
        sources = self.house.habits.transcript_sources
        found, asked_to_wait = Harvest(Readiness.NO_RECORD), 0.0
        if Source.MEET in sources and not self.house.habits.meet_records:
            return found, sourcing.refused(self._evidence(now, found), sources=sources, why=Why.NO_ACCESS)
        try:
            if Source.MEET in sources:
                found = await self._ask_platform(now)
        except Temporary as error:
            log.warning("harvest.later", action="harvest.look", job=now.job.public_id, error=error.full)
            lost = isinstance(error.__cause__, Missing)
            found = Harvest(Readiness.NO_RECORD if lost else Readiness.PENDING)
            asked_to_wait = error.retry_after_seconds or 0.0
        except MeetbotError as error:
            await asyncio.to_thread(self._refused, now.job.id or 0, error)
            why = Why.NOT_ALLOWED if isinstance(error, Denied | Misconfigured) else Why.REFUSED
            return found, sourcing.refused(self._evidence(now, found), sources=sources, why=why)
        waited, next_look = self._patience(now.job, look, found, asked_to_wait)
        choice = sourcing.choose(
            self._evidence(now, found),
            sources=sources,
            waited_seconds=waited,
            next_look_seconds=next_look,
        )
        return found, choice

    def _patience(
        self, job: Job, look: int, found: Harvest, asked_seconds: float = 0.0
    ) -> tuple[float, float | None]:
        """Return how many seconds have passed since the meeting, and after how many to look again, None for never."""
        habits, now = self.house.habits, self.house.now()
        ended = job.left_at or now
        expiries = [conference.expires_at for conference in found.conferences]
        whole = sourcing.wait_ends(ended, habits.transcript_wait_hours, expiries) - ended
        waited = (now - ended).total_seconds()
        wait_hours = whole.total_seconds() / 3_600
        polls = habits.transcript_poll_seconds
        return waited, backoff.next_look(polls, look - 1, waited, wait_hours, asked_seconds)

    def _evidence(self, now: Situation, found: Harvest) -> sourcing.Evidence:
        return sourcing.Evidence(
            found.readiness,
            meet_letters=sum(len(entry.text) for entry in found.entries),
            caption_letters=sum(len(entry.text) for entry in now.captions),
            has_recording=bool(now.recordings) and self.house.transcriber is not None,
        )

    async def _ask_platform(self, now: Situation) -> Harvest:
        job = now.job
        return await self.house.transcripts.harvest(
            job.meeting_code,
            min(job.admitted_at or job.starts_at, job.starts_at),
            job.left_at or self.house.now(),
            intent=f"Write the notes of the meeting that {job.inviter or 'its organizer'} invited the bot to",
            others=now.others,
        )

    async def _listen(
        self, now: Situation, look: int, choice: sourcing.Choice
    ) -> tuple[Sequence[Entry], sourcing.Choice]:
        """Put the recording into words; while its model cannot answer, that is waited for like Meet's transcript.

        Where it cannot be heard at all, the captions serve, if they may.
        """
        try:
            return await hearing.heard(self.house, now.recordings, now.captions, None), choice
        except Temporary as error:
            log.warning("harvest.later", action="harvest.listen", job=now.job.public_id, error=error.full)
            _, next_look = self._patience(now.job, look, Harvest(Readiness.NO_RECORD))
            if next_look is not None:
                return (), sourcing.Choice(wait_seconds=next_look)
        except MeetbotError as error:
            await asyncio.to_thread(self._refused, now.job.id or 0, error)
        rest = replace(self._evidence(now, Harvest(Readiness.NO_RECORD)), has_recording=False)
        why = choice.why or Why.RECORDING_UNUSABLE
        return (), sourcing.refused(rest, sources=self.house.habits.transcript_sources, why=why)

    def _refused(self, job_id: int, error: MeetbotError) -> None:
        """Write a refusal for good down, and tell the operator, who alone can mend it."""
        log.error("harvest.refused", action="harvest.look", job=job_id, error=error.full)
        with self.house.database.write() as session:
            job, now = jobs.get(session, job_id), self.house.now()
            kind = "denied" if isinstance(error, Denied) else error.kind.value
            jobs.note(session, job, now, Told.TROUBLE, {"kind": kind, "detail": error.safe})
            operators.tell(
                session,
                self.house,
                subject="Meetbot cannot read transcripts",
                paragraphs=(
                    f"The words of “{job.title or job.meeting_code}” could not be had: {error.safe}.",
                    "Meetings go on without them, with captions where there are any, until that is mended.",
                ),
                key=f"harvest-refused:{error.safe}",
            )

    def _wait(self, job_id: int, look: int, wait_seconds: float, found: Harvest) -> None:
        with self.house.database.write() as session:
            job = jobs.get(session, job_id, lock=True)
            if job.state != State.FINALIZING:
                return
            job.harvested_until = self.house.now()
            job.conferences = conference_notes.of(found, job) or job.conferences
            session.add(job)
            at = self.house.now() + timedelta(seconds=wait_seconds)
            key = f"harvest:{job.public_id}:{job.revision}:{look + 1}"
            self.house.engine.after(session, HARVEST, key, job_id, look + 1, at=at)

    def _end(self, job_id: int, why: Why) -> None:
        with self.house.database.write() as session:
            job = jobs.get(session, job_id, lock=True)
            if job.state == State.FINALIZING:
                close_without_words(session, self.house, job, why)

    def _keep(self, job_id: int, choice: sourcing.Choice, found: Harvest, entries: Sequence[Entry]) -> None:
        """Store the words and hand over to the summary, in one transaction."""
        assert choice.source is not None
        with self.house.database.write() as session:
            job = jobs.get(session, job_id, lock=True)
            until = kept_until(jobs.ledger(session, job_id))
            if job.state != State.FINALIZING or until is None:
                return
            if choice.source is not Source.CAPTIONS:
                kept = kept_of(entries, job, min(until, next_bot_at(session, job)))
                jobs.replace_entries(session, job_id, choice.source, rows(job_id, kept, choice.source))
            job.conferences = conference_notes.of(found, job) or job.conferences
            conference_notes.name_participants(session, job)
            session.flush()
            _, count = jobs.entries_page(session, job_id, choice.source, offset=0, limit=1)
            if not count:
                close_without_words(session, self.house, job, choice.why or Why.NOTHING_SAID)
                return
            if job.transcript_source != choice.source.value:  # else a run that was killed had got that far
                self._tell(session, job, choice, count)
            job.transcript_source = choice.source.value
            session.add(job)
            self._hand_over(session, job)

    def _tell(self, session: Session, job: Job, choice: sourcing.Choice, count: int) -> None:
        line: dict[str, object] = {"source": choice.source, "entries": count}
        if choice.why:
            line |= {"why": sourcing.told(choice.why), "code": choice.why.value}
        jobs.note(session, job, self.house.now(), Told.TRANSCRIPT_READY, line)

    def _hand_over(self, session: Session, job: Job) -> None:
        version = len(jobs.summaries(session, job.id or 0)) + 1
        key = f"summarise:{job.public_id}:{version}:{job.revision}"
        self.house.engine.after(session, SUMMARISE, key, job.id or 0, version)


def kept_until(ledger: Sequence[Consent]) -> datetime | None:
    """Return until when words may be kept by a ledger, oldest entry first; None when nothing may be kept.

    A "stop" keeps what was taken until then; "no" and "opt out" keep nothing.
    """
    until: datetime | None = None
    for entry in ledger:
        if entry.outcome in permission.GRANTED:
            until = FOREVER
        elif entry.outcome == "withdrawn" and until:
            until = entry.at
        elif entry.outcome in {"declined", "opted_out"}:
            until = None
    return until


def others_on_code(session: Session, job: Job) -> list[tuple[datetime, datetime]]:
    """Return when other meetings with the job's code were, or are planned to be."""
    around = job.starts_at - NEIGHBOURHOOD, job.starts_at + NEIGHBOURHOOD
    return [_span(other) for other in recaps.on_code(session, job, *around)]


def next_bot_at(session: Session, job: Job) -> datetime:
    """Return when the bot of a later meeting in the same room was let in: a record of Meet's may run through both."""
    mine = job.admitted_at or job.starts_at
    around = job.starts_at - NEIGHBOURHOOD, job.starts_at + NEIGHBOURHOOD
    admitted = (other.admitted_at for other in recaps.on_code(session, job, *around))
    return min((at for at in admitted if at and at > mine), default=FOREVER)


def kept_of(entries: Sequence[Entry], job: Job, until: datetime) -> list[Entry]:
    """Return what may be kept of words that the bot did not take itself: said by `until`, and before it was removed."""
    until = min(until, _thrown_out_at(job))
    return [entry for entry in entries if entry.started_at <= until]


def _span(job: Job) -> tuple[datetime, datetime]:
    """Return when another meeting was, or is planned to be."""
    begins = min(job.admitted_at or job.starts_at, job.starts_at)
    return begins, max(begins, job.left_at or job.ends_at or begins + USUAL_LENGTH)


def _thrown_out_at(job: Job) -> datetime:
    """Return when the bot was shown the door: what was said behind it afterwards is nobody's to keep."""
    if job.end_reason != EndReason.REMOVED or job.left_at is None:
        return FOREVER
    return job.left_at + REMOVAL_SLACK
