"""Which words a meeting's notes rest on: the platform's transcript, the captions or a recording; and how long to wait."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.model.transcript import Readiness, Source

# How long a missing transcript is given while other words lie ready: transcription that ran shows up at once.
PATIENCE_WITH_OTHERS_SECONDS = 300.0
PATIENCE_WITHOUT_TRANSCRIPTION_SECONDS = 900.0
# Meet has a record of a conference from its first moment; one that is not there for so long is not for our eyes.
PATIENCE_WITHOUT_RECORD_SECONDS = 7_200.0
# Meet deletes entries with their record; the last look is taken well before.
EXPIRY_MARGIN = timedelta(hours=12)
# A source that holds so many times as much as the preferred one shows that the preferred one missed something.
FULLER = 1.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is after a look: how far Meet is, and how many letters were found in Meet's words and the captions."""

    readiness: Readiness
    meet_letters: int = 0
    caption_letters: int = 0
    has_recording: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Use `source`; or, where it is None, wait `wait_seconds`; or, where both are None, give up for `reason`.

    With a source, `reason` says why it was not the preferred one, '' when it was.
    """

    source: Source | None = None
    wait_seconds: float | None = None
    reason: str = ""


def wait_ends(ended_at: datetime, wait_hours: float, expiries: Iterable[datetime | None]) -> datetime:
    """Return when looking ends: after the wait, or before the first of Meet's records expires."""
    before_expiry = [at - EXPIRY_MARGIN for at in expiries if at is not None]
    return min([ended_at + timedelta(hours=wait_hours), *before_expiry])


def choose(
    evidence: Evidence,
    *,
    sources: Sequence[str],
    waited_seconds: float,
    next_look_seconds: float | None,
) -> Choice:
    """Decide after one look at the platform. `next_look_seconds` is None when the whole wait is over."""
    if Source.MEET not in sources:
        return _without_meet(evidence, sources, "") or Choice(reason="nothing was captured in the meeting")
    if evidence.readiness is Readiness.READY:
        return _compared(evidence, sources)
    reason = _why_none(evidence.readiness)
    others = _without_meet(evidence, sources, reason)
    if others and sources[0] != Source.MEET and others.source == sources[0]:
        return Choice(source=others.source)
    if _patience_is_over(evidence.readiness, waited_seconds, has_others=others is not None):
        return others or Choice(reason=reason)
    if next_look_seconds is None:
        return others or Choice(reason=reason)
    return Choice(wait_seconds=next_look_seconds)


def refused(evidence: Evidence, *, sources: Sequence[str], reason: str) -> Choice:
    """Decide when the platform refuses for good: other words if there are any, else an honest end."""
    return _without_meet(evidence, sources, reason) or Choice(reason=reason)


def _compared(evidence: Evidence, sources: Sequence[str]) -> Choice:
    """Prefer by the operator's order, but not a source that plainly missed much of what another has."""
    letters = {Source.MEET: evidence.meet_letters, Source.CAPTIONS: evidence.caption_letters}
    there = [source for source in letters if letters[source] and source in sources]
    if not there:
        reason = "Google Meet's transcript is empty"
        return _without_meet(evidence, sources, reason) or Choice(reason=reason)
    there.sort(key=lambda source: sources.index(source))
    best = there[0]
    for other in there[1:]:
        if letters[other] > letters[best] * FULLER:
            return Choice(source=other, reason=_MISSED[best])
    return Choice(source=best)


def _without_meet(evidence: Evidence, sources: Sequence[str], reason: str) -> Choice | None:
    there = {Source.CAPTIONS: evidence.caption_letters > 0, Source.RECORDING: evidence.has_recording}
    for name in sources:
        if name != Source.MEET and there[Source(name)]:
            return Choice(source=Source(name), reason=reason)
    return None


def _patience_is_over(readiness: Readiness, waited_seconds: float, *, has_others: bool) -> bool:
    if readiness is Readiness.PENDING:
        return False
    if has_others:
        return waited_seconds >= PATIENCE_WITH_OTHERS_SECONDS
    if readiness is Readiness.NEVER_STARTED:
        return waited_seconds >= PATIENCE_WITHOUT_TRANSCRIPTION_SECONDS
    return waited_seconds >= PATIENCE_WITHOUT_RECORD_SECONDS


def _why_none(readiness: Readiness) -> str:
    if readiness is Readiness.PENDING:
        return "Google Meet did not finish the transcript in time"
    if readiness is Readiness.NO_RECORD:
        return "Google Meet has no record of this meeting"
    return "transcription was never turned on in this meeting"


_MISSED = {
    Source.MEET: "Google Meet's transcript covers only part of the meeting",
    Source.CAPTIONS: "the captions cover only part of the meeting",
}
