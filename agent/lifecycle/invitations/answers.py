"""What the sender of a mail hears back: one REPLY per change, and a sentence where there was nothing to reply to."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlmodel import Session

from agent.lifecycle import outbox
from agent.lifecycle.house import House
from agent.model.authenticity import Authenticity
from agent.model.invite import Attendee, Component, Envelope, ParsedMail
from agent.model.letter import NoticeLetter, ReplyLetter, Thread
from agent.model.states import Told
from agent.model.tables import Job
from agent.rules import trust
from agent.rules.replies import Answer
from agent.store import deliveries, jobs, mails

AN_HOUR = timedelta(hours=1)
REPLY = "itip_reply"
SUBJECTS = {"ACCEPTED": "Accepted", "DECLINED": "Declined"}


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
        ruling = trust.should_reply(self._case(component, answer, me))
        key = f"reply:{trust.change_key(component, me.email if me else '')}:{answer.slot}"
        known = deliveries.by_key(self.session, f"mail:{key}") is not None
        result = "sent" if ruling.send and not known else "silent"
        rule = "once_per_change" if known else ruling.rule
        self.rulings.append({"rule": f"reply: {rule}", "result": result, "detail": answer.partstat})
        if result == "silent" or me is None:
            return
        letter = self._letter(component, answer, me)
        queued = outbox.queue_mail(
            self.session,
            self.house.engine,
            self.house.letters.reply(letter),
            self.now,
            key=key,
            event=REPLY,
            subject=f"{SUBJECTS[answer.partstat]}: {letter.title}",
        )
        for job in concerned if queued else ():
            jobs.note(self.session, job, self.now, Told.REPLY_SENT, {"partstat": answer.partstat})

    def _case(self, component: Component, answer: Answer, me: Attendee | None) -> trust.ReplyCase:
        since = self.now - AN_HOUR
        organizer = component.organizer.email if component.organizer else ""
        return trust.ReplyCase(
            mail=self.parsed,
            envelope_from=self.envelope.mail_from,
            component=component,
            me=me,
            answer=answer.partstat,
            own=(self.house.habits.bot_email,),
            verify=self.house.habits.invites_verify,
            authenticity=self.authenticity,
            replies_to_sender_last_hour=mails.sent_since(self.session, REPLY, since, target=organizer),
            replies_last_hour=mails.sent_since(self.session, REPLY, since),
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
        reason = "; ".join(problems) or "it holds no calendar invitation"
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
        outbox.queue_mail(
            self.session,
            self.house.engine,
            self.house.letters.notice(letter),
            self.now,
            key=f"explain:{sender}:{self.now.date()}",
            event="notice",
            subject=letter.subject,
        )

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
