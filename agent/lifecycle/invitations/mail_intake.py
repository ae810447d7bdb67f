"""One mail inside its transaction: judged, then held or taken in, then answered."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlmodel import Session

from agent.lifecycle.house import House
from agent.lifecycle.invitations import bounces
from agent.lifecycle.invitations.occurrences import Taken
from agent.lifecycle.invitations.reception import Arrived, Reception
from agent.model.authenticity import Authenticity
from agent.model.invite import Envelope, ParsedMail
from agent.model.tables import Mail
from agent.rules import reconcile
from agent.rules.trust import Claim, Finding

STORED, DONE, HELD, UNREADABLE = "stored", "read", "held", "unreadable"
SOURCE = "smtp"


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
        self.mail = mail
        self.parsed = parsed
        self.authenticity = authenticity
        envelope = Envelope.model_validate(mail.envelope)
        self.reception = Reception(session, house, Arrived(SOURCE, envelope, parsed, authenticity, mail=mail))

    def take(self) -> Sequence[Taken]:
        """Take the whole mail in, or hold it."""
        if bounces.take(self.session, self.house, self.parsed.bounces):
            self._settle(DONE, (), "a report on a mail of ours that came back")
            return ()
        if not self.parsed.components:
            self._unreadable(self.parsed.problems)
            return ()
        judged = [(component, self.reception.judge(component)) for component in self.parsed.components]
        for component, judgement in judged:
            if judgement.verdict == "hold":
                claim = self.reception.claim(component)
                self.reception.gate.hold(component, claim, judgement, source=SOURCE, mail=self.mail)
                self._settle(HELD, judgement.findings, judgement.reason)
                return ()
        taken = [self.reception.take(component, judgement)[0] for component, judgement in judged]
        self._settle(DONE, (), *self.parsed.problems)
        if all(_is_unreadable(one) for one in taken):
            self._unreadable(self.parsed.problems)
        return taken

    def _unreadable(self, problems: Sequence[str]) -> None:
        self._settle(UNREADABLE, (), *(problems or ("the mail holds no invitation",)))
        if self.reception.gate.judge_sender(Claim(self.parsed.from_email.lower()), self.authenticity):
            self.reception.letters.explain(problems)

    def _settle(self, verdict: str, findings: Sequence[Finding], *why: str) -> None:
        self.mail.verdict = verdict
        self.mail.explanation = [*(asdict(finding) for finding in findings), *why]
        self.session.add(self.mail)


def _is_unreadable(taken: Taken) -> bool:
    decisions = taken.outcome.decisions
    return bool(decisions) and all(
        isinstance(decision, reconcile.Ignore) and decision.rule == "unreadable" for decision in decisions
    )
