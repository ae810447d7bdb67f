"""What a ledger allows."""

import pytest

from agent.rules import permission


@pytest.mark.parametrize(
    ("outcomes", "stands", "may_keep"),
    [
        ([], False, False),
        (["asked", "unanswered"], False, False),
        (["asked", "granted", "asked"], True, True),
        (["announced"], True, True),
        (["granted", "withdrawn"], False, True),
        (["granted", "opted_out"], False, False),
        (["granted", "declined"], False, False),
        (["declined", "granted"], True, True),
        (["withdrawn"], False, False),
    ],
)
def test_the_last_word_counts(outcomes: list[str], stands: bool, may_keep: bool) -> None:
    assert (permission.stands(outcomes), permission.may_keep(outcomes)) == (stands, may_keep)
