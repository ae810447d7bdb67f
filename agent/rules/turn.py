"""One turn of the conduct: the standing as it changes, and the commands it gives rise to.

Everything that takes the bot out of a call goes through `leave` or `give_up`, so that nothing is left open behind it.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from agent.model.call import (
    Command,
    Enter,
    Fail,
    ForgetCapture,
    Leave,
    Record,
    Say,
    StartCapture,
    StopCapture,
)
from agent.model.states import EndReason, FailureCode, Told
from agent.rules import wording
from agent.rules.rivals import Verdict
from agent.rules.standing import Consent, Phase, Policy, Standing, Suspect, judge

# Reasons that people in the call are told; of the others nobody is left to read.
_SAID_ALOUD = frozenset(
    {
        EndReason.CONSENT_DECLINED,
        EndReason.CONSENT_WITHDRAWN,
        EndReason.CONSENT_UNANSWERED,
        EndReason.REQUESTED,
        EndReason.RIVAL_BOT,
        EndReason.SECOND_MEETBOT,
        EndReason.SILENCE,
        EndReason.SCHEDULE_OVERRUN,
        EndReason.MAX_DURATION,
    }
)
_FOR_RIVALS = frozenset({EndReason.RIVAL_BOT, EndReason.ONLY_BOTS})


class Turn:
    """Collects what one event changes. Lives no longer than one call of `conduct.advance`."""

    def __init__(self, standing: Standing, policy: Policy, now: datetime) -> None:
        self.standing = standing
        self.policy = policy
        self.now = now
        self.commands: list[Command] = []

    def set(self, **changes: Any) -> None:
        """Change fields of the standing."""
        self.standing = replace(self.standing, **changes)

    def do(self, command: Command) -> None:
        """Add a command."""
        self.commands.append(command)

    def judge(self, name: str) -> Verdict:
        """Return what the bearer of a name is."""
        return judge(self.standing, self.policy, name)

    def say(self, purpose: str, text: str) -> None:
        """Post a chat line, unless chat is known to be unusable."""
        if self.standing.chat is not False:
            self.do(Say(text, purpose))

    def line(self, key: str, *, language: str = "", rival: Suspect | None = None) -> str:
        """Return the words of a chat line."""
        name, rule = (rival.name, rival.verdict.rule) if rival else ("", "")
        return wording.line(key, self.policy.facts, language=language, rival=name, rule=rule)

    def hint(self, key: str, language: str) -> None:
        """Help somebody to an answer, once per question."""
        if key not in self.standing.helped:
            self.set(helped=self.standing.helped | {key})
            self.say(key, self.line(key, language=language))

    def enter(
        self,
        outcome: str,
        *,
        who: str = "",
        words: str = "",
        message: str = "",
        language: str = "",
        channel: str = "chat",
    ) -> None:
        """Add to the ledger; `message` is what people had been shown."""
        self.do(
            Enter(
                outcome,
                who=who,
                words=words,
                message=message or (self.standing.question if self.standing.shown else ""),
                language=language or self.policy.language,
                channel=channel,
            )
        )

    def start(self) -> None:
        """Begin capture, if consent allows it and the bot is in the call."""
        standing = self.standing
        if standing.may_capture and standing.phase is Phase.IN_CALL and not standing.capturing:
            self.do(StartCapture())
            self.set(capturing=True, captured=True, last_words_at=self.now)

    def stop(self) -> None:
        """End capture; what was taken stays."""
        if self.standing.capturing:
            self.do(StopCapture())
            self.set(capturing=False)

    def forget(self) -> None:
        """End capture and delete what was taken, also in an earlier visit."""
        self.stop()
        self.do(ForgetCapture())
        self.set(captured=False)

    def record_rival(self, suspect: Suspect, *, left: bool) -> None:
        """Tell the timeline of a rival, once."""
        if suspect.recorded:
            return
        verdict = suspect.verdict
        facts = {"name": suspect.name, "vendor": verdict.vendor, "rule": verdict.rule, "left_meeting": left}
        self.do(Record(Told.RIVAL_SEEN, dict(facts)))
        self.replace_suspect(replace(suspect, recorded=True))

    def replace_suspect(self, changed: Suspect) -> None:
        """Put a changed suspect in the place of the one with its id."""
        suspects = self.standing.suspects
        self.set(suspects=tuple(changed if one.person_id == changed.person_id else one for one in suspects))

    def leave(
        self,
        reason: EndReason,
        *,
        detail: str = "",
        farewell: str = "",
        language: str = "",
        rival: str = "",
    ) -> None:
        """Leave the call for good: capture ended, ledger and timeline closed, people told why."""
        self.stop()
        self._close(reason)
        if reason in _SAID_ALOUD and self.standing.phase is Phase.IN_CALL and self.standing.humans_now != 0:
            words = wording.goodbye(farewell or reason, self.policy.facts, language=language, rival=rival)
            self.say("goodbye", words)
        self.do(Leave(reason, detail))
        self.set(phase=Phase.OVER)

    def give_up(self, code: FailureCode, detail: str, *, retry: bool = False) -> None:
        """Give the visit up. With `retry` another visit goes on from here, so the ledger stays open."""
        if not retry:
            self._close(None)
        self.do(Fail(code, detail, retry))
        self.set(phase=Phase.OVER, capturing=False)

    def _close(self, reason: EndReason | None) -> None:
        for suspect in self.standing.suspects:
            self.record_rival(suspect, left=suspect.present and reason in _FOR_RIVALS)
        asked_late = self.standing.asked_late and self.standing.consent is Consent.UNANSWERED
        if self.standing.consent is Consent.ASKED or asked_late:
            self.enter("unanswered", channel="chat" if self.standing.shown else "")
            self.set(consent=Consent.UNANSWERED, question_open=False)
