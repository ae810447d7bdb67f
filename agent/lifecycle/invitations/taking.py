"""Taking one message into its calendar UID, by whichever way it came, with a note of which rule decided what."""

from dataclasses import asdict

import structlog
from sqlmodel import Session

from agent.lifecycle.house import House
from agent.lifecycle.invitations.calendar import Calendar, Message
from agent.lifecycle.invitations.gate import REFUSED
from agent.lifecycle.invitations.occurrences import Taken
from agent.model.tables import Invitation, Mail
from agent.rules import links, reconcile, trust
from agent.rules.replies import verdict
from agent.rules.trust import Judgement
from agent.store import mails

PARTSTAT = {"accepted": "ACCEPTED", "declined": "DECLINED"}
log = structlog.get_logger("intake")


class Taking:
    """The one way of every component into the calendar, inside one transaction."""

    def __init__(self, session: Session, house: House) -> None:
        self.session = session
        self.house = house

    def take(
        self, message: Message, judgement: Judgement, mail: Mail | None = None, *, quiet: bool = False
    ) -> tuple[Taken, Invitation]:
        """Take one message into its calendar UID, and note which rule decided what.

        With `quiet`, one that was noted before is noted again only when it changes something.
        """
        taken = Calendar(self.session, self.house, message.component.uid).take(message)
        outcome, reason = verdict(taken.outcome.decisions)
        note = self._note(message, judgement, mail)
        note.outcome, note.reason, note.partstat = outcome, reason, PARTSTAT.get(outcome, "")
        if contest := links.several_codes(message.component.links, self.house.habits.meet_url):
            note.rules = [*note.rules, {"rule": "several_links", "result": "flagged", "detail": contest}]
        note.rules = [*note.rules, *(explained(decision) for decision in taken.outcome.decisions)]
        if quiet and self._is_known(note) and not any(map(_acts, taken.outcome.decisions)):
            return taken, note
        self.session.add(note)
        log.info(
            "invitation.taken",
            action="intake.take",
            uid=note.uid,
            source=note.source,
            outcome=outcome,
            reason=reason,
        )
        return taken, note

    def ignore(
        self, message: Message, judgement: Judgement, mail: Mail | None = None
    ) -> tuple[Taken, Invitation]:
        """Note a message that nothing is done with."""
        note = self._note(message, judgement, mail)
        note.outcome, note.reason = REFUSED if judgement.rule == REFUSED else "ignored", judgement.reason
        self.session.add(note)
        taken = Taken(reconcile.Outcome(None, (reconcile.Ignore(judgement.rule, judgement.reason),)))
        return taken, note

    def _is_known(self, note: Invitation) -> bool:
        last = mails.last_of(self.session, note.uid, note.source)
        return last is not None and last.fingerprint == note.fingerprint

    def _note(self, message: Message, judgement: Judgement, mail: Mail | None) -> Invitation:
        component = message.component
        return Invitation(
            source=message.source,
            mail_id=mail.id if mail else None,
            uid=component.uid,
            method=component.method,
            sequence=component.sequence,
            stamped_at=component.stamped_at,
            received_at=mail.received_at if mail else self.house.now(),
            organizer=component.organizer.email if component.organizer else "",
            sender=message.inviter,
            rules=[asdict(finding) for finding in judgement.findings],
            fingerprint=trust.change_key(component, message.bot_address),
        )


def _acts(decision: reconcile.Decision) -> bool:
    return not isinstance(decision, reconcile.Keep | reconcile.Refuse | reconcile.Ignore)


def explained(decision: reconcile.Decision) -> dict[str, object]:
    """Return a decision as `explain` shows it."""
    facts = {name: getattr(decision, name) for name in decision.__dataclass_fields__}
    plain = {
        name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in facts.items()
    }
    return {"decision": type(decision).__name__.lower(), **plain}
