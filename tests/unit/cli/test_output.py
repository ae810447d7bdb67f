"""What the command line prints of text from outside."""

import json
import sys

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


@pytest.mark.parametrize("columns", ["42", "60", "200"])
def test_however_narrow_the_screen_nothing_is_cut_or_left_out(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = {
        "id": "job_01M82BM85QFF6ZGMNCBP54RR60",
        "status": "completed",
        "joinAt": "",
        "title": "Pricing review",
    }
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    show_all([job, job], ("id", "status", "joinAt", "title"), as_json=False)
    printed = capsys.readouterr().out
    assert printed.count(job["id"]) == printed.count("completed") == 2
    assert printed.count("Pricing") == printed.count("review") == 2
