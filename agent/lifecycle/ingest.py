"""Reports of bots that run where this database is not: taken in order, once each, and held to the same rules.

A report is one of: a move of the state, a line for the timeline, an entry of the consent ledger, an utterance.
"""

import asyncio
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from agent.errors import Conflict
from agent.lifecycle.attendance import ledger
from agent.lifecycle.attendance.attend import HARVEST, consent_stands
from agent.lifecycle.house import House
from agent.lifecycle.transition import advance
from agent.model.call import Captioned, Enter
from agent.model.states import EndReason, FailureCode, State, Told
from agent.model.tables import BotReport, Job, TranscriptEntry
from agent.model.transcript import Source
from agent.store import jobs, reports


@dataclass(frozen=True, slots=True)
class Move:
    """The bot went from one state to the next."""

    state: State
    end_reason: EndReason | str | None = None
    failure_code: FailureCode | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Something for the timeline."""

    kind: Told
    data: dict[str, Any]


News = Move | Line | Enter | Captioned


@dataclass(frozen=True, slots=True)
class Report:
    """Report number `sequence` (from 1, without a gap) about a job; `raw` is what tells it from another one."""

    job_id: str
    sequence: int
    told: News
    raw: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """The same for the same report."""
        return hashlib.sha256(json.dumps(self.raw, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Receipt:
    """Whether the report had come before, and which number is due next."""

    repeated: bool
    next_sequence: int
    state: State


class Ingest:
    """Takes reports."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def take(self, report: Report) -> Receipt:
        """Take one report in.

        Raises `Missing` for an unknown job, `Conflict` for a gap, for another report under a number that was taken, and
        for what the state or the consent ledger forbids.
        """
        return await asyncio.to_thread(self._take, report)

    def _take(self, report: Report) -> Receipt:
        now = self.house.now()
        with self.house.database.write() as session:
            found = jobs.by_public_id(session, report.job_id)
            job = jobs.get(session, found.id or 0, lock=True)
            last = reports.last_sequence(session, job.id or 0)
            if report.sequence <= last:
                known = reports.get(session, job.id or 0, report.sequence)
                if known is None or known.fingerprint != report.fingerprint:
                    raise Conflict(f"Report {report.sequence} was taken before, and said something else.")
                return Receipt(True, last + 1, State(job.state))
            if report.sequence != last + 1:
                raise Conflict(f"Report {last + 1} is due; {report.sequence} came.")
            self._apply(session, job, report.told, now)
            session.add(
                BotReport(
                    job_id=job.id or 0,
                    sequence=report.sequence,
                    fingerprint=report.fingerprint,
                    received_at=now,
                )
            )
            return Receipt(False, report.sequence + 1, State(job.state))

    def _apply(self, session: Session, job: Job, told: News, now: datetime) -> None:
        match told:
            case Move():
                self._move(session, job, told, now)
            case Line():
                jobs.note(session, job, now, told.kind, told.data)
            case Enter():
                ledger.enter(session, self.house, job, told, now)
            case Captioned():
                self._demand_consent(session, job)
                jobs.upsert_caption(session, _entry(job, told))

    def _move(self, session: Session, job: Job, move: Move, now: datetime) -> None:
        if move.state is State.RECORDING:
            self._demand_consent(session, job)
        if move.state is State.IN_CALL:
            job.admitted_at = job.admitted_at or now
        advance(
            session,
            self.house.engine,
            job,
            move.state,
            now,
            end_reason=move.end_reason,
            failure_code=move.failure_code,
            detail=move.detail,
        )
        if move.state is State.FINALIZING:
            job.left_at = now
            key = f"harvest:{job.public_id}:{job.revision}:1"
            self.house.engine.after(session, HARVEST, key, job.id or 0, 1)

    def _demand_consent(self, session: Session, job: Job) -> None:
        if not consent_stands([entry.outcome for entry in jobs.ledger(session, job.id or 0)]):
            raise Conflict("Nothing may be captured: the ledger has no consent.")


def _entry(job: Job, said: Captioned) -> TranscriptEntry:
    return TranscriptEntry(
        job_id=job.id or 0,
        source=Source.CAPTIONS,
        ordinal=0,
        key=said.id,
        speaker=said.speaker,
        text=said.text,
        language=said.language,
        started_at=said.started_at,
        ended_at=said.ended_at,
    )
