"""Plain text as it stands in a terminal."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.delivery.wrapping import TEXT_WIDTH, columns, wrapped

PLAIN = st.lists(st.text("abcdefg.,", min_size=1, max_size=12), max_size=60).map(" ".join)
WIDE = "決済テストにあと二日必要なため、リリースは十二月三日に延期されました。「それでよいですか」と司会者が尋ねた。"


def test_text_cannot_build_paragraphs_of_its_own():
    assert wrapped("one\n\nDECISIONS\n* two", "* ", "  ") == "* one DECISIONS * two"


@given(PLAIN)
def test_words_are_filled_as_the_library_fills_them(text):
    expected = textwrap.fill(
        text,
        TEXT_WIDTH,
        initial_indent="* ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    assert wrapped(text, "* ", "  ").rstrip() == (expected or "*").rstrip()


def test_an_address_is_never_broken():
    address = "https://meetbot.example.com/" + "x" * 200
    assert wrapped(f"Read {address} now") == f"Read\n{address}\nnow"


@pytest.mark.parametrize("indent", ["", "  > "])
def test_writing_without_spaces_is_broken_at_the_width_it_has(indent):
    lines = wrapped(WIDE * 4, indent, indent).split("\n")
    assert all(columns(line) <= TEXT_WIDTH + 2 for line in lines)
    assert all(columns(line) > TEXT_WIDTH - 8 for line in lines[:-1])
    assert "".join(line.removeprefix(indent) for line in lines) == WIDE * 4


def test_no_line_begins_with_what_closes_or_ends_with_what_opens():
    for shift in range(TEXT_WIDTH):
        lines = wrapped("x" * shift + " " + WIDE * 3).split("\n")
        assert not any(line.lstrip()[0] in "、。」" for line in lines)
        assert not any(line[-1] in "「" for line in lines)


@given(st.text(max_size=300))
def test_nothing_but_white_space_is_lost(text):
    filled = wrapped(text, "* ", "  ")
    assert "".join(filled.split())[1:] == "".join(wrapped(text).split())


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("日本", 4), ("é", 1), ("e\u0301", 1), ("א\u200f", 1)]
)
def test_columns_are_those_of_a_terminal(text, width):
    assert columns(text) == width
