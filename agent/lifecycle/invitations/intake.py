"""What comes in: mails are stored before they are answered for, read afterwards, and taken into the calendar."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from agent.errors import Temporary
from agent.lifecycle.house import House
from agent.lifecycle.invitations.mail_intake import STORED, MailIntake
from agent.lifecycle.invitations.occurrences import Taken
from agent.lifecycle.invitations.reading import Reading
from agent.lifecycle.invitations.receipts import READ as READ
from agent.lifecycle.invitations.receipts import Receipts
from agent.lifecycle.remote import verbs
from agent.model.authenticity import Authenticity
from agent.model.invite import Envelope, ParsedMail
from agent.model.tables import Mail
from agent.rules import trust
from agent.store import mails

PARK = timedelta(minutes=15)  # how long a mail waits for a name service that says nothing


class Intake:
    """The door (`ports.Door`), the phase that reads a mail, and the one way of every component into the calendar."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.receipts = Receipts(house)
        self.reading = Reading(house, self.receipts, self._read)

    def knows(self, recipient: str) -> bool:
        """Whether an address is the bot's, with any plus-tag."""
        return trust.recipient(recipient.strip()).base == self.house.habits.bot_email

    async def accept(self, envelope: Envelope, raw: bytes) -> str:
        """Store a mail durably and return its queue id; the same mail again within a day is the same one."""
        return f"m{await self.receipts.store(envelope, raw)}"

    async def read(self, *mail_ids: int) -> None:
        """See to it that stored mails are read, each in the limited child in its turn, and taken in.

        Raises what went wrong with a mail; of several, those that failed are read again, each by itself.
        """
        faults = await self.reading.settle(mail_ids)
        if len(mail_ids) == 1 and faults:
            raise faults[mail_ids[0]]
        if faults:
            await asyncio.to_thread(self._read_again, sorted(faults))

    def _read_again(self, failed: Sequence[int]) -> None:
        with self.house.database.write() as session:
            for mail_id in failed:
                self.house.engine.after(session, READ, f"{READ}:{mail_id}", mail_id)

    async def _read(self, mail_id: int) -> None:
        """Read a stored mail, find out who sent it, and take in what it says."""
        mail = await asyncio.to_thread(self._fetch, mail_id)
        if mail is None or mail.verdict != STORED:
            return
        parsed = await self.house.reader.read(mail.raw, mail.received_at)
        authenticity = await self._authenticity(mail)
        taken = await asyncio.to_thread(self._take_mail, mail_id, parsed, authenticity)
        for one in taken:
            await self.tell(one)

    def _fetch(self, mail_id: int) -> Mail | None:
        with self.house.database.read() as session:
            return mails.get(session, mail_id)

    async def _authenticity(self, mail: Mail) -> Authenticity:
        """Return the verdicts: as they were at receipt where they are known, since keys and signatures expire.

        Raises `Temporary` while the name service is silent about a mail that must be verified.
        """
        verify = self.house.habits.invites_verify
        if verify == "off":
            return Authenticity()
        if mail.authenticity:
            return Authenticity.model_validate(mail.authenticity)
        envelope = Envelope.model_validate(mail.envelope)
        found = await self.house.reader.authenticate(mail.raw, envelope, mail.received_at)
        waited = self.house.now() - mail.received_at
        if verify == "enforce" and found.unsettled and waited < PARK:
            raise Temporary("The name service does not answer.", full=f"mail m{mail.id} waits for DNS")
        return found

    def _take_mail(self, mail_id: int, parsed: ParsedMail, authenticity: Authenticity) -> Sequence[Taken]:
        """Take a mail in, whole or not at all, in one transaction, and answer its sender."""
        with self.house.database.write() as session:
            mail = session.get(Mail, mail_id, with_for_update=True)
            if mail is None or mail.verdict != STORED:
                return ()
            mail.message_id, mail.subject = parsed.message_id, parsed.subject[:500]
            mail.sender, mail.authenticity = (
                parsed.from_email.lower(),
                authenticity.model_dump(mode="json"),
            )
            session.add(mail)
            return MailIntake(session, self.house, mail, parsed, authenticity).take()

    async def tell(self, taken: Taken) -> None:
        """Tell running bots what the calendar wants of them, now that it is committed."""
        for key, verb, text in taken.verbs:
            await verbs.tell(self.house, key, verb, f"{key}:{text}", by="calendar", text=text, channel="mail")
