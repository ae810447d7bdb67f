"""One mail's way through intake: who may say it, what it changes, and what its sender hears back."""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from agent.lifecycle import outbox
from agent.lifecycle.calendar import Message, Taken
from agent.lifecycle.house import House
from agent.model.invite import Attendee, Component, ParsedMail
from agent.model.letter import NoticeLetter, ReplyLetter, Thread
from agent.model.states import Told
from agent.model.tables import Invitation, Mail
from agent.store import jobs

Take = Callable[[Session, Message, Mail | None], tuple[Taken, Invitation]]
VERDICT_READ = "read"
VERDICT_HELD = "held"
VERDICT_UNREADABLE = "unreadable"


class Correspondence:
    """A mail inside its transaction."""

    def __init__(self, session: Session, house: House, mail: Mail, parsed: ParsedMail) -> None:
        self.session = session
        self.house = house
        self.mail = mail
        self.parsed = parsed
        self.now = house.now()

    def take(self, take: Take) -> Taken | None:
        """Take the mail in. Returns what came of its last component, with the verbs of all."""
        self.mail.message_id = self.parsed.message_id
        if not self._allowed():
            self._settle(VERDICT_HELD, "the sender is not allowed to invite the bot")
            self._tell_operator()
            return None
        if not self.parsed.components:
            self._settle(
                VERDICT_UNREADABLE, "; ".join(self.parsed.problems) or "the mail holds no invitation"
            )
            self._explain_to_sender()
            return None
        whole: Taken | None = None
        for component in self.parsed.components:
            taken, note = take(self.session, self._message(component), self.mail)
            self._reply(component, taken, note)
            taken.verbs += whole.verbs if whole else []
            whole = taken
        self._settle(VERDICT_READ, "")
        return whole

    def _allowed(self) -> bool:
        """Whether `[invites] allow` names the sender, by address or domain; an empty list allows nobody."""
        sender = self.parsed.from_email.lower()
        domain = sender.rpartition("@")[2]
        return any(
            rule.lower().lstrip("@") in {sender, domain} or rule == "*"
            for rule in self.house.habits.invites_allow
        )

    def _message(self, component: Component) -> Message:
        thread = {
            "message_id": self.parsed.message_id,
            "references": [*self.parsed.references, self.parsed.message_id],
            "subject": self.parsed.subject,
        }
        return Message(
            component,
            source="smtp",
            inviter=self.parsed.from_email.lower(),
            bot_address=self._own(component).raw,
            thread=thread,
        )

    def _own(self, component: Component) -> Attendee:
        """Return the address under which the bot was invited, byte for byte where the invitation lists it."""
        own = [person for person in component.attendees if _base(person.email) == self.house.habits.bot_email]
        if own:
            return own[-1]
        address = next(iter(self.mail.envelope.get("rcpt_to", [])), self.house.habits.bot_email)
        return Attendee(email=address.lower(), raw=address)

    def _reply(self, component: Component, taken: Taken, note: Invitation) -> None:
        """Answer a REQUEST as an attendee would: once per change."""
        wanted = component.method == "REQUEST" and note.partstat and component.organizer is not None
        if not wanted or not self.house.habits.invites_reply or self._is_automatic():
            return
        assert component.organizer is not None
        when = component.slots[0] if component.slots else None
        letter = ReplyLetter(
            message_id=outbox.message_id(self.house.habits.bot_email),
            uid=component.uid,
            sequence=component.sequence,
            partstat=note.partstat,
            attendee=self._own(component),
            organizer=component.organizer,
            stamped_at=self.now,
            starts_at=when.starts_at if when else self.now,
            ends_at=when.ends_at if when else self.now,
            title=component.title,
            comment=note.reason if note.partstat == "DECLINED" else "",
            recurrence_id=_slot_instant(component),
            thread=Thread(self.parsed.message_id, self.parsed.references, self.parsed.subject),
        )
        stamp = component.stamped_at.isoformat() if component.stamped_at else ""
        key = f"reply:{component.uid}:{letter.recurrence_id}:{component.sequence}:{stamp}:{note.partstat}"
        subject = f"{note.partstat.capitalize()}: {component.title}"
        mail = self.house.letters.reply(letter)
        queued = outbox.queue_mail(
            self.session, self.house.engine, mail, self.now, key=key, event="itip_reply", subject=subject
        )
        for job in taken.jobs if queued else ():
            jobs.note(self.session, job, self.now, Told.REPLY_SENT, {"partstat": note.partstat})

    def _is_automatic(self) -> bool:
        parsed = self.parsed
        own = _base(parsed.from_email) == self.house.habits.bot_email
        return (
            own
            or parsed.is_report
            or parsed.auto_submitted.startswith("auto-replied")
            or not self.mail.envelope["mail_from"]
        )

    def _explain_to_sender(self) -> None:
        """Say in a sentence what the bot can read, at most once a day; never to automata."""
        if (
            self._is_automatic()
            or self.parsed.auto_submitted
            or self.parsed.precedence
            or self.parsed.list_id
        ):
            return
        reason = "; ".join(self.parsed.problems) or "it holds no calendar invitation"
        self._notice(
            self.parsed.from_email,
            f"Re: {self.parsed.subject}"[:200],
            (
                f"The mail reached {self.house.habits.bot_name}, but nothing could be done with it: {reason}.",
                f"To have a bot in a meeting, invite {self.house.habits.bot_email} to a calendar event with a Google Meet link.",
            ),
            key=f"explain:{self.parsed.from_email}:{self.now.date()}",
            automatic=True,
        )

    def _tell_operator(self) -> None:
        for address in self.house.habits.operator_emails:
            self._notice(
                address,
                f"Held: an invitation from {self.parsed.from_email}"[:200],
                (
                    f"{self.parsed.from_email} invited the bot and is not allowed to: {self.parsed.subject}",
                    "The invitation is held and no bot will go. To allow the sender, add the address or its domain to "
                    "allow in the [invites] section and have the invitation sent again.",
                ),
                key=f"held:{self.parsed.from_email}:{address}:{self.now.date()}",
            )

    def _notice(
        self, to: str, subject: str, paragraphs: tuple[str, ...], *, key: str, automatic: bool = False
    ) -> None:
        letter = NoticeLetter(
            message_id=outbox.message_id(self.house.habits.bot_email),
            recipient=to,
            subject=subject,
            paragraphs=paragraphs,
            auto_submitted="auto-replied" if automatic else "auto-generated",
            thread=Thread(self.parsed.message_id, self.parsed.references, "") if automatic else Thread(),
        )
        mail = self.house.letters.notice(letter)
        outbox.queue_mail(
            self.session, self.house.engine, mail, self.now, key=key, event="notice", subject=subject
        )

    def _settle(self, verdict: str, why: str) -> None:
        self.mail.verdict = verdict
        self.mail.explanation = [why, *self.parsed.problems] if why else list(self.parsed.problems)
        self.session.add(self.mail)


def _base(address: str) -> str:
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _slot_instant(component: Component) -> datetime | None:
    """Return the instance that is answered, where only one instance came."""
    if not component.only_instances or not component.slots or not component.slots[0].slot.endswith("Z"):
        return None
    return datetime.fromisoformat(component.slots[0].slot)
