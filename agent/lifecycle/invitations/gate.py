"""The gate of the calendar: who may say what, whose word waits for an operator, and what operators hear of it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog
from sqlmodel import Session

from agent.lifecycle import outbox
from agent.lifecycle.house import House
from agent.lifecycle.invitations.calendar import Calendar
from agent.lifecycle.people import signing_key
from agent.model.authenticity import Authenticity
from agent.model.invite import Component
from agent.model.letter import NoticeLetter
from agent.model.tables import Hold, Mail
from agent.rules import signed_links, trust
from agent.rules.trust import Claim, Finding, Judgement, TrustPolicy
from agent.store import held, mails
from agent.store import series as store

REFUSED = "refused"  # the rule under which an operator's no is told
LINK_LIFE = timedelta(days=7)
NOTICES_PER_DAY = 20  # to one operator; a flood of strangers is read in the list instead
log = structlog.get_logger("gate")


class Gate:
    """Judges messages inside one transaction."""

    def __init__(self, session: Session, house: House) -> None:
        self.session = session
        self.house = house

    def judge(
        self,
        component: Component,
        claim: Claim,
        authenticity: Authenticity,
        *,
        mail: Mail | None = None,
        hold: Hold | None = None,
    ) -> Judgement:
        """Judge a component, by whichever way it came. `hold` is what an operator decided about just now."""
        binding = Calendar(self.session, self.house, component.uid).binding(claim.organizer)
        judgement = trust.judge(claim, authenticity, self._policy(claim), binding)
        if judgement.verdict == "accept":
            level = trust.level_of(authenticity, self.house.habits.invites_verify)
            raised = replace(judgement.binding, level=max(judgement.binding.level, level))
            return replace(judgement, binding=raised)
        if judgement.verdict == "ignore":
            return judgement
        decided = held.about(self.session, component.uid, claim.from_email)
        is_new = binding is None
        said = [
            one for one in decided if is_new or one is hold or (mail is not None and one.mail_id == mail.id)
        ]
        return _as_decided(judgement, said)

    def judge_sender(self, claim: Claim, authenticity: Authenticity) -> bool:
        """Tell whether somebody may invite at all: only such a sender is answered about a mail that says nothing."""
        return trust.judge(claim, authenticity, self._policy(claim)).verdict == "accept"

    def judge_event(self, component: Component) -> Judgement:
        """Judge an event that Google shows in the bot's calendar: Google vouches for its organizer."""
        organizer = component.organizer.email if component.organizer else ""
        vouched = Authenticity(
            from_domain=trust.domain_of(organizer),
            aligned=trust.domain_of(organizer),
            google=True,
            vouched="Google shows the event in the bot's calendar",
        )
        return self.judge(component, Claim(organizer, organizer), vouched)

    def _policy(self, claim: Claim) -> TrustPolicy:
        habits = self.house.habits
        people = {claim.from_email, claim.organizer}
        return TrustPolicy(
            allow=habits.invites_allow,
            registered=frozenset(email for email in people if store.user_of(self.session, email)),
            own=(habits.bot_email,),
            verify=habits.invites_verify,
        )

    def hold(
        self,
        component: Component,
        claim: Claim,
        judgement: Judgement,
        *,
        source: str,
        mail: Mail | None = None,
        body: dict[str, Any] | None = None,
    ) -> None:
        """Keep an invitation for an operator, and tell them: of one sender once a day.

        `mail`, or `body`, is what will be taken in when they allow it; an event of a calendar is read there again.
        """
        known = held.about(self.session, component.uid, claim.from_email)
        same = (mail.id if mail else None, body or {})
        if any(hold.state == "waiting" and (hold.mail_id, hold.body) == same for hold in known):
            return
        hold = Hold(
            source=source,
            mail_id=mail.id if mail else None,
            uid=component.uid,
            sender=claim.from_email,
            organizer=claim.organizer,
            title=component.title[:200],
            starts_at=component.slots[0].starts_at if component.slots else None,
            rule=judgement.rule,
            reason=judgement.reason,
            body=body or {},
            created_at=self.house.now(),
        )
        self.session.add(hold)
        self.session.flush()
        log.info("invitation.held", action="gate.hold", hold=hold.id, rule=hold.rule, source=source)
        for operator in self.house.habits.operator_emails:
            self._tell(operator, hold)

    def _tell(self, operator: str, hold: Hold) -> None:
        now = self.house.now()
        if (
            mails.sent_since(self.session, "held", now - timedelta(days=1), target=operator)
            >= NOTICES_PER_DAY
        ):
            return
        when = f", for {hold.starts_at:%Y-%m-%d %H:%M} UTC" if hold.starts_at else ""
        letter = NoticeLetter(
            message_id=outbox.message_id(self.house.habits.bot_email),
            recipient=operator,
            subject=f"Held: an invitation from {hold.sender or 'an unnamed sender'}"[:200],
            paragraphs=(
                f"{hold.sender or 'Somebody'} invited the bot to “{hold.title or 'a meeting'}”{when}.",
                f"No bot will go unless you allow it: {hold.reason}.",
                "To decide, open the link, or use meetbot invitations approve (or refuse) with the number "
                f"{hold.id}. To let this sender invite at any time, add the address or its domain to allow in the "
                "[invites] section. More from this sender is held without another mail today.",
            ),
            links=(("Decide about this invitation", approval_link(self.house, hold)),),
        )
        outbox.queue_mail(
            self.session,
            self.house.engine,
            self.house.letters.notice(letter),
            now,
            key=f"held:{hold.sender}:{operator}:{now.date()}",
            event="held",
            subject=letter.subject,
        )


def _as_decided(judgement: Judgement, decided: Iterable[Hold]) -> Judgement:
    """Follow an operator's word: on this very message, or on what one sender says of a UID that nothing is known of."""
    hold = next((hold for hold in decided if hold.state != "waiting"), None)
    if hold is None:
        return judgement
    accepted = hold.state == "approved"
    finding = Finding(hold.state, "accept" if accepted else "ignore", f"by {hold.decided_by}")
    return replace(
        judgement,
        verdict="accept" if accepted else "ignore",
        rule="approved" if accepted else REFUSED,
        reason=f"an operator {hold.state} it",
        findings=(*judgement.findings, finding),
    )


def approval_link(house: House, hold: Hold) -> str:
    """Return the link under which whoever has it may decide about one held invitation, for a week."""
    key = signing_key.load(house.habits.data_dir, house.habits.signing_secret)
    expires_at = int((hold.created_at + LINK_LIFE).timestamp())
    signature = signed_links.sign(key, link_subject(hold.id or 0), expires_at)
    base = house.habits.public_url.rstrip("/")
    return f"{base}/invitations/{hold.id}?expires={expires_at}&signature={signature}"


def link_subject(hold_id: int) -> str:
    """Return what such a link is signed for; a link for anything else opens nothing here."""
    return f"held-invitation:{hold_id}"
