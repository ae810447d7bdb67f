"""Transcripts and summaries on demand: what there is, how far it is, making one anew, deleting it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session
from ulid import ULID

from agent.errors import Conflict, Missing
from agent.lifecycle.aftermath.harvest import SUMMARISE, kept_until
from agent.lifecycle.aftermath.transcribe import TRANSCRIBE
from agent.lifecycle.own_bots import OwnBots
from agent.model.account import Principal
from agent.model.states import TERMINAL, State, Told
from agent.model.tables import Job, Production, SummaryVersion, TranscriptEntry
from agent.store import jobs, sharing

TRANSCRIPT, SUMMARY = "transcript", "summary"
NO_TRANSCRIPT = "There is no transcript of this bot."
NO_SUMMARY = "There is no summary of this bot."
NOT_ENDED = "The meeting is not over, or its notes are still being made; they come by themselves."


class Progress(StrEnum):
    """How far a transcript or a summary is. NONE: there is none, and none is being made."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    DONE = "DONE"
    FAILED = "FAILED"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class Standing:
    """How far something is. `error` says why it failed; `count` is of entries or versions."""

    progress: Progress
    source: str = ""
    count: int = 0
    error: str = ""
    asked_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A transcript. Times on it count from `origin`, the first word."""

    job: Job
    entries: Sequence[TranscriptEntry]

    @property
    def origin(self) -> datetime:
        """When the first word was said."""
        return self.entries[0].started_at


class Productions(OwnBots):
    """Every method raises `Missing` for a bot that is not the asker's."""

    async def words(self, by: Principal, bot_id: int) -> Words:
        """Return a transcript. Raises `Missing` when there is none."""

        def look(session: Session) -> Words:
            job = self.mine(session, by, bot_id)
            entries = jobs.entries(session, bot_id, job.transcript_source)
            if not entries:
                raise Missing(NO_TRANSCRIPT)
            return Words(job, entries)

        return await self.read(look)

    async def transcribe(self, by: Principal, bot_id: int, language: str | None) -> Standing:
        """Begin to make the transcript anew: from the recording, else from Meet's own, else from the captions.

        Raises `Conflict` while the job is under way, while another is being made, and without a standing consent.
        """

        def begin(session: Session) -> Standing:
            job = self.mine(session, by, bot_id, lock=True)
            if State(job.state) not in TERMINAL:
                raise Conflict(NOT_ENDED)
            if kept_until(jobs.ledger(session, bot_id)) is None:
                raise Conflict("Nobody in the meeting allowed words to be kept, so none can be made.")
            wish = self._wish(session, bot_id, TRANSCRIPT)
            wish.options = {"language": language} if language else {}
            session.add(wish)
            session.flush()
            key = f"transcribe:{job.public_id}:{ULID()}"
            self.house.engine.after(session, TRANSCRIBE, key, bot_id, wish.number)
            return self._transcript(session, job)

        return await self.write(begin)

    async def transcript_standing(self, by: Principal, bot_id: int) -> Standing:
        """Return how far the transcript is."""
        return await self.read(lambda session: self._transcript(session, self.mine(session, by, bot_id)))

    async def delete_transcript(self, by: Principal, bot_id: int) -> None:
        """Delete every word. Raises `Conflict` while the job or one of these is under way, `Missing` when there is none."""

        def erase(session: Session) -> None:
            job = self._ended(session, by, bot_id)
            self._forget_wish(session, bot_id, TRANSCRIPT)
            if not jobs.forget_entries(session, bot_id):
                raise Missing(NO_TRANSCRIPT)
            job.transcript_source = ""
            session.add(job)
            jobs.note(session, job, self.house.now(), Told.TRANSCRIPT_DELETED, {"by": by.email})

        await self.write(erase)

    async def summary(self, by: Principal, bot_id: int) -> SummaryVersion:
        """Return the newest version. Raises `Missing` when there is none."""

        def look(session: Session) -> SummaryVersion:
            self.mine(session, by, bot_id)
            found = jobs.summaries(session, bot_id)
            if not found:
                raise Missing(NO_SUMMARY)
            return found[0]

        return await self.read(look)

    async def summarise(
        self, by: Principal, bot_id: int, *, template: str | None, language: str | None
    ) -> Standing:
        """Begin to write another version. Raises `Conflict` without a finished transcript."""

        def begin(session: Session) -> Standing:
            job = self.mine(session, by, bot_id, lock=True)
            if State(job.state) != State.COMPLETED:
                raise Conflict(NOT_ENDED)
            if not sharing.count_entries(session, bot_id, job.transcript_source):
                raise Conflict("There is no transcript to summarise; transcribe the meeting first.")
            wish = self._wish(session, bot_id, SUMMARY)
            wish.number = len(jobs.summaries(session, bot_id)) + 1
            asked = {"template": template, "summary_language": language}
            job.options = job.options | {name: value for name, value in asked.items() if value}
            session.add(job)
            session.add(wish)
            session.flush()
            key = f"summarise:{job.public_id}:{wish.number}:{ULID()}"
            self.house.engine.after(session, SUMMARISE, key, bot_id, wish.number)
            return self._summary(session, job)

        return await self.write(begin)

    async def summary_standing(self, by: Principal, bot_id: int) -> Standing:
        """Return how far the summary is."""
        return await self.read(lambda session: self._summary(session, self.mine(session, by, bot_id)))

    async def delete_summary(self, by: Principal, bot_id: int) -> None:
        """Delete every version. Raises `Conflict` while the job or one of these is under way, `Missing` when there is none."""

        def erase(session: Session) -> None:
            job = self._ended(session, by, bot_id)
            self._forget_wish(session, bot_id, SUMMARY)
            if not sharing.forget_summaries(session, bot_id):
                raise Missing(NO_SUMMARY)
            jobs.note(session, job, self.house.now(), Told.SUMMARY_DELETED, {"by": by.email})

        await self.write(erase)

    def _ended(self, session: Session, by: Principal, bot_id: int) -> Job:
        job = self.own(session, by, bot_id)
        if State(job.state) not in TERMINAL:
            raise Conflict(NOT_ENDED)
        return job

    def _wish(self, session: Session, bot_id: int, kind: str) -> Production:
        """Return the row of a new wish; only one is worked on at a time."""
        wish = sharing.production(session, bot_id, kind)
        if wish is not None and self._under_way(session, wish):
            raise Conflict(f"A {kind} is being made already.")
        now = self.house.now()
        if wish is None:
            return Production(job_id=bot_id, kind=kind, state="processing", asked_at=now)
        wish.state, wish.error, wish.asked_at, wish.finished_at = "processing", "", now, None
        wish.number += 1
        return wish

    def _under_way(self, session: Session, wish: Production) -> bool:
        if wish.state != "processing":
            return False
        return wish.kind == TRANSCRIPT or len(jobs.summaries(session, wish.job_id)) < wish.number

    def _forget_wish(self, session: Session, bot_id: int, kind: str) -> None:
        wish = sharing.production(session, bot_id, kind)
        if wish is None:
            return
        if self._under_way(session, wish):
            raise Conflict(f"A {kind} is being made; delete it when it is done.")
        wish.state, wish.error = "deleted", ""
        session.add(wish)

    def _transcript(self, session: Session, job: Job) -> Standing:
        wish = sharing.production(session, job.id or 0, TRANSCRIPT)
        entries = sharing.count_entries(session, job.id or 0, job.transcript_source)
        if wish is not None and wish.state == "processing":
            return Standing(Progress.PROCESSING, job.transcript_source, entries, asked_at=wish.asked_at)
        if wish is not None and wish.state == "failed":
            return Standing(
                Progress.FAILED, job.transcript_source, entries, wish.error, wish.asked_at, wish.finished_at
            )
        return Standing(_by_state(job, bool(entries)), job.transcript_source, entries)

    def _summary(self, session: Session, job: Job) -> Standing:
        wish = sharing.production(session, job.id or 0, SUMMARY)
        versions = jobs.summaries(session, job.id or 0)
        if wish is not None and self._under_way(session, wish):
            return Standing(Progress.PROCESSING, count=len(versions), asked_at=wish.asked_at)
        finished = versions[0].created_at if versions else None
        return Standing(_by_state(job, bool(versions)), count=len(versions), finished_at=finished)


def _by_state(job: Job, there_is_one: bool) -> Progress:
    """Say how far something is that comes by itself after the call."""
    if there_is_one:
        return Progress.DONE
    state = State(job.state)
    if state in TERMINAL:
        return Progress.NONE
    return Progress.PROCESSING if state is State.FINALIZING else Progress.PENDING
