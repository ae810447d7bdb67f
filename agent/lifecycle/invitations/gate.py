"""The gate of the calendar: who may say what, whose word waits for an operator, and what operators hear of it."""

from dataclasses import replace
from datetime import timedelta

import structlog
from sqlmodel import Session

from agent.lifecycle import outbox
from agent.lifecycle.house import House
from agent.lifecycle.invitations.calendar import Calendar
from agent.lifecycle.people import signing_key
from agent.model.account import Principal, Scope
from agent.model.authenticity import Authenticity
from agent.model.invite import Component
from agent.model.letter import NoticeLetter
from agent.model.tables import Hold, Mail
from agent.rules import tokens, trust
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

    def judge_mail(
        self, component: Component, claim: Claim, authenticity: Authenticity, mail: Mail
    ) -> Judgement:
        """Judge a component that came by mail."""
        return self._judge(component, claim, authenticity, mail)

    def judge_sender(self, claim: Claim, authenticity: Authenticity) -> bool:
        """Tell whether somebody may invite at all: only such a sender is answered about a mail that says nothing."""
        return trust.judge(claim, authenticity, self._policy(claim)).verdict == "accept"

    def judge_event(self, component: Component) -> Judgement:
        """Judge an event that Google shows in the bot's calendar: Google vouches for its organizer."""
        organizer = component.organizer.email if component.organizer else ""
        vouched = Authenticity(
            from_domain=trust.domain_of(organizer), aligned=trust.domain_of(organizer), google=True
        )
        return self._judge(component, Claim(organizer, organizer), vouched, None)

    def judge_caller(self, component: Component, by: Principal) -> Judgement:
        """Judge an invitation that somebody hands in over HTTP: their key vouches for them, an operator's for anyone."""
        organizer = component.organizer.email if component.organizer else by.email
        vouched = Authenticity(from_domain=trust.domain_of(by.email), aligned=trust.domain_of(by.email))
        claim = Claim(by.email, organizer)
        binding = Calendar(self.session, self.house, component.uid).binding(organizer)
        fresh = trust.Binding(organizer, trust.domain_of(by.email))
        if organizer == self.house.habits.bot_email:
            return trust.judge(claim, vouched, self._policy(claim), binding)
        if by.is_operator or (binding is None and by.may(Scope.INTAKE)):
            finding = Finding("carrier", "accept", f"{by.email or 'a key'} hands invitations in")
            return Judgement("accept", "carrier", finding.detail, binding or fresh, (finding,))
        return replace(trust.judge(claim, vouched, self._policy(claim), binding), binding=binding or fresh)

    def _judge(
        self, component: Component, claim: Claim, authenticity: Authenticity, mail: Mail | None
    ) -> Judgement:
        binding = Calendar(self.session, self.house, component.uid).binding(claim.organizer)
        judgement = trust.judge(claim, authenticity, self._policy(claim), binding)
        if judgement.verdict == "accept":
            level = trust.level_of(authenticity, self.house.habits.invites_verify)
            raised = replace(judgement.binding, level=max(judgement.binding.level, level))
            return replace(judgement, binding=raised)
        if judgement.verdict == "ignore":
            return judgement
        return self._as_decided(judgement, component, claim, mail, is_new=binding is None)

    def _as_decided(
        self, judgement: Judgement, component: Component, claim: Claim, mail: Mail | None, *, is_new: bool
    ) -> Judgement:
        """Follow an operator's word: on this very message, or on what one sender says of a UID that nothing is known of."""
        for hold in held.about(self.session, component.uid, claim.from_email):
            mine = mail is not None and hold.mail_id == mail.id
            if hold.state == "waiting" or not (mine or is_new):
                continue
            accepted = hold.state == "approved"
            finding = Finding(hold.state, "accept" if accepted else "ignore", f"by {hold.decided_by}")
            return replace(
                judgement,
                verdict="accept" if accepted else "ignore",
                rule="approved" if accepted else REFUSED,
                reason=f"an operator {hold.state} it",
                findings=(*judgement.findings, finding),
            )
        return judgement

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
        self, component: Component, claim: Claim, judgement: Judgement, *, source: str, mail: Mail | None
    ) -> None:
        """Keep an invitation for an operator, and tell them: of one sender once a day."""
        known = held.about(self.session, component.uid, claim.from_email)
        if any(hold.state == "waiting" and (mail is None or hold.mail_id == mail.id) for hold in known):
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


def approval_link(house: House, hold: Hold) -> str:
    """Return the link under which whoever has it may decide about one held invitation, for a week."""
    key = signing_key.load(house.habits.data_dir, house.habits.signing_secret)
    expires_at = int((hold.created_at + LINK_LIFE).timestamp())
    signature = tokens.sign_link(key, link_subject(hold.id or 0), expires_at)
    base = house.habits.public_url.rstrip("/")
    return f"{base}/invitations/{hold.id}?expires={expires_at}&signature={signature}"


def link_subject(hold_id: int) -> str:
    """Return what such a link is signed for; a link for anything else opens nothing here."""
    return f"held-invitation:{hold_id}"
