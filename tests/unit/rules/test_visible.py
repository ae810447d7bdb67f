"""What a terminal or a log is shown of text from outside."""

import json

from hypothesis import given
from hypothesis import strategies as st

from agent.rules.visible import visible


def test_what_commands_a_terminal_is_spelled_out() -> None:
    assert visible("\x1b]0;mine\x07 \x9b31m") == "\\u001b]0;mine\\u0007 \\u009b31m"


def test_what_turns_the_reading_order_round_is_spelled_out() -> None:
    assert visible("invoice\u202egnp.exe\u2066") == "invoice\\u202egnp.exe\\u2066"


def test_names_of_all_scripts_stay_as_they_are() -> None:
    for name in ("Zoë Žižek", "नमस्ते", "علی‌رضا", "👩‍💻", "東京\tline\n"):
        assert visible(name) == name


@given(st.text())
def test_json_says_the_same_afterwards(text: str) -> None:
    assert json.loads(visible(json.dumps([text], ensure_ascii=False))) == [text]


@given(st.text())
def test_nothing_is_left_that_a_terminal_obeys(text: str) -> None:
    assert all(letter.isprintable() or letter in "\t\n" or ord(letter) > 0x9F for letter in visible(text))
