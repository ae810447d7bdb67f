"""What comes in: mails are stored before they are answered for, read afterwards, and taken into the calendar."""

import asyncio
import hashlib
from datetime import timedelta

import structlog
from sqlmodel import Session

from agent.lifecycle import answers
from agent.lifecycle.calendar import Calendar, Message, Taken
from agent.lifecycle.house import House
from agent.model.account import Principal
from agent.model.invite import Component, Envelope, ParsedMail
from agent.model.tables import Invitation, Mail
from agent.rules import reconcile
from agent.store import mails

READ = "read"
TWIN_WINDOW = timedelta(hours=24)
PARTSTAT = {"accepted": "ACCEPTED", "declined": "DECLINED"}
log = structlog.get_logger("intake")


class Intake:
    """The door (`ports.Door`), the phase that reads a mail, and the one way of every component into the calendar."""

    def __init__(self, house: House) -> None:
        self.house = house

    def knows(self, recipient: str) -> bool:
        """Whether an address is the bot's, with any plus-tag."""
        local, _, domain = recipient.strip().lower().rpartition("@")
        return f"{local.partition('+')[0]}@{domain}" == self.house.habits.bot_email

    async def accept(self, envelope: Envelope, raw: bytes) -> str:
        """Store a mail durably and return its queue id; the same mail again within a day is the same one."""
        return await asyncio.to_thread(self._store, envelope, raw)

    def _store(self, envelope: Envelope, raw: bytes) -> str:
        facts = envelope.model_dump(mode="json")
        digest = hashlib.sha256(raw).hexdigest()
        now = self.house.now()
        with self.house.database.write() as session:
            twin = mails.twin(session, digest, facts, now - TWIN_WINDOW)
            if twin is not None:
                return f"m{twin.id}"
            mail = Mail(sha256=digest, received_at=now, envelope=facts, raw=raw)
            session.add(mail)
            session.flush()
            self.house.engine.after(session, READ, f"read:{mail.id}", mail.id or 0)
            return f"m{mail.id}"

    async def read(self, mail_id: int) -> None:
        """Read a stored mail in the limited child, and take in what it says."""
        mail = await asyncio.to_thread(self._fetch, mail_id)
        if mail is None or mail.verdict != "stored":
            return
        parsed = await self.house.reader.read(mail.raw, mail.received_at)
        verbs = await asyncio.to_thread(self._take_mail, mail_id, parsed)
        await self._tell(verbs)

    def _fetch(self, mail_id: int) -> Mail | None:
        with self.house.database.read() as session:
            return session.get(Mail, mail_id)

    def _take_mail(self, mail_id: int, parsed: ParsedMail) -> Taken | None:
        """Take every component of a mail in, in one transaction, and answer the sender."""
        with self.house.database.write() as session:
            mail = session.get(Mail, mail_id, with_for_update=True)
            if mail is None or mail.verdict != "stored":
                return None
            return answers.Correspondence(session, self.house, mail, parsed).take(self._take)

    async def take_component(self, component: Component, *, by: Principal, source: str) -> Taken:
        """Take in a component that came without a mail (HTTP, calendar poll); its carrier answers for the inviter."""

        def take() -> Taken:
            with self.house.database.write() as session:
                inviter = component.organizer.email if component.organizer else by.email
                message = Message(component, source=source, inviter=inviter, bot_address="", trust="carrier")
                taken, _ = self._take(session, message, None)
                return taken

        taken = await asyncio.to_thread(take)
        await self._tell(taken)
        return taken

    def _take(self, session: Session, message: Message, mail: Mail | None) -> tuple[Taken, Invitation]:
        """Take one message into its calendar UID, and note which rule decided what."""
        component = message.component
        taken = Calendar(session, self.house, component.uid).take(message)
        note = Invitation(
            source=message.source,
            mail_id=mail.id if mail else None,
            uid=component.uid,
            method=component.method,
            sequence=component.sequence,
            stamped_at=component.stamped_at,
            received_at=mail.received_at if mail else self.house.now(),
            organizer=component.organizer.email if component.organizer else "",
            sender=message.inviter,
            rules=[explained(decision) for decision in taken.outcome.decisions],
        )
        note.outcome, note.reason = verdict(taken.outcome.decisions)
        note.partstat = PARTSTAT.get(note.outcome, "")
        session.add(note)
        log.info(
            "invitation.taken",
            action="intake.take",
            uid=component.uid,
            outcome=note.outcome,
            reason=note.reason,
        )
        return taken, note

    async def _tell(self, taken: Taken | None) -> None:
        """Tell running bots what the calendar wants of them, now that it is committed."""
        for key, verb, text in taken.verbs if taken else ():
            await self.house.engine.tell(
                key, verb.value, f"{key}:{text}", by="calendar", text=text, channel="mail"
            )


def verdict(decisions: tuple[reconcile.Decision, ...]) -> tuple[str, str]:
    """Sum decisions up: accepted when a bot goes somewhere, declined with the reason, cancelled, or ignored."""
    for decision in decisions:
        if isinstance(decision, (reconcile.Create, reconcile.Move, reconcile.Retitle)):
            return "accepted", decision.rule
    for decision in decisions:
        if isinstance(decision, reconcile.Keep) and decision.rule == "unchanged":
            return "accepted", decision.rule
    for decision in decisions:
        if isinstance(decision, reconcile.Refuse):
            return "declined", decision.reason
    for decision in decisions:
        if isinstance(decision, reconcile.Cancel):
            return "cancelled", decision.reason
    reasons = [decision.reason for decision in decisions if isinstance(decision, reconcile.Ignore)]
    return "ignored", reasons[0] if reasons else "nothing to do"


def explained(decision: reconcile.Decision) -> dict[str, object]:
    """Return a decision as `explain` shows it."""
    facts = {name: getattr(decision, name) for name in decision.__dataclass_fields__}
    plain = {
        name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in facts.items()
    }
    return {"decision": type(decision).__name__.lower(), **plain}
