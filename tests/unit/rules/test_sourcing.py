"""Which words the notes rest on, and how long to wait for better ones."""

import pytest

from agent.model.transcript import Readiness, Source
from agent.rules.sourcing import Choice, choose, refused

BOTH = ("meet", "captions")


def after(
    readiness: Readiness, waited_seconds: float = 0, *, captions: bool = False, last: bool = False
) -> Choice:
    return choose(
        readiness,
        sources=BOTH,
        has_captions=captions,
        waited_seconds=waited_seconds,
        next_look_seconds=None if last else 60.0,
    )


def test_a_finished_transcript_of_the_platform_is_used_at_once() -> None:
    assert after(Readiness.READY, captions=True).source is Source.MEET


def test_a_transcript_that_is_being_made_is_waited_for_even_with_captions_at_hand() -> None:
    assert after(Readiness.PENDING, 3600, captions=True).wait_seconds == 60.0


@pytest.mark.parametrize("readiness", [Readiness.NO_RECORD, Readiness.NEVER_STARTED])
def test_captions_serve_once_the_platform_has_had_its_chance(readiness: Readiness) -> None:
    assert after(readiness, 10, captions=True).wait_seconds == 60.0
    assert after(readiness, 301, captions=True).source is Source.CAPTIONS


def test_a_meeting_that_was_never_transcribed_ends_with_that_reason() -> None:
    assert after(Readiness.NEVER_STARTED, 901) == Choice(
        reason="transcription was never turned on in this meeting"
    )


@pytest.mark.parametrize("readiness", [Readiness.NO_RECORD, Readiness.NEVER_STARTED, Readiness.PENDING])
def test_the_wait_ends_with_captions_or_with_a_reason(readiness: Readiness) -> None:
    assert after(readiness, 1e6, captions=True, last=True).source is Source.CAPTIONS
    without = after(readiness, 1e6, last=True)
    assert without.source is None
    assert without.wait_seconds is None
    assert without.reason


def test_captions_first_means_captions_at_once_unless_the_platform_is_ready() -> None:
    choice = choose(
        Readiness.PENDING,
        sources=("captions", "meet"),
        has_captions=True,
        waited_seconds=0,
        next_look_seconds=60,
    )
    assert choice.source is Source.CAPTIONS


def test_without_the_platform_among_the_sources_it_is_not_waited_for() -> None:
    choice = choose(
        Readiness.NO_RECORD,
        sources=("captions",),
        has_captions=False,
        waited_seconds=0,
        next_look_seconds=60,
    )
    assert choice == Choice(reason="no captions were taken")


def test_a_refusal_for_good_falls_back_to_captions() -> None:
    assert refused(sources=BOTH, has_captions=True, reason="scope").source is Source.CAPTIONS
    assert refused(sources=BOTH, has_captions=False, reason="scope").reason == "scope"
