"""Which words a meeting's notes rest on: the platform's transcript, the captions, or none; and how long to wait."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.model.transcript import Readiness, Source

# How long a missing record or transcript is given while captions lie ready: transcription that ran shows up at once.
PATIENCE_WITH_CAPTIONS_SECONDS = 300.0
PATIENCE_WITHOUT_TRANSCRIPTION_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Choice:
    """Use `source`; or, where it is None, wait `wait_seconds`; or, where both are None, give up for `reason`."""

    source: Source | None = None
    wait_seconds: float | None = None
    reason: str = ""


def choose(
    readiness: Readiness,
    *,
    sources: Sequence[str],
    has_captions: bool,
    waited_seconds: float,
    next_look_seconds: float | None,
) -> Choice:
    """Decide after one look at the platform. `next_look_seconds` is None when the whole wait is over."""
    captions = Choice(source=Source.CAPTIONS) if has_captions and Source.CAPTIONS in sources else None
    if Source.MEET not in sources:
        return captions or Choice(reason="no captions were taken")
    if readiness is Readiness.READY:
        return Choice(source=Source.MEET)
    if captions and sources[0] == Source.CAPTIONS:
        return captions
    if readiness is not Readiness.PENDING:
        patience = PATIENCE_WITH_CAPTIONS_SECONDS if captions else PATIENCE_WITHOUT_TRANSCRIPTION_SECONDS
        if readiness is Readiness.NEVER_STARTED and waited_seconds >= patience:
            return captions or Choice(reason="transcription was never turned on in this meeting")
        if captions and waited_seconds >= patience:
            return captions
    if next_look_seconds is None:
        return captions or Choice(reason=_late(readiness))
    return Choice(wait_seconds=next_look_seconds)


def refused(*, sources: Sequence[str], has_captions: bool, reason: str) -> Choice:
    """Decide when the platform refuses for good: captions if there are any, else an honest end."""
    if has_captions and Source.CAPTIONS in sources:
        return Choice(source=Source.CAPTIONS, reason=reason)
    return Choice(reason=reason)


def _late(readiness: Readiness) -> str:
    if readiness is Readiness.PENDING:
        return "Google Meet did not finish the transcript in time"
    if readiness is Readiness.NO_RECORD:
        return "Google Meet has no record of this meeting"
    return "transcription was never turned on in this meeting"
