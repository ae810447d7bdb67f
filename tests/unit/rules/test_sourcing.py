"""Which words the notes rest on, and how long to wait for better ones."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.model.transcript import Readiness, Source, Why
from agent.rules.sourcing import EXPIRY_MARGIN, Choice, Evidence, choose, refused, told, wait_ends

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
    unfinished: int = 0,
) -> Choice:
    letters = meet if readiness is Readiness.READY else unfinished
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
    assert choice == Choice(Source.CAPTIONS, why=Why.MEET_PARTIAL)


def test_an_empty_transcript_of_the_platform_is_none() -> None:
    assert after(Readiness.READY, meet=0, captions=10).source is Source.CAPTIONS
    assert after(Readiness.READY, meet=0).why is Why.EMPTY


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
    assert after(Readiness.NEVER_STARTED, 901) == Choice(why=Why.NOT_TRANSCRIBED)


def test_a_record_that_cannot_be_found_is_given_two_hours() -> None:
    assert after(Readiness.NO_RECORD, 1.9 * HOUR).wait_seconds == 60.0
    assert after(Readiness.NO_RECORD, 2 * HOUR) == Choice(why=Why.NO_RECORD)


@pytest.mark.parametrize("readiness", [Readiness.NO_RECORD, Readiness.NEVER_STARTED, Readiness.PENDING])
def test_the_wait_ends_with_captions_or_with_a_reason(readiness: Readiness) -> None:
    assert after(readiness, 1e6, captions=1000, last=True).source is Source.CAPTIONS
    without = after(readiness, 1e6, last=True)
    assert without.source is None
    assert without.wait_seconds is None
    assert without.why


def test_at_the_end_of_the_wait_an_unfinished_transcript_serves_and_the_reader_is_told() -> None:
    kept = Choice(Source.MEET, why=Why.UNFINISHED)
    assert after(Readiness.PENDING, HOUR, unfinished=500).wait_seconds == 60.0
    assert after(Readiness.PENDING, 1e6, unfinished=500, last=True) == kept
    assert after(Readiness.PENDING, 1e6, unfinished=500, captions=400, last=True) == kept
    fuller = after(Readiness.PENDING, 1e6, unfinished=500, captions=600, last=True)
    assert fuller == Choice(Source.CAPTIONS, why=Why.NOT_FINISHED)


@pytest.mark.parametrize("why", Why)
def test_every_reason_can_be_told(why: Why) -> None:
    assert told(why)


def test_captions_first_means_captions_at_once_unless_the_platform_is_ready() -> None:
    assert after(Readiness.PENDING, captions=10, sources=("captions", "meet")).source is Source.CAPTIONS


def test_without_the_platform_among_the_sources_it_is_not_waited_for() -> None:
    assert after(Readiness.NO_RECORD, sources=("captions",)) == Choice(why=Why.NOTHING_CAPTURED)


def test_a_refusal_for_good_falls_back_to_captions() -> None:
    with_captions = Evidence(Readiness.NO_RECORD, caption_letters=10)
    why = Why.NOT_ALLOWED
    assert refused(with_captions, sources=BOTH, why=why) == Choice(Source.CAPTIONS, why=why)
    assert refused(Evidence(Readiness.NO_RECORD), sources=BOTH, why=why) == Choice(why=why)


def test_the_wait_ends_before_the_platform_deletes_the_first_of_its_records() -> None:
    soon = ENDED + timedelta(days=1)
    assert wait_ends(ENDED, 6, [None, soon + timedelta(days=20)]) == ENDED + timedelta(hours=6)
    assert wait_ends(ENDED, 72, [soon, None]) == soon - EXPIRY_MARGIN
