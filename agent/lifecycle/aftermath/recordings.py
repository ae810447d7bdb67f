"""Recordings as people see them: what there is, a link that lets it be fetched for an hour, deletion."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from agent.errors import Conflict, Missing
from agent.lifecycle.aftermath import bot_files
from agent.lifecycle.own_bots import OwnBots
from agent.lifecycle.people import signing_key
from agent.model.account import Principal
from agent.model.states import AT_THE_MEETING, State, Told
from agent.model.tables import Job, Recording
from agent.rules import signed_links
from agent.store import bots, jobs, ownership

NONE = "There is no recording of this bot."


@dataclass(frozen=True, slots=True)
class Recorded:
    """A bot with its recorded files, oldest first."""

    job: Job
    files: Sequence[Recording]

    @property
    def duration_seconds(self) -> float:
        """How long all files are together."""
        return sum(row.duration_seconds for row in self.files)

    @property
    def size_bytes(self) -> int:
        """How large all files are together."""
        return sum(row.size_bytes for row in self.files)


@dataclass(frozen=True, slots=True)
class Media:
    """A file to be sent, and the name it should be saved under."""

    path: Path
    media_type: str
    name: str


class Recordings(OwnBots):
    """Every method raises `Missing` for a bot that is not the asker's, and where nothing was recorded."""

    async def page(self, by: Principal, *, offset: int, limit: int) -> tuple[list[Recorded], int]:
        """Return one page of the asker's bots that have a recording, newest first, and how many there are."""

        def look(session: Session) -> tuple[list[Recorded], int]:
            visible = ownership.visible(session, by)
            found, total = bots.recorded(session, visible=visible, offset=offset, limit=limit)
            files = bots.recordings(session, [job.id or 0 for job in found])
            return [Recorded(job, files[job.id or 0]) for job in found], total

        return await self.read(look)

    async def get(self, by: Principal, bot_id: int) -> Recorded:
        """Return one bot's recording."""

        def look(session: Session) -> Recorded:
            job = self.mine(session, by, bot_id)
            files = bots.recordings(session, [bot_id]).get(bot_id)
            if not files:
                raise Missing(NONE)
            return Recorded(job, files)

        return await self.read(look)

    async def link(self, by: Principal, bot_id: int, part: int) -> str:
        """Return the query of a link that lets its bearer fetch one file for `signed_links.DOWNLOAD_LIFE`."""
        _part((await self.get(by, bot_id)).files, part)
        return self.signed(f"recording:{bot_id}:{part}") + f"&part={part}"

    def signed(self, what: str) -> str:
        """Return `expires` and `signature` of a link to something."""
        expires = int((self.house.now() + signed_links.DOWNLOAD_LIFE).timestamp())
        return f"expires={expires}&signature={signed_links.sign(self._key(), what, expires)}"

    def check(self, what: str, expires: int, signature: str) -> None:
        """Raise `Denied` unless a link to something is good."""
        signed_links.check(self._key(), what, expires, signature, self.house.now())

    async def media(self, by: Principal, bot_id: int, part: int) -> Media:
        """Return one file."""
        found = await self.get(by, bot_id)
        return self._media(found.job, _part(found.files, part))

    async def media_by_link(self, bot_id: int, part: int, expires: int, signature: str) -> Media:
        """Return one file to whoever has a link to it. Raises `Denied` for a link that is not good."""
        self.check(f"recording:{bot_id}:{part}", expires, signature)
        return await self.media_of_job(bot_id, part)

    async def media_of_job(self, bot_id: int, part: int) -> Media:
        """Return one file of a bot that was found allowed another way."""

        def look(session: Session) -> Media:
            job = bots.get(session, bot_id)
            return self._media(job, _part(bots.recordings(session, [bot_id]).get(bot_id, []), part))

        return await self.read(look)

    def _media(self, job: Job, row: Recording) -> Media:
        path = bot_files.locate(self.house.habits.data_dir, row)
        return Media(path, row.media_type, f"{job.public_id}-{path.name}")

    async def delete(self, by: Principal, bot_id: int) -> None:
        """Delete the files. Raises `Conflict` while the bot is in the call."""

        def erase(session: Session) -> list[str]:
            job = self.own(session, by, bot_id)
            if State(job.state) in AT_THE_MEETING:
                raise Conflict("The bot is still in the call.")
            paths = bot_files.forget_rows(session, bot_id)
            if not paths:
                raise Missing(NONE)
            jobs.note(session, job, self.house.now(), Told.RECORDING_DELETED, {"files": len(paths)})
            return paths

        paths = await self.write(erase)
        await asyncio.to_thread(bot_files.unlink, self.house.habits.data_dir, paths)

    def _key(self) -> bytes:
        habits = self.house.habits
        return signing_key.load(habits.data_dir, habits.signing_secret)


def _part(files: Sequence[Recording], part: int) -> Recording:
    if not 1 <= part <= len(files):
        raise Missing(NONE if not files else f"The recording has {len(files)} parts.")
    return files[part - 1]
