"""Which lines speak of what is asked."""

from agent.rules.retrieval import relevant, with_neighbours
from agent.rules.terms import shared, terms

LINES = (
    "Good morning everyone.",
    "The price of the basic plan goes up in May.",
    "What about the discount for resellers?",
    "No discount any more, we agreed on that in April.",
    "来月の価格は十二ユーロです。",
)


def test_lines_that_share_rare_words_with_the_question_come_first() -> None:
    assert relevant("What was agreed about a reseller discount?", LINES, 2) == [3, 4]


def test_forms_of_a_word_are_one_word() -> None:
    assert relevant("prices of plans", LINES, 1) == [2]


def test_writing_without_spaces_is_found_by_its_parts() -> None:
    assert relevant("価格はいくらですか", LINES, 1) == [5]


def test_a_question_about_something_else_finds_nothing() -> None:
    assert relevant("Who won the football match?", LINES, 5) == []
    assert relevant("", LINES, 5) == []
    assert relevant("price", (), 5) == []


def test_neighbours_stay_within_the_meeting_and_come_once() -> None:
    assert with_neighbours([1, 3], 1, 5) == [1, 2, 3, 4]


def test_common_words_carry_no_meaning() -> None:
    assert terms("What will they do with that?") == []
    assert shared("", "anything") == 0.0
