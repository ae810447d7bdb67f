from datetime import UTC, datetime, timedelta

from agent.model.transcript import Entry
from agent.rules.speakers import UNKNOWN, named

BEGAN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def said(start, end, speaker=""):
    return Entry(speaker, "words", BEGAN + timedelta(seconds=start), BEGAN + timedelta(seconds=end))


def test_the_caption_that_overlaps_longest_names_the_speaker():
    captions = [said(0, 4, "Host Person"), said(4, 10, "Guest Person")]
    assert named(said(3, 8), captions).speaker == "Guest Person"
    assert named(said(0, 5), captions).speaker == "Host Person"


def test_where_nobody_was_captioned_the_speaker_is_unknown():
    assert named(said(20, 21), [said(0, 4, "Host Person")]).speaker == UNKNOWN
    assert named(said(20, 21), []).speaker == UNKNOWN
