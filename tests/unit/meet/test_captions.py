"""Blocks become utterances: growth, correction, trimming, reuse."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.meet.captions import BLOCKS, CaptionLog, joined

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
WORDS = st.lists(st.integers(0, 10**6).map(lambda number: f"w{number}"), min_size=1, max_size=40, unique=True)


def block(key: int, text: str, speaker: str = "Host Person", epoch: int = 1) -> dict[str, object]:
    return {"key": key, "epoch": epoch, "speaker": speaker, "text": text}


def hear(log: CaptionLog, *blocks: dict[str, object]) -> list[tuple[str, str]]:
    return [(said.id, said.text) for said in log.hear({"blocks": list(blocks)}, NOW)]


@pytest.mark.parametrize(
    ("old", "new", "after"),
    [
        ("we will", "we will meet", "we will meet"),
        ("we shall meet on", "we should meet on Monday", "we should meet on Monday"),
        ("ice", "I said", "I said"),
        ("one two three four five", "three four five", "one two three four five"),
        ("one two three four five", "three four five six", "one two three four five six"),
        ("one two three four five", "Three, four five six", "one two Three, four five six"),
        ("one two three four five six", "entirely other words are here now", None),
        ("今日は会議を始めます", "今日は会議を始めましょう", "今日は会議を始めましょう"),
    ],
)
def test_a_changed_block_is_growth_correction_or_another_utterance(
    old: str, new: str, after: str | None
) -> None:
    assert joined(old, new) == after


@given(WORDS)
def test_growing_word_by_word_is_one_utterance_with_all_words(words: list[str]) -> None:
    log = CaptionLog(None)
    told = [hear(log, block(1, " ".join(words[: count + 1]))) for count in range(len(words))]
    assert told[-1] == [("caption-1", " ".join(words))]
    assert {change[0][0] for change in told} == {"caption-1"}


@given(WORDS, st.integers(0, 30))
def test_words_cut_off_the_front_stay_and_are_not_repeated(words: list[str], cut: int) -> None:
    log = CaptionLog(None)
    hear(log, block(1, " ".join(words)))
    kept = words[min(cut, max(len(words) - 3, 0)) :]
    hear(log, block(1, " ".join([*kept, "then", "more"])))
    last = hear(log, block(1, " ".join([*kept, "then", "more", "words"])))
    assert last == [("caption-1", " ".join([*words, "then", "more", "words"]))]


def test_a_late_correction_goes_to_its_own_utterance() -> None:
    log = CaptionLog(None)
    hear(log, block(1, "we meet on Sunday"))
    hear(log, block(2, "who brings the cake"))
    assert hear(log, block(1, "we meet on Monday")) == [("caption-1", "we meet on Monday")]


def test_a_block_that_changes_its_speaker_is_another_utterance() -> None:
    log = CaptionLog(None)
    hear(log, block(1, "yes"))
    assert hear(log, block(1, "yes", "Guest Person")) == [("caption-2", "yes")]


def test_two_blocks_with_the_same_words_are_two_utterances() -> None:
    log = CaptionLog(None)
    assert hear(log, block(1, "yes of course"), block(2, "yes of course")) == [
        ("caption-1", "yes of course"),
        ("caption-2", "yes of course"),
    ]


def test_blocks_shown_again_after_captions_were_off_are_not_told_again() -> None:
    log = CaptionLog(None)
    hear(log, block(1, "one two three"), block(2, "four five six"))
    assert hear(log, block(3, "one two three", epoch=2), block(4, "four five six", epoch=2)) == []
    assert hear(log, block(4, "four five six seven", epoch=2)) == [("caption-2", "four five six seven")]
    assert hear(log, block(5, "one two three", epoch=2)) == [("caption-3", "one two three")]


def test_an_unchanged_block_tells_nothing() -> None:
    log = CaptionLog("de-DE")
    hear(log, block(1, "eins zwei drei"))
    assert hear(log, block(1, "eins zwei drei")) == []


def test_times_and_language_are_kept() -> None:
    log = CaptionLog("de-DE")
    (first,) = log.hear({"blocks": [block(1, "eins")]}, NOW)
    later = NOW.replace(minute=1)
    (second,) = log.hear({"blocks": [block(1, "eins zwei")]}, later)
    assert (second.started_at, second.ended_at, second.language) == (first.started_at, later, "de-DE")


def test_a_long_call_is_not_remembered_whole() -> None:
    log = CaptionLog(None)
    for key in range(1, 2001):
        assert hear(log, block(key, f"sentence number {key}")) == [
            (f"caption-{key}", f"sentence number {key}")
        ]
    assert len(log._by_key) == BLOCKS
    grown = block(1999, "sentence number 1999 and more")
    assert hear(log, grown) == [("caption-1999", "sentence number 1999 and more")]
