"""Links that show one meeting to whoever has them: made, shown again, looked through, revoked."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from agent.errors import Denied, Missing
from agent.lifecycle.house import House
from agent.lifecycle.own_bots import OwnBots
from agent.lifecycle.people import signing_key
from agent.lifecycle.people.hashing import Hashing
from agent.lifecycle.people.lockouts import Lockouts
from agent.model.account import Principal
from agent.model.tables import Job, Recording, ShareLink, SummaryVersion, TranscriptEntry
from agent.rules import lockout, tokens
from agent.store import bots, jobs
from agent.store import sharing as links

GONE = "There is no such share, or not any more."
NO_LINK = "This bot is not shared."
PARTS = ("recording", "transcript", "summary")


class PasswordNeeded(Denied):
    """The share has a password, and what came is not it."""


@dataclass(frozen=True, slots=True)
class Made:
    """A link and the address it has; `has_password` tells whether one is asked for."""

    link: ShareLink
    token: str

    @property
    def has_password(self) -> bool:
        """Whether a password is asked for."""
        return bool(self.link.password_hash)


@dataclass(frozen=True, slots=True)
class Shared:
    """What a link shows: only the parts that its maker chose."""

    job: Job
    link: ShareLink
    files: Sequence[Recording]
    entries: Sequence[TranscriptEntry]
    summary: SummaryVersion | None


class Sharing(OwnBots):
    """One live link a bot; a new one takes the place of the old one."""

    def __init__(self, house: House, hashing: Hashing) -> None:
        super().__init__(house)
        self.hashing = hashing
        self.lockouts = Lockouts(house)

    async def make(
        self, by: Principal, bot_id: int, *, days: float, password: str | None, parts: Sequence[str]
    ) -> Made:
        """Make a link that is good for `days`."""
        hashed = await self.hashing.make(password) if password else ""

        def put(session: Session) -> Made:
            job = self.own(session, by, bot_id)
            now, nonce = self.house.now(), secrets.token_hex(32)
            links.revoke(session, bot_id, now)
            link = ShareLink(
                job_id=bot_id,
                user_id=job.user_id,
                nonce=nonce,
                hash=tokens.digest(self._token(nonce)),
                parts=[part for part in PARTS if part in parts],
                password_hash=hashed,
                created_at=now,
                expires_at=now + timedelta(days=days),
            )
            session.add(link)
            session.flush()
            return Made(link, self._token(nonce))

        return await self.write(put)

    async def get(self, by: Principal, bot_id: int) -> Made:
        """Return the live link of a bot. Raises `Missing` when there is none."""

        def look(session: Session) -> Made:
            self.mine(session, by, bot_id)
            link = links.live_link(session, bot_id, self.house.now())
            if link is None:
                raise Missing(NO_LINK)
            return Made(link, self._token(link.nonce))

        return await self.read(look)

    async def revoke(self, by: Principal, bot_id: int) -> None:
        """Revoke the link at once. Raises `Missing` when there is none."""

        def end(session: Session) -> None:
            self.own(session, by, bot_id)
            now = self.house.now()
            live = links.live_link(session, bot_id, now)
            links.revoke(session, bot_id, now)
            if live is None:
                raise Missing(NO_LINK)

        await self.write(end)

    async def open(self, token: str, *, password: str | None, address: str) -> Shared:
        """Return what a link shows, and count the view.

        Raises `Missing` for a wrong, expired or revoked one alike, `PasswordNeeded`, and `TooMany` after many wrong ones.
        """
        link = await self.read(lambda session: self._live(session, token))
        if link.password_hash:
            await self._check(link, password, address)
        return await self.write(lambda session: self._shown(session, self._live(session, token)))

    async def _check(self, link: ShareLink, password: str | None, address: str) -> None:
        if not password:
            raise PasswordNeeded("This share needs its password.")
        counted = (
            (lockout.SHARE_PASSWORD, f"{link.id} {address}"),
            (lockout.SHARE_PASSWORD_OF_LINK, str(link.id)),
        )
        await asyncio.to_thread(self.lockouts.spend, *counted)
        if not await self.hashing.matches(password, link.password_hash):
            raise PasswordNeeded("The password of this share is wrong.")
        await asyncio.to_thread(self.lockouts.forgive, *counted)

    async def job_of(self, token: str) -> int:
        """Return the bot whose recording a link shows. Raises `Missing`."""

        def look(session: Session) -> int:
            link = self._live(session, token)
            if "recording" not in link.parts:
                raise Missing(GONE)
            return link.job_id

        return await self.read(look)

    def _live(self, session: Session, token: str) -> ShareLink:
        link = links.link_by_hash(session, tokens.digest(token))
        if link is None or link.revoked_at is not None or link.expires_at <= self.house.now():
            raise Missing(GONE)
        return link

    def _shown(self, session: Session, link: ShareLink) -> Shared:
        job = bots.get(session, link.job_id)
        links.viewed(session, link.id or 0, self.house.now())
        entries = jobs.entries(session, link.job_id, job.transcript_source)
        versions = jobs.summaries(session, link.job_id)
        return Shared(
            job=job,
            link=link,
            files=bots.recordings(session, [link.job_id]).get(link.job_id, [])
            if "recording" in link.parts
            else [],
            entries=entries if "transcript" in link.parts else [],
            summary=versions[0] if versions and "summary" in link.parts else None,
        )

    def _token(self, nonce: str) -> str:
        habits = self.house.habits
        return tokens.derive(signing_key.load(habits.data_dir, habits.signing_secret), "share", nonce)
