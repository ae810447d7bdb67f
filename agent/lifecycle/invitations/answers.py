"""What the sender of a mail hears back: one REPLY per change, and a sentence where there was nothing to reply to."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from sqlmodel import Session

from agent.errors import Invalid
from agent.lifecycle import outbox
from agent.lifecycle.house import House
from agent.model.authenticity import Authenticity
from agent.model.invite import Attendee, Component, Envelope, ParsedMail
from agent.model.letter import Mail, NoticeLetter, RefreshLetter, ReplyLetter, Thread
from agent.model.states import Told
from agent.model.tables import Job
from agent.rules import trust
from agent.rules.replies import Answer
from agent.store import deliveries, jobs, mails

AN_HOUR = timedelta(hours=1)
REPLY, REFRESH = "itip_reply", "itip_refresh"


class Correspondence:
    """Answers one message inside the transaction that took it in. `rulings` tells which rule decided about each reply."""

    def __init__(
        self,
        session: Session,
        house: House,
        envelope: Envelope,
        parsed: ParsedMail,
        authenticity: Authenticity,
    ) -> None:
        self.session = session
        self.house = house
        self.envelope = envelope
        self.parsed = parsed
        self.authenticity = authenticity
        self.now = house.now()
        self.rulings: list[dict[str, str]] = []

    @property
    def recipients(self) -> tuple[str, ...]:
        """Return the addresses of ours that the envelope names."""
        return self.envelope.rcpt_to

    def address_in(self, component: Component) -> str:
        """Return the address under which the bot was invited, byte for byte where the invitation lists it."""
        mine = trust.my_line(component, self.recipients)
        return mine.raw if mine else next(iter(self.recipients), self.house.habits.bot_email)

    def reply(self, component: Component, answers: Sequence[Answer], concerned: Sequence[Job]) -> None:
        """Answer as an attendee would, from each address that was invited."""
        if not self.house.habits.invites_reply:
            self.rulings.append({"rule": "reply", "result": "silent", "detail": "reply is off"})
            return
        for answer in answers:
            for me in self._invited_as(component):
                self._reply_once(component, answer, me, concerned)

    def _invited_as(self, component: Component) -> Iterator[Attendee | None]:
        """Yield our lines of the invitation, one None when there is none."""
        lines = {line.email: line for one in self.recipients if (line := trust.my_line(component, (one,)))}
        yield from lines.values() or (None,)

    def _reply_once(
        self, component: Component, answer: Answer, me: Attendee | None, concerned: Sequence[Job]
    ) -> None:
        ruling = trust.should_reply(self._case(component, answer.partstat, me))
        key = f"reply:{trust.change_key(component, me.email if me else '')}:{answer.slot}"
        known = deliveries.by_key(self.session, f"mail:{key}") is not None
        result = "sent" if ruling.send and not known else "silent"
        rule = "once_per_change" if known else ruling.rule
        self.rulings.append({"rule": f"reply: {rule}", "result": result, "detail": answer.partstat})
        if result == "silent" or me is None:
            return
        letter = self._letter(component, answer, me)
        queued = self._send(lambda: self.house.letters.reply(letter), key=key, event=REPLY)
        for job in concerned if queued else ():
            jobs.note(self.session, job, self.now, Told.REPLY_SENT, {"partstat": answer.partstat})

    def ask_for_series(self, component: Component) -> None:
        """Ask the organizer's calendar, once per event, for the series of which a message named single occurrences."""
        key = f"refresh:{hashlib.sha256(component.uid.encode()).hexdigest()}"
        me = trust.my_line(component, self.recipients)
        known = deliveries.by_key(self.session, f"mail:{key}") is not None
        ruling = trust.should_refresh(self._case(component, "", me, REFRESH))
        result = "sent" if ruling.send and not known and self.house.habits.invites_reply else "silent"
        rule = "once_per_event" if known else ruling.rule
        self.rulings.append({"rule": f"refresh: {rule}", "result": result, "detail": "asks for the series"})
        if result == "silent" or me is None or component.organizer is None:
            return
        letter = RefreshLetter(
            message_id=outbox.message_id(self.house.habits.bot_email),
            uid=component.uid,
            attendee=me,
            organizer=component.organizer,
            stamped_at=self.now,
            title=component.slots[0].title or component.title,
            thread=Thread(self.parsed.message_id, self.parsed.references, self.parsed.subject),
        )
        self._send(lambda: self.house.letters.refresh(letter), key=key, event=REFRESH)

    def _send(self, write: Callable[[], Mail], *, key: str, event: str) -> bool:
        """Queue a letter; one to an address that no mail can be written to is no reason to lose a meeting."""
        try:
            mail = write()
        except Invalid as error:
            self.rulings.append({"rule": "unwritable", "result": "silent", "detail": error.full})
            return False
        queued = outbox.queue_mail(
            self.session, self.house.engine, mail, self.now, key=key, event=event, subject=mail.subject
        )
        return queued is not None

    def _case(
        self, component: Component, answer: str, me: Attendee | None, event: str = REPLY
    ) -> trust.ReplyCase:
        since = self.now - AN_HOUR
        organizer = component.organizer.email if component.organizer else ""
        return trust.ReplyCase(
            mail=self.parsed,
            envelope_from=self.envelope.mail_from,
            component=component,
            me=me,
            answer=answer,
            own=(self.house.habits.bot_email,),
            verify=self.house.habits.invites_verify,
            authenticity=self.authenticity,
            replies_to_sender_last_hour=mails.sent_since(self.session, event, since, target=organizer),
            replies_last_hour=mails.sent_since(self.session, event, since),
        )

    def _letter(self, component: Component, answer: Answer, me: Attendee) -> ReplyLetter:
        assert component.organizer is not None  # should_reply refuses without one
        return ReplyLetter(
            message_id=outbox.message_id(self.house.habits.bot_email),
            uid=component.uid,
            sequence=component.sequence,
            partstat=answer.partstat,
            attendee=me,
            organizer=component.organizer,
            stamped_at=self.now,
            starts_at=answer.starts_at or self.now,
            ends_at=answer.ends_at or self.now,
            title=answer.title or component.title,
            comment=_sentence(answer.reason),
            recurrence_id=answer.recurrence_id,
            thread=Thread(self.parsed.message_id, self.parsed.references, self.parsed.subject),
        )

    def explain(self, problems: Sequence[str]) -> None:
        """Say in a sentence why nothing was done with a mail, to one sender at most once a day; never to automata."""
        if self._is_automatic():
            return
        bot, sender = self.house.habits, self.parsed.from_email.lower()
        reason = "; ".join(problems) or "it carries no calendar invitation"
        letter = NoticeLetter(
            message_id=outbox.message_id(bot.bot_email),
            recipient=sender,
            subject=f"Re: {self.parsed.subject}"[:200],
            paragraphs=(
                f"The mail reached {bot.bot_name}, but nothing could be done with it: {reason}.",
                f"To have a bot in a meeting, invite {bot.bot_email} to a calendar event with a Google Meet link.",
            ),
            auto_submitted="auto-replied",
            thread=Thread(self.parsed.message_id, self.parsed.references, ""),
        )
        key = f"explain:{sender}:{self.now.date()}"
        self._send(lambda: self.house.letters.notice(letter), key=key, event="notice")

    def _is_automatic(self) -> bool:
        parsed, proof = self.parsed, self.authenticity
        own = trust.recipient(parsed.from_email).base == self.house.habits.bot_email
        sent_by_machine = (
            parsed.auto_submitted not in ("", "no") or parsed.precedence or parsed.list_id or parsed.is_report
        )
        forged = self.house.habits.invites_verify != "off" and (proof.dmarc == "fail" or proof.faults)
        return bool(own or sent_by_machine or forged or not self.envelope.mail_from)


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}." if reason else ""
