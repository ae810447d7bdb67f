"""One mail inside its transaction: judged, then held or taken in, then answered."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlmodel import Session

from agent.lifecycle.house import House
from agent.lifecycle.invitations import bounces
from agent.lifecycle.invitations.answers import Correspondence
from agent.lifecycle.invitations.calendar import Calendar, Message
from agent.lifecycle.invitations.gate import REFUSED, Gate
from agent.lifecycle.invitations.occurrences import Taken
from agent.lifecycle.invitations.taking import Taking
from agent.model.authenticity import Authenticity
from agent.model.invite import Component, ParsedMail
from agent.model.tables import Mail
from agent.rules import reconcile, trust
from agent.rules.replies import Answer, answers
from agent.rules.trust import Claim, Finding, Judgement

STORED, DONE, HELD, UNREADABLE = "stored", "read", "held", "unreadable"
NOT_ALLOWED = "the people who run this bot did not allow it"


class MailIntake:
    """Takes one mail in. The caller settles nothing: verdict, explanation, notes and answers are written here."""

    def __init__(
        self,
        session: Session,
        house: House,
        mail: Mail,
        parsed: ParsedMail,
        authenticity: Authenticity,
    ) -> None:
        self.session = session
        self.house = house
        self.taking = Taking(session, house)
        self.mail = mail
        self.parsed = parsed
        self.gate = Gate(session, house)
        self.letters = Correspondence(session, house, mail, parsed, authenticity)
        self.authenticity = authenticity

    def take(self) -> Sequence[Taken]:
        """Take the whole mail in, or hold it."""
        if bounces.take(self.session, self.house, self.parsed.bounces):
            self._settle(DONE, (), "a report on a mail of ours that came back")
            return ()
        if not self.parsed.components:
            self._unreadable(self.parsed.problems)
            return ()
        judged = [(component, self._judge(component)) for component in self.parsed.components]
        for component, judgement in judged:
            if judgement.verdict == "hold":
                self.gate.hold(component, self._claim(component), judgement, source="smtp", mail=self.mail)
                self._settle(HELD, judgement.findings, judgement.reason)
                return ()
        taken = [self._take(component, judgement) for component, judgement in judged]
        self._settle(DONE, (), *self.parsed.problems)
        if all(_is_unreadable(one) for one in taken):
            self._unreadable(self.parsed.problems)
        return taken

    def _judge(self, component: Component) -> Judgement:
        return self.gate.judge_mail(component, self._claim(component), self.authenticity, self.mail)

    def _claim(self, component: Component) -> Claim:
        organizer = component.organizer.email if component.organizer else ""
        return Claim(self.parsed.from_email.lower(), organizer, self.parsed.forwarded)

    def _take(self, component: Component, judgement: Judgement) -> Taken:
        message = self._message(component, judgement)
        if judgement.verdict == "ignore":
            if judgement.rule == REFUSED:
                self.letters.reply(component, (_refusal(component),), ())
            return self.taking.ignore(message, judgement, self.mail)
        taken, note = self.taking.take(message, judgement, self.mail)
        told = answers(component, taken.outcome.decisions)
        if Calendar(self.session, self.house, component.uid).is_polled:
            ruling = {"rule": "reply: answered_in_calendar", "result": "silent", "detail": ""}
            note.rules = [*note.rules, ruling]
        else:
            self.letters.reply(component, told, taken.jobs)
            note.rules = [*note.rules, *self.letters.rulings]
        self.letters.rulings = []
        self.session.add(note)
        return taken

    def _message(self, component: Component, judgement: Judgement) -> Message:
        thread = {
            "message_id": self.parsed.message_id,
            "references": [*self.parsed.references, self.parsed.message_id],
            "subject": self.parsed.subject,
        }
        address = self.letters.address_in(component)
        return Message(
            component,
            source="smtp",
            inviter=self.parsed.from_email.lower(),
            bot_address=address,
            thread=thread,
            options=trust.options_of((*self.letters.recipients, address)),
            binding=judgement.binding,
        )

    def _unreadable(self, problems: Sequence[str]) -> None:
        self._settle(UNREADABLE, (), *(problems or ("the mail holds no invitation",)))
        if self.gate.judge_sender(Claim(self.parsed.from_email.lower()), self.authenticity):
            self.letters.explain(problems)

    def _settle(self, verdict: str, findings: Sequence[Finding], *why: str) -> None:
        self.mail.verdict = verdict
        self.mail.explanation = [*(asdict(finding) for finding in findings), *why]
        self.session.add(self.mail)


def _is_unreadable(taken: Taken) -> bool:
    return all(
        isinstance(decision, reconcile.Ignore) and decision.rule == "unreadable"
        for decision in taken.outcome.decisions
    )


def _refusal(component: Component) -> Answer:
    first = component.slots[0] if component.slots else None
    return Answer(
        "",
        "DECLINED",
        NOT_ALLOWED,
        first.starts_at if first else None,
        first.ends_at if first else None,
        component.title,
    )
