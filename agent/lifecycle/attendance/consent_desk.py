"""Consent answered by the signed link in a mail: what it would say, and saying it."""

import asyncio
from dataclasses import dataclass

from agent.errors import Conflict
from agent.lifecycle.aftermath import mail_links
from agent.lifecycle.commands import IN_A_CALL, Commands
from agent.lifecycle.house import House
from agent.model.account import Principal
from agent.model.states import State
from agent.model.tables import Job
from agent.rules.signed_links import Link, Purpose, read
from agent.store import jobs

CHANNEL = "mail"


@dataclass(frozen=True, slots=True)
class Offer:
    """The answer a link would give: whose, yes or no, about which meeting."""

    reader: str
    granted: bool
    title: str


class ConsentDesk:
    """Every method raises `Denied` for a link that is damaged, stale or made for something else."""

    def __init__(self, house: House, commands: Commands) -> None:
        self.house = house
        self.commands = commands

    async def offer(self, token: str) -> Offer:
        """Return what the link would answer. Raises `Conflict` when the bot is in no call."""
        link = self._read(token)
        job = await asyncio.to_thread(self._job, link)
        if State(job.state) not in IN_A_CALL:
            raise Conflict(
                "The bot is not in the meeting any more, or not yet, so there is nothing to answer."
            )
        return Offer(link.reader, link.detail == "yes", job.title or job.meeting_code)

    async def answer(self, token: str) -> Offer:
        """Give the link's answer. Raises `Conflict` when the bot is in no call."""
        offer, link = await self.offer(token), self._read(token)
        by = Principal(user_id=None, email=link.reader)
        await self.commands.answer_consent(by, link.subject, offer.granted, CHANNEL)
        return offer

    def _read(self, token: str) -> Link:
        return read(mail_links.key_of(self.house), token, Purpose.CONSENT, self.house.now())

    def _job(self, link: Link) -> Job:
        with self.house.database.read() as session:
            return jobs.by_public_id(session, link.subject)
