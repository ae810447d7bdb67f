"""What is carried over from the last meeting of a series."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.model.summary import ActionItem
from agent.model.transcript import Entry
from agent.rules.carryover import CARRIED_MAX, LONGEST_CARRIED, spelled, unfinished

NOW = datetime(2026, 3, 9, 10, tzinfo=UTC)
LAST_WEEK = NOW - timedelta(days=7)
BUDGET = "Host Person: Send the marketing budget to finance (by Friday)"


def said(*lines: str) -> list[Entry]:
    return [Entry("Host Person", line, NOW, NOW) for line in lines]


def left(*lines: str, fresh: tuple[str, ...] = (), action: str = BUDGET) -> list[str]:
    noted = [ActionItem(text=text) for text in fresh]
    return [text for text, _ in unfinished([(action, LAST_WEEK)], said(*lines), noted, NOW)]


def test_an_action_names_who_and_by_when() -> None:
    action = ActionItem(text="Send the marketing budget to finance", owner="Host Person", due="by Friday")
    assert spelled(action) == BUDGET


def test_what_nobody_spoke_of_is_carried_over() -> None:
    assert left("Let us begin with the roadmap.") == [BUDGET]


@pytest.mark.parametrize(
    "report",
    [
        "I sent the marketing budget to finance yesterday.",
        "The marketing budget for finance is done.",
    ],
)
def test_what_was_reported_done_is_not_carried_over(report: str) -> None:
    assert left(report) == []


@pytest.mark.parametrize(
    "report",
    [
        "The marketing budget for finance is not done yet.",
        "The landing page is finished.",
        "Marketing is done talking.",
        "We should discuss the marketing budget with finance.",
    ],
)
def test_what_is_open_or_about_something_else_stays_carried_over(report: str) -> None:
    assert left(report) == [BUDGET]


def test_a_report_counts_in_other_languages_too() -> None:
    action = "Budgetplan an die Buchhaltung schicken"
    assert left("Der Budgetplan für die Buchhaltung ist erledigt.", action=action) == []


def test_what_is_noted_anew_does_not_stand_there_twice() -> None:
    assert left(fresh=("Send marketing budget to finance",)) == []


def test_nothing_is_carried_along_for_ever() -> None:
    old = NOW - LONGEST_CARRIED
    assert unfinished([(BUDGET, old)], [], [], NOW) == ()
    many = [(f"{BUDGET} {n}", LAST_WEEK) for n in range(50)]
    assert len(unfinished(many, [], [], NOW)) == CARRIED_MAX
