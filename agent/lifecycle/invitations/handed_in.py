"""Invitations that a worker read elsewhere and hands in: they meet the rules that mail meets, and are held like it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from agent.lifecycle.house import House
from agent.lifecycle.invitations.intake import Intake
from agent.lifecycle.invitations.occurrences import Taken
from agent.lifecycle.invitations.reception import Arrived, Reception
from agent.model.authenticity import Authenticity
from agent.model.invite import Envelope, HandedIn, ParsedMail
from agent.model.tables import Hold, Job
from agent.rules import trust
from agent.store import held

TAKE = "take"
SOURCE = "http"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was decided: `outcome` is accepted, declined, cancelled, ignored, refused or held; `partstat` how it is answered."""

    outcome: str
    reason: str
    partstat: str = ""
    rules: Sequence[dict[str, Any]] = ()
    jobs: Sequence[Job] = field(default_factory=list)


class HandedInvitations:
    """The counter for such invitations, and the phase that takes in what an operator allowed."""

    def __init__(self, house: House, intake: Intake) -> None:
        self.house = house
        self.intake = intake

    async def take(self, told: HandedIn) -> Receipt:
        """Take an invitation, a change or a cancellation in, or hold it; its organizer is answered by mail."""
        receipt, taken = await asyncio.to_thread(self._take, told)
        if taken is not None:
            await self.intake.tell(taken)
        return receipt

    async def decided(self, hold_id: int) -> None:
        """Take in, or refuse, what an operator decided about."""
        taken = await asyncio.to_thread(self._take_decided, hold_id)
        if taken is not None:
            await self.intake.tell(taken)

    def _take(self, told: HandedIn) -> tuple[Receipt, Taken | None]:
        with self.house.database.write() as session:
            return self._receive(session, told, None)

    def _take_decided(self, hold_id: int) -> Taken | None:
        with self.house.database.write() as session:
            hold = held.get(session, hold_id, lock=True)
            if hold is None or not hold.body:
                return None
            _, taken = self._receive(session, HandedIn.model_validate(hold.body), hold)
            hold.body = {}
            session.add(hold)
            return taken

    def _receive(self, session: Session, told: HandedIn, hold: Hold | None) -> tuple[Receipt, Taken | None]:
        component = told.component
        reception = Reception(session, self.house, self._arrived(told, hold))
        judgement = reception.judge(component)
        if judgement.verdict == "hold":
            body, claim = told.model_dump(mode="json"), reception.claim(component)
            reception.gate.hold(component, claim, judgement, source=SOURCE, body=body)
            rules = [
                {"rule": one.rule, "result": one.result, "detail": one.detail} for one in judgement.findings
            ]
            return Receipt("held", judgement.reason, rules=rules), None
        taken, note = reception.take(component, judgement)
        return Receipt(note.outcome, note.reason, note.partstat, note.rules, taken.jobs), taken

    def _arrived(self, told: HandedIn, hold: Hold | None) -> Arrived:
        """Return the invitation as the mail that it was: who hands it in answers for its sender."""
        domain = trust.domain_of(told.sender)
        recipients = told.recipients or (self.house.habits.bot_email,)
        return Arrived(
            SOURCE,
            Envelope(mail_from=told.sender, rcpt_to=recipients, peer=""),
            ParsedMail(
                from_email=told.sender, message_id=told.message_id, subject=told.component.title[:200]
            ),
            Authenticity(
                from_domain=domain,
                aligned=domain,
                vouched=f"{told.carrier} hands it in and answers for its sender",
            ),
            hold=hold,
        )
