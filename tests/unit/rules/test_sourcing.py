"""Which words the notes rest on, and how long to wait for better ones."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.model.transcript import Readiness, Source
from agent.rules.sourcing import EXPIRY_MARGIN, Choice, Evidence, choose, refused, wait_ends

BOTH = ("meet", "captions")
ALL = ("meet", "captions", "recording")
ENDED = datetime(2026, 3, 2, 11, tzinfo=UTC)
HOUR = 3600.0


def after(
    readiness: Readiness,
    waited_seconds: float = 0,
    *,
    meet: int = 1000,
    captions: int = 0,
    recording: bool = False,
    last: bool = False,
    sources: tuple[str, ...] = BOTH,
) -> Choice:
    letters = meet if readiness is Readiness.READY else 0
    return choose(
        Evidence(readiness, letters, captions, recording),
        sources=sources,
        waited_seconds=waited_seconds,
        next_look_seconds=None if last else 60.0,
    )


def test_a_finished_transcript_of_the_platform_is_used_at_once() -> None:
    assert after(Readiness.READY, captions=1000) == Choice(source=Source.MEET)


def test_captions_serve_where_the_platform_missed_much_and_the_reason_is_said() -> None:
    choice = after(Readiness.READY, meet=200, captions=1000)
    assert choice.source is Source.CAPTIONS
    assert "only part" in choice.reason


def test_an_empty_transcript_of_the_platform_is_none() -> None:
    assert after(Readiness.READY, meet=0, captions=10).source is Source.CAPTIONS
    assert after(Readiness.READY, meet=0).reason == "Google Meet's transcript is empty"


def test_the_operators_order_decides_between_sources_that_say_about_the_same() -> None:
    assert after(Readiness.READY, captions=900, sources=("captions", "meet")).source is Source.CAPTIONS
    assert after(Readiness.READY, captions=100, sources=("captions", "meet")).source is Source.MEET


def test_a_transcript_that_is_being_made_is_waited_for_even_with_captions_at_hand() -> None:
    assert after(Readiness.PENDING, HOUR, captions=1000).wait_seconds == 60.0


@pytest.mark.parametrize("readiness", [Readiness.NO_RECORD, Readiness.NEVER_STARTED])
def test_captions_serve_once_the_platform_has_had_its_chance(readiness: Readiness) -> None:
    assert after(readiness, 10, captions=1000).wait_seconds == 60.0
    assert after(readiness, 301, captions=1000).source is Source.CAPTIONS


def test_a_recording_serves_where_there_is_nothing_else_and_it_was_asked_for() -> None:
    gone = Readiness.NEVER_STARTED
    assert after(gone, 301, recording=True, sources=ALL).source is Source.RECORDING
    assert after(gone, 301, recording=True, captions=1000, sources=ALL).source is Source.CAPTIONS
    assert after(gone, 1000, recording=True).source is None


def test_a_meeting_that_was_never_transcribed_ends_with_that_reason() -> None:
    assert after(Readiness.NEVER_STARTED, 901) == Choice(
        reason="transcription was never turned on in this meeting"
    )


def test_a_record_that_cannot_be_found_is_given_two_hours() -> None:
    assert after(Readiness.NO_RECORD, 1.9 * HOUR).wait_seconds == 60.0
    assert after(Readiness.NO_RECORD, 2 * HOUR) == Choice(reason="Google Meet has no record of this meeting")


@pytest.mark.parametrize("readiness", [Readiness.NO_RECORD, Readiness.NEVER_STARTED, Readiness.PENDING])
def test_the_wait_ends_with_captions_or_with_a_reason(readiness: Readiness) -> None:
    assert after(readiness, 1e6, captions=1000, last=True).source is Source.CAPTIONS
    without = after(readiness, 1e6, last=True)
    assert without.source is None
    assert without.wait_seconds is None
    assert without.reason


def test_captions_first_means_captions_at_once_unless_the_platform_is_ready() -> None:
    assert after(Readiness.PENDING, captions=10, sources=("captions", "meet")).source is Source.CAPTIONS


def test_without_the_platform_among_the_sources_it_is_not_waited_for() -> None:
    assert after(Readiness.NO_RECORD, sources=("captions",)) == Choice(
        reason="nothing was captured in the meeting"
    )


def test_a_refusal_for_good_falls_back_to_captions() -> None:
    with_captions = Evidence(Readiness.NO_RECORD, caption_letters=10)
    assert refused(with_captions, sources=BOTH, reason="scope") == Choice(Source.CAPTIONS, reason="scope")
    assert refused(Evidence(Readiness.NO_RECORD), sources=BOTH, reason="scope") == Choice(reason="scope")


def test_the_wait_ends_before_the_platform_deletes_the_first_of_its_records() -> None:
    soon = ENDED + timedelta(days=1)
    assert wait_ends(ENDED, 6, [None, soon + timedelta(days=20)]) == ENDED + timedelta(hours=6)
    assert wait_ends(ENDED, 72, [soon, None]) == soon - EXPIRY_MARGIN
