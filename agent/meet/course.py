"""The course of one visit after the knock: what each look at the page asks for next. Pure; time comes in as seconds."""

from dataclasses import dataclass, field
from enum import StrEnum

from agent.meet.snapshot import Snapshot
from agent.meet.verdict import (
    ENDINGS,
    Phase,
    Refusal,
    Standing,
    Verdict,
    declined_dialog,
    obstacle,
    refusal_for,
)
from agent.model.states import EndReason, FailureCode

KNOCK_AGAIN_SECONDS = 1.0
KNOCK_TRIES = 5
CONSENT_TRIES = 3
# A page the bot was sent to may still have to say that it wants a sign-in.
REDIRECTED_SECONDS = 1.0
AGREE_AGAIN_SECONDS = 1.0
# A dialog that the table does not know may go by itself; then it is closed, some times at most.
COVERED_SECONDS = 3.0
CLOSE_TRIES = 3


@dataclass(frozen=True, slots=True)
class Patience:
    """How long, in seconds, the bot bears with a page that gives no clear answer."""

    door_seconds: float = 60.0
    unknown_seconds: float = 20.0
    offline_seconds: float = 30.0
    hang_seconds: float = 30.0
    look_around_seconds: float = 60.0


class Next(StrEnum):
    """What a look at the page asks for."""

    NOTHING = "nothing"
    TELL_LOBBY = "tell_lobby"
    KNOCK_AGAIN = "knock_again"
    CLEAR = "clear"
    AGREE = "agree"
    GIVE_UP_AGREEING = "give_up_agreeing"
    TELL_DECLINED = "tell_declined"
    TELL_SENT_BACK = "tell_sent_back"
    WAIT = "wait"
    CLOSE_DIALOG = "close_dialog"
    ENTER = "enter"
    END = "end"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. `words` are the page's own, `control` what to press, `reason` and `retry` how it ends."""

    next: Next
    words: str = ""
    control: str = ""
    signs: tuple[str, ...] = ()
    reason: EndReason | FailureCode | None = None
    retry: bool = False


NOTHING = Step(Next.NOTHING)


