"""The ledger's export."""

import csv
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from agent.rules.ledger_forms import COLUMNS, as_csv

ENTRY = {
    "at": "2030-01-01T09:00:00+00:00",
    "outcome": "granted",
    "who": "Host Person",
    "words": 'yes, "go", ok',
}


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text, newline="")))


def test_every_entry_is_a_line_under_the_names():
    head, line = rows(as_csv([ENTRY]))
    assert tuple(head) == COLUMNS
    assert line == ["2030-01-01T09:00:00+00:00", "granted", "Host Person", 'yes, "go", ok', "", "", ""]


def test_words_cannot_become_a_formula():
    _, line = rows(as_csv([ENTRY | {"words": "=HYPERLINK(1)", "who": "@sum"}]))
    assert line[2:4] == ["'@sum", "'=HYPERLINK(1)"]


@given(st.text().filter(lambda text: "\x00" not in text and "\r" not in text), st.text(alphabet="a,\"'\n"))
def test_whatever_was_said_stays_one_cell(words: str, who: str):
    _, line = rows(as_csv([ENTRY | {"words": words, "who": who}]))
    assert len(line) == len(COLUMNS)
    assert line[3].removeprefix("'") in {words, words.removeprefix("'")}
