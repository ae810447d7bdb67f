"""What the command line prints of text from outside."""

import json

import pytest

from agent.cli.output import heading, points, say, show, show_all

HOSTILE = "\x1b]0;mine\x07name\x9b2J\u202egnp"
COMMANDS = {"\x1b", "\x07", "\x9b", "\u202e"}


def test_a_name_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show({"name": HOSTILE}, as_json=False)
    show_all([{"name": HOSTILE}], ("name",), as_json=False)
    heading(HOSTILE)
    points([HOSTILE])
    say(HOSTILE)
    printed = capsys.readouterr()
    assert (printed.out + printed.err).count("\\u001b]0;mine") == 5
    assert not COMMANDS & set(printed.out + printed.err)


def test_json_is_safe_to_show_and_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    show({"name": HOSTILE}, as_json=True)
    printed = capsys.readouterr().out
    assert not COMMANDS & set(printed)
    assert json.loads(printed) == {"name": HOSTILE}


def test_a_cell_is_one_line_of_its_own_row(capsys: pytest.CaptureFixture[str]) -> None:
    show_all([{"name": "a\nforged\u2028b\rc", "kind": "human"}], ("name", "kind"), as_json=False)
    assert len(capsys.readouterr().out.splitlines()) == 2
