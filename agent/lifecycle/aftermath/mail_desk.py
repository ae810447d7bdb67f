"""What the links in mails let their bearers do: read the transcript, delete the meeting, end or stop recaps."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session

from agent.errors import Missing
from agent.lifecycle.aftermath import bot_files, forgetting, holding, mail_links, readers
from agent.lifecycle.house import House
from agent.model.tables import Job, TranscriptEntry
from agent.rules.signed_links import Link, Purpose, read
from agent.store import jobs, recaps

T = TypeVar("T")
GONE = "The transcript of this meeting is not kept any more."


@dataclass(frozen=True, slots=True)
class Transcript:
    """What one reader may read. `cut_at` is when they left, where the transcript ends there; `timezone` an IANA name."""

    job: Job
    entries: Sequence[TranscriptEntry]
    timezone: str
    cut_at: datetime | None = None


class MailDesk:
    """Every method raises `Denied` for a link that is damaged, stale or made for something else."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def transcript(self, token: str) -> Transcript:
        """Return the transcript up to the moment the reader left. Raises `Missing` when it is gone."""
        link = self._read(token, Purpose.TRANSCRIPT)

        def look(session: Session) -> Transcript:
            job = self._job(session, link)
            until = datetime.fromisoformat(link.detail) if link.detail else None
            found = jobs.entries(session, job.id or 0, job.transcript_source)
            seen = [row for row in found if until is None or row.started_at < until]
            if not seen:
                raise Missing(GONE)
            zone = str(job.options.get("timezone") or self.house.habits.timezone)
            return Transcript(job, seen, zone, until)

        return await self._within(look)

    async def title(self, token: str, purpose: Purpose) -> str:
        """Return the title of the meeting that a link is about, for the page that asks whether one is sure."""
        link = self._read(token, purpose)
        if purpose is Purpose.UNSUBSCRIBE:
            return link.reader
        return await self._within(lambda session: _title(self._job(session, link)))

    async def delete(self, token: str) -> str:
        """Delete everything taken from the meeting, and return its title."""
        link = self._read(token, Purpose.DELETE)

        def erase(session: Session) -> tuple[str, list[str]]:
            job = self._job(session, link, lock=True)
            paths = forgetting.forget_meeting(session, self.house, job, who=link.reader, channel="mail")
            return _title(job), paths

        title, paths = await self._change(erase)
        await asyncio.to_thread(bot_files.unlink, self.house.habits.data_dir, paths)
        return title

    async def unsubscribe(self, token: str) -> str:
        """End the recaps of a series for the link's reader, who is returned. Twice is as good as once.

        What of them has not gone yet does not go.
        """
        link = self._read(token, Purpose.UNSUBSCRIBE)

        def end(session: Session) -> None:
            recaps.unsubscribe(session, link.reader, link.subject, self.house.now())
            holding.stop_for(session, self.house, link.reader, link.subject)

        await self._change(end)
        return link.reader

    async def subscribed(self, token: str) -> bool:
        """Tell whether the reader of a link that ends recaps gets them."""
        link = self._read(token, Purpose.UNSUBSCRIBE)

        def look(session: Session) -> bool:
            back = recaps.undeliverable(session, self.house.now() - readers.UNREACHABLE_FOR)
            return link.reader not in recaps.unsubscribed(session, link.subject) | back

        return await self._within(look)

    async def subscribe(self, token: str) -> str:
        """Begin the recaps of a series again for the reader of the link that ends them, who is returned."""
        link = self._read(token, Purpose.UNSUBSCRIBE)
        await self._change(lambda session: recaps.subscribe(session, link.reader, link.subject))
        return link.reader

    async def stop(self, token: str) -> int:
        """Stop the recaps that are held back; return how many that were."""
        link = self._read(token, Purpose.STOP)

        def end(session: Session) -> int:
            job = self._job(session, link, lock=True)
            return holding.stop(session, self.house, job, int(link.detail), link.reader)

        return await self._change(end)

    def _read(self, token: str, purpose: Purpose) -> Link:
        return read(mail_links.key_of(self.house), token, purpose, self.house.now())

    def _job(self, session: Session, link: Link, *, lock: bool = False) -> Job:
        job = jobs.by_public_id(session, link.subject)
        if job.deleted_at is not None:
            raise Missing(GONE)
        return jobs.get(session, job.id or 0, lock=lock)

    async def _within(self, look: Callable[[Session], T]) -> T:
        def inside() -> T:
            with self.house.database.read() as session:
                return look(session)

        return await asyncio.to_thread(inside)

    async def _change(self, change: Callable[[Session], T]) -> T:
        def inside() -> T:
            with self.house.database.write() as session:
                return change(session)

        return await asyncio.to_thread(inside)


def _title(job: Job) -> str:
    return job.title or job.meeting_code
