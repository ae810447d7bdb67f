"""Which words a meeting's notes rest on: the platform's transcript, the captions or a recording; and how long to wait."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.model.transcript import Readiness, Source, Why

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
    """Use `source`; or, where it is None, wait `wait_seconds`; or, where both are None, give up.

    `why` says why it was not the preferred source, or why there are no words; None where all is as preferred.
    """

    source: Source | None = None
    wait_seconds: float | None = None
    why: Why | None = None


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
        return _without_meet(evidence, sources, None) or Choice(why=Why.NOTHING_CAPTURED)
    if evidence.readiness is Readiness.READY:
        return _compared(evidence, sources)
    why = _why_none(evidence.readiness)
    others = _without_meet(evidence, sources, why)
    if others and sources[0] != Source.MEET and others.source == sources[0]:
        return Choice(source=others.source)
    if _patience_is_over(evidence.readiness, waited_seconds, has_others=others is not None):
        return others or Choice(why=why)
    if next_look_seconds is None:
        return _unfinished(evidence) or others or Choice(why=why)
    return Choice(wait_seconds=next_look_seconds)


def refused(evidence: Evidence, *, sources: Sequence[str], why: Why) -> Choice:
    """Decide when a source refuses for good: other words if there are any, else an honest end."""
    return _without_meet(evidence, sources, why) or Choice(why=why)


def told(why: Why) -> str:
    """Say it in English, for the timeline."""
    return _TOLD[why]


def _compared(evidence: Evidence, sources: Sequence[str]) -> Choice:
    """Prefer by the operator's order, but not a source that plainly missed much of what another has."""
    letters = {Source.MEET: evidence.meet_letters, Source.CAPTIONS: evidence.caption_letters}
    there = [source for source in letters if letters[source] and source in sources]
    if not there:
        return _without_meet(evidence, sources, Why.EMPTY) or Choice(why=Why.EMPTY)
    there.sort(key=lambda source: sources.index(source))
    best = there[0]
    for other in there[1:]:
        if letters[other] > letters[best] * FULLER:
            return Choice(source=other, why=_MISSED[best])
    return Choice(source=best)


def _unfinished(evidence: Evidence) -> Choice | None:
    """At the end of the wait, a text that was never finished is better than none, and than captions that hold less."""
    if evidence.meet_letters and evidence.meet_letters >= evidence.caption_letters:
        return Choice(source=Source.MEET, why=Why.UNFINISHED)
    return None


def _without_meet(evidence: Evidence, sources: Sequence[str], why: Why | None) -> Choice | None:
    there = {Source.CAPTIONS: evidence.caption_letters > 0, Source.RECORDING: evidence.has_recording}
    for name in sources:
        if name != Source.MEET and there[Source(name)]:
            return Choice(source=Source(name), why=why)
    return None


def _patience_is_over(readiness: Readiness, waited_seconds: float, *, has_others: bool) -> bool:
    if readiness is Readiness.PENDING:
        return False
    if has_others:
        return waited_seconds >= PATIENCE_WITH_OTHERS_SECONDS
    if readiness is Readiness.NEVER_STARTED:
        return waited_seconds >= PATIENCE_WITHOUT_TRANSCRIPTION_SECONDS
    return waited_seconds >= PATIENCE_WITHOUT_RECORD_SECONDS


def _why_none(readiness: Readiness) -> Why:
    if readiness is Readiness.PENDING:
        return Why.NOT_FINISHED
    return Why.NO_RECORD if readiness is Readiness.NO_RECORD else Why.NOT_TRANSCRIBED


_MISSED = {Source.MEET: Why.MEET_PARTIAL, Source.CAPTIONS: Why.CAPTIONS_PARTIAL}
_TOLD = {
    Why.NO_ACCESS: "okoro.service_token is not set, so Google Meet's records are out of reach",
    Why.NOT_ALLOWED: "the bot may not read Google Meet's record of this meeting; its operator was told",
    Why.REFUSED: "Google Meet's record of this meeting could not be read",
    Why.NO_RECORD: "Google Meet has no record of this meeting",
    Why.NOT_TRANSCRIBED: "transcription was never turned on in this meeting",
    Why.NOT_FINISHED: "Google Meet did not finish the transcript in time",
    Why.UNFINISHED: "Google Meet did not finish the transcript in time; what there was of it serves",
    Why.EMPTY: "Google Meet's transcript is empty",
    Why.MEET_PARTIAL: "Google Meet's transcript covers only part of the meeting",
    Why.CAPTIONS_PARTIAL: "the captions cover only part of the meeting",
    Why.RECORDING_UNUSABLE: "the recording could not be put into words",
    Why.NOTHING_CAPTURED: "nothing was captured in the meeting",
    Why.NOTHING_SAID: "nothing was said",
    Why.DELETED: "its words were deleted",
    Why.NOT_CONSENTED: "nobody allowed it",
}
