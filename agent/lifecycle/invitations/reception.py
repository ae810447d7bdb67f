"""What a message meets on its way in, whichever way it comes: it is judged, taken in, and its organizer is answered."""

from dataclasses import dataclass

from sqlmodel import Session

from agent.lifecycle.house import House
from agent.lifecycle.invitations.answers import Correspondence
from agent.lifecycle.invitations.calendar import Calendar, Message
from agent.lifecycle.invitations.gate import REFUSED, Gate
from agent.lifecycle.invitations.occurrences import Taken
from agent.lifecycle.invitations.taking import Taking
from agent.model.authenticity import Authenticity
from agent.model.invite import Component, Envelope, ParsedMail
from agent.model.tables import Hold, Invitation, Mail
from agent.rules import trust
from agent.rules.replies import Answer, answers
from agent.rules.series import lacks_master
from agent.rules.trust import Claim, Judgement

NOT_ALLOWED = "the people who run this bot did not allow it"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message and what is known of its way. `mail` is its row if it came as one, `hold` what was just decided about it."""

    source: str
    envelope: Envelope
    parsed: ParsedMail
    authenticity: Authenticity
    mail: Mail | None = None
    hold: Hold | None = None


class Reception:
    """Receives the components of one message inside one transaction."""

    def __init__(self, session: Session, house: House, arrived: Arrived) -> None:
        self.session = session
        self.house = house
        self.arrived = arrived
        self.gate = Gate(session, house)
        self.taking = Taking(session, house)
        self.letters = Correspondence(session, house, arrived.envelope, arrived.parsed, arrived.authenticity)

    def claim(self, component: Component) -> Claim:
        """Return who a component says it is from."""
        parsed = self.arrived.parsed
        organizer = component.organizer.email if component.organizer else ""
        return Claim(parsed.from_email.lower(), organizer, parsed.forwarded)

    def judge(self, component: Component) -> Judgement:
        """Tell whether a component may act."""
        arrived = self.arrived
        return self.gate.judge(
            component, self.claim(component), arrived.authenticity, mail=arrived.mail, hold=arrived.hold
        )

    def take(self, component: Component, judgement: Judgement) -> tuple[Taken, Invitation]:
        """Take in a component that is not held, answer its organizer, and note which rules decided."""
        message, mail = self._message(component, judgement), self.arrived.mail
        if judgement.verdict == "ignore":
            if judgement.rule == REFUSED:
                self.letters.reply(component, (_refusal(component),), ())
            return self.taking.ignore(message, judgement, mail)
        taken, note = self.taking.take(message, judgement, mail)
        if Calendar(self.session, self.house, component.uid).is_polled:
            ruling = {"rule": "reply: answered_in_calendar", "result": "silent", "detail": ""}
            note.rules = [*note.rules, ruling]
        else:
            self.letters.reply(component, answers(component, taken.outcome.decisions), taken.jobs)
            if lacks_master(taken.outcome.series, component):
                self.letters.ask_for_series(component)
            note.rules = [*note.rules, *self.letters.rulings]
        self.letters.rulings = []
        self.session.add(note)
        return taken, note

    def _message(self, component: Component, judgement: Judgement) -> Message:
        parsed, address = self.arrived.parsed, self.letters.address_in(component)
        thread = {
            "message_id": parsed.message_id,
            "references": [*parsed.references, parsed.message_id],
            "subject": parsed.subject,
        }
        return Message(
            component,
            source=self.arrived.source,
            inviter=parsed.from_email.lower(),
            bot_address=address,
            thread=thread if parsed.message_id else {},
            options=trust.options_of((*self.letters.recipients, address)),
            binding=judgement.binding,
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
