import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agent.model.transcript import Entry
from agent.rules import transcript_forms as forms

BEGAN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def said(start, end, text="Hello.", speaker="Host Person"):
    return Entry(speaker, text, BEGAN + timedelta(seconds=start), BEGAN + timedelta(seconds=end))


def test_text_has_a_line_for_each_entry():
    assert forms.as_text([said(0, 1), said(3661.5, 3662)], BEGAN) == (
        "[00:00:00] Host Person: Hello.\n[01:01:01] Host Person: Hello.\n"
    )


def test_vtt_escapes_what_players_would_read_as_markup():
    text = forms.as_vtt([said(1.5, 2.25, "a <b> & c --> d", "R&D <x>")], BEGAN)
    assert text == (
        "WEBVTT\n\n00:00:01.500 --> 00:00:02.250\n<v R&amp;D &lt;x&gt;>a &lt;b&gt; &amp; c -&gt; d\n"
    )


def test_srt_numbers_its_cues():
    text = forms.as_srt([said(0, 1), said(2, 3)], BEGAN)
    assert text.startswith("1\n00:00:00,000 --> 00:00:01,000\nHost Person: Hello.\n\n2\n00:00:02,000")


def test_an_entry_without_length_is_shown_for_a_moment():
    assert "00:00:05.000 --> 00:00:05.500" in forms.as_vtt([said(5, 5)], BEGAN)


@given(st.lists(st.tuples(st.floats(-10, 90000), st.floats(0, 60), st.text(), st.text()), max_size=8))
def test_hostile_words_never_make_a_cue_of_their_own(rows):
    entries = [said(start, start + length, text, speaker) for start, length, text, speaker in rows]
    for text in (forms.as_vtt(entries, BEGAN), forms.as_srt(entries, BEGAN)):
        assert text.count("-->") == len(entries)
        for start, end in re.findall(r"^([\d:.,]+) --> ([\d:.,]+)$", text, re.M):
            assert start < end
