"""Writes down what happens in one call: states, timeline, ledger, roster and words. Each note is one transaction."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session

from agent.lifecycle import bot_news, outbox
from agent.lifecycle.attendance import call_letters, ledger
from agent.lifecycle.house import House
from agent.lifecycle.transition import advance
from agent.model.call import Captioned, Enter, Person, Record
from agent.model.states import State, Told
from agent.model.tables import Job, Participant, Presence, TranscriptEntry
from agent.model.transcript import Source
from agent.store import bots, jobs

T = TypeVar("T")
Judge = Callable[[Person], tuple[str, str]]
HEARTBEAT_SECONDS = 30.0


class Superseded(Exception):
    """Another plan of the same job has taken over; this run has nothing more to write."""


class Scribe:
    """The pen of one run of one job. Every note raises `Superseded` once the job has a newer plan."""

    def __init__(self, house: House, job: Job) -> None:
        assert job.id is not None
        self.house = house
        self.job_id = job.id
        self.public_id = job.public_id
        self.revision = job.revision
        self.heartbeat_seconds = float(job.options.get("heartbeat_seconds") or HEARTBEAT_SECONDS)

    async def is_current(self) -> bool:
        """Whether this run still carries the job's present plan."""

        def look() -> bool:
            with self.house.database.read() as session:
                job = jobs.get(session, self.job_id)
                return job.revision == self.revision and job.state != State.CANCELLED

        return await asyncio.to_thread(look)

    async def write(self, note: Callable[[Session, Job, datetime], T]) -> T:
        """Run `note` in one transaction on the job as it is now."""

        def in_transaction() -> T:
            with self.house.database.write() as session:
                job = jobs.get(session, self.job_id, lock=True)
                if job.revision != self.revision:
                    raise Superseded(self.public_id)
                return note(session, job, self.house.now())

        return await asyncio.to_thread(in_transaction)

    async def line(self, kind: str, **data: object) -> None:
        """Add a line to the timeline."""

        def note(session: Session, job: Job, now: datetime) -> None:
            jobs.note(session, job, now, kind, data)
            bot_news.tell(session, self.house.engine, job, kind, data, now)

        await self.write(note)

    async def enter_state(self, state: State, kind: str, **data: object) -> None:
        """Move the job and say why in the timeline."""

        def note(session: Session, job: Job, now: datetime) -> None:
            if kind == Told.ADMITTED:
                job.admitted_at = job.admitted_at or now
            jobs.note(session, job, now, kind, data)
            advance(session, self.house.engine, job, state, now)

        await self.write(note)

    async def ledger(self, entry: Enter) -> None:
        """Add an entry to the consent ledger, and tell those who listen for an answer."""
        await self.write(lambda session, job, now: ledger.enter(session, self.house, job, entry, now))

    async def nudge(self) -> None:
        """Ask the inviter by mail to let the bot in."""
        await self.write(lambda session, job, now: call_letters.queue_nudge(session, self.house, job, now))

    async def ask_by_mail(self, question: str) -> None:
        """Put the question of consent to the inviter by mail."""
        await self.write(
            lambda session, job, now: call_letters.queue_question(session, self.house, job, question, now)
        )

    async def recorded(self, record: Record) -> None:
        """Write what the rules want remembered; a rival is also told to those who listen."""

        def note(session: Session, job: Job, now: datetime) -> None:
            jobs.note(session, job, now, record.kind, dict(record.data))
            if record.kind == Told.RIVAL_SEEN:
                facts = {
                    "jobId": job.public_id,
                    "name": record.data.get("name"),
                    "vendor": record.data.get("vendor"),
                    "rule": record.data.get("rule"),
                    "leftMeeting": bool(record.data.get("left_meeting")),
                }
                event = "bot.competing_bot_detected"
                key = str(record.data.get("name"))
                outbox.queue_hooks(session, self.house.engine, job, event, facts, now, key=key)

        await self.write(note)

    async def roster(self, people: Sequence[Person], at: datetime, judge: Judge, *, certain: bool) -> None:
        """Keep who is there: new people, those who came back, those who left.

        A look that is not `certain` ends no stay, since a row may only be hidden.
        """

        def note(session: Session, job: Job, now: datetime) -> None:
            known = {person.key: person for person in jobs.roster(session, self.job_id)}
            open_stays = {
                stay.participant_id: stay for stay in jobs.presences(session, self.job_id) if not stay.left_at
            }
            here = set()
            for person in people:
                row = self._meet_person(session, known.get(person.id), person, judge)
                here.add(row.id)
                if row.id not in open_stays:
                    session.add(Presence(participant_id=row.id or 0, joined_at=at))
                    self._tell_presence(session, job, row, Told.PARTICIPANT_JOINED, now)
            gone = [row for row in known.values() if row.id in open_stays and row.id not in here]
            for row in gone if certain else ():
                stay = open_stays[row.id or 0]
                stay.left_at = at
                session.add(stay)
                self._tell_presence(session, job, row, Told.PARTICIPANT_LEFT, now)

        await self.write(note)

    def _meet_person(
        self, session: Session, known: Participant | None, person: Person, judge: Judge
    ) -> Participant:
        """Keep what somebody is taken for now: a name may change, and so may the opinion on who bears it."""
        row = known or Participant(job_id=self.job_id, key=person.id, name=person.name)
        row.name, row.is_host = person.name, row.is_host or person.is_host
        row.verdict, row.rule = judge(person)
        session.add(row)
        session.flush()
        return row

    def _tell_presence(
        self, session: Session, job: Job, person: Participant, kind: Told, now: datetime
    ) -> None:
        """Tell that somebody came or left; the bot itself and rows that are nobody are no news."""
        if person.verdict in {"self", "pseudo"}:
            return
        line: dict[str, object] = {"name": person.name, "key": person.key}
        jobs.note(session, job, now, kind, line)
        bot_news.tell(session, self.house.engine, job, kind, line, now)

    async def captions(self, batch: Sequence[Captioned]) -> None:
        """Keep what was said, each utterance once, in its newest form."""

        def note(session: Session, job: Job, now: datetime) -> None:
            for said in batch:
                jobs.upsert_caption(
                    session,
                    TranscriptEntry(
                        job_id=self.job_id,
                        source=Source.CAPTIONS,
                        ordinal=0,
                        key=said.id,
                        speaker=said.speaker,
                        text=said.text,
                        language=said.language,
                        started_at=said.started_at,
                        ended_at=said.ended_at,
                    ),
                )

        await self.write(note)

    async def forget_words(self) -> None:
        """Delete every word taken from this call."""

        def note(session: Session, job: Job, now: datetime) -> None:
            gone = jobs.forget_entries(session, self.job_id)
            jobs.note(session, job, now, Told.CAPTURE_STOPPED, {"deleted_entries": gone})

        await self.write(note)

    async def beat(self) -> None:
        """Remember that the bot is alive."""
        await self.write(lambda session, job, now: bots.beat(session, self.job_id, now))


def close_stays(session: Session, job_id: int, now: datetime) -> None:
    """End every open stay: the bot sees nobody any more."""
    for stay in jobs.presences(session, job_id):
        if stay.left_at is None:
            stay.left_at = now
            session.add(stay)