@dataclass
class Course:
    """Where the visit stands and since when the page has been unclear."""

    patience: Patience
    lobby_seconds: float
    phase: Phase = Phase.DOOR
    lobby_told: bool = False
    host_awaited: bool = False
    _knocked_at: float = 0.0
    _pressed_at: float = 0.0
    _knocks: int = 0
    _agreed: int = 0
    _agreed_at: float = 0.0
    _declined: str = ""
    _covered_at: float | None = None
    _closed: int = 0
    _sent_back_at: float | None = None
    _since: dict[Standing, float] = field(default_factory=dict)

    def knocked(self, now: float) -> None:
        """The join button was pressed."""
        if self.phase is Phase.DOOR:
            self.phase, self._knocked_at = Phase.KNOCKED, now
        self._pressed_at = now
        self._knocks += 1

    def see(self, verdict: Verdict, snapshot: Snapshot, now: float) -> Step:
        """What the page asks for as it stands; also called when nothing changed, because waiting has an end."""
        self._since = {verdict.standing: self._since.get(verdict.standing, now)}
        if self.phase is Phase.CALL:
            return self._in_call(verdict, snapshot, now)
        return self._at_the_door(verdict, snapshot, now)

    def silence(self, seconds: float) -> Step:
        """What a page asks for that tells nothing any more."""
        if seconds < self.patience.hang_seconds:
            return NOTHING
        return self._lost("the meeting's page hangs")

    def crash(self, what: str) -> Step:
        """What a page asks for that is gone."""
        return self._lost(what)

    def _at_the_door(self, verdict: Verdict, snapshot: Snapshot, now: float) -> Step:
        if verdict.standing is Standing.REDIRECTED and not self._lasts(REDIRECTED_SECONDS, now):
            return NOTHING
        if refusal := refusal_for(verdict.standing, self.phase):
            return end_of(refusal, verdict.words)
        match verdict.standing:
            case Standing.CONSENT:
                return self._agree(verdict, now)
            case Standing.ADMITTED:
                self.phase = Phase.CALL
                return Step(Next.ENTER, signs=verdict.signs)
            case Standing.LOBBY | Standing.WAITING_FOR_HOST:
                return self._wait(verdict, now)
            case Standing.DOOR:
                return self._press_on(snapshot, now)
        if control := obstacle(snapshot):
            return Step(Next.CLEAR, control=control)
        return self._unclear(verdict, now)

    def _wait(self, verdict: Verdict, now: float) -> Step:
        if self.phase is Phase.DOOR:
            self.knocked(now)
        self.host_awaited = verdict.standing is Standing.WAITING_FOR_HOST
        if now - self._knocked_at >= self.lobby_seconds:
            code = FailureCode.WAITING_FOR_HOST if self.host_awaited else FailureCode.LOBBY_TIMEOUT
            return end_of(Refusal(code), f"nobody answered within {self.lobby_seconds:g} s: {verdict.words}")
        if not self.lobby_told:
            self.lobby_told = True
            return Step(Next.TELL_LOBBY, words=verdict.words)
        return NOTHING

    def _press_on(self, snapshot: Snapshot, now: float) -> Step:
        """Still before the meeting: a dialog in the way, a second button, or a press that went nowhere."""
        if control := obstacle(snapshot):
            return Step(Next.CLEAR, control=control)
        if now - self._pressed_at < KNOCK_AGAIN_SECONDS and not snapshot.dialogs:
            return NOTHING
        if self._knocks < KNOCK_TRIES and snapshot.ready("join"):
            return Step(Next.KNOCK_AGAIN)
        if now - self._pressed_at >= self.patience.unknown_seconds:
            return end_of(Refusal(FailureCode.INTERNAL_ERROR, retry=True), "the join button does nothing")
        return NOTHING

    def _in_call(self, verdict: Verdict, snapshot: Snapshot, now: float) -> Step:
        reason = ENDINGS.get(verdict.standing)
        if reason is not None:
            return Step(Next.END, words=verdict.words, reason=reason)
        if self._newly_declined(snapshot):
            return Step(Next.TELL_DECLINED, words=self._declined)
        if verdict.standing is Standing.CONSENT:
            return self._agree(verdict, now)
        if verdict.standing in (Standing.LOBBY, Standing.WAITING_FOR_HOST):
            return self._wait_again(verdict, now)
        if verdict.standing is Standing.ADMITTED:
            self._sent_back_at = None
            control = obstacle(snapshot)
            return Step(Next.CLEAR, control=control) if control else self._uncover(snapshot, now)
        return self._unclear(verdict, now)

    def _wait_again(self, verdict: Verdict, now: float) -> Step:
        """A host put the bot back into the lobby: it waits there as before, and a host who leaves it there removed it."""
        if self._sent_back_at is None:
            self._sent_back_at = now
            return Step(Next.TELL_SENT_BACK, words=verdict.words)
        if now - self._sent_back_at >= self.lobby_seconds:
            return Step(Next.END, words=verdict.words, reason=EndReason.REMOVED)
        return Step(Next.WAIT)

    def _newly_declined(self, snapshot: Snapshot) -> bool:
        before, self._declined = self._declined, declined_dialog(snapshot)
        return bool(self._declined) and self._declined != before

    def _uncover(self, snapshot: Snapshot, now: float) -> Step:
        """Close what lies over the call and has no button that the table knows."""
        words = next((one.text for one in snapshot.dialogs if one.modal), None)
        if words is None:
            self._covered_at, self._closed = None, 0
            return NOTHING
        if self._covered_at is None:
            self._covered_at = now
        if self._closed == CLOSE_TRIES or now - self._covered_at < COVERED_SECONDS:
            return NOTHING
        self._covered_at = now
        self._closed += 1
        return Step(Next.CLOSE_DIALOG, words=words)

    def _agree(self, verdict: Verdict, now: float) -> Step:
        if self._agreed > CONSENT_TRIES:
            return self._unanswered(verdict, now)
        if self._agreed and now - self._agreed_at < AGREE_AGAIN_SECONDS:
            return NOTHING
        self._agreed_at = now
        self._agreed += 1
        if self._agreed == CONSENT_TRIES + 1:
            return Step(Next.GIVE_UP_AGREEING, words=verdict.words)
        return Step(Next.AGREE, words=verdict.words)

    def _unanswered(self, verdict: Verdict, now: float) -> Step:
        """A question of Meet's own that nobody can answer keeps the bot from everything: it goes."""
        if now - self._agreed_at < self.patience.unknown_seconds:
            return NOTHING
        return Step(Next.END, words=verdict.words, reason=FailureCode.BLOCKED_BY_PLATFORM)

    def agreed(self) -> None:
        """Meet's dialog was answered; the next one is another."""
        self._agreed = 0

    def _unclear(self, verdict: Verdict, now: float) -> Step:
        offline = verdict.standing is Standing.OFFLINE
        limit = self.patience.offline_seconds if offline else self.patience.unknown_seconds
        if not self._lasts(limit, now):
            return NOTHING
        if offline:
            return self._lost(verdict.words)
        if self.phase is Phase.CALL:
            return self._lost("the call is gone from the page")
        return end_of(
            Refusal(FailureCode.LOBBY_TIMEOUT, retry=True), "the waiting room is gone from the page"
        )

    def _lasts(self, seconds: float, now: float) -> bool:
        """Whether the page has shown the same for so long."""
        return all(now - since >= seconds for since in self._since.values())

    def _lost(self, words: str) -> Step:
        return Step(Next.END, words=words, reason=FailureCode.NETWORK_LOSS, retry=True)


def end_of(refusal: Refusal, words: str) -> Step:
    """The step that ends a visit before the call."""
    return Step(Next.END, words=words, reason=refusal.code, retry=refusal.retry)
