"""The state table: every pair, legal or not."""

from itertools import product

import pytest

from agent.errors import Conflict
from agent.model.states import TERMINAL, State
from agent.rules.lifecycle import TABLE, check, mermaid

PAIRS = set(product(State, State))
LEGAL = {(source, target) for source, targets in TABLE.items() for target in targets}


@pytest.mark.parametrize(("source", "target"), sorted(PAIRS - LEGAL))
def test_every_move_outside_the_table_is_loud(source: State, target: State) -> None:
    with pytest.raises(Conflict, match=f"{source} cannot become {target}"):
        check(source, target)


@pytest.mark.parametrize(("source", "target"), sorted(LEGAL))
def test_every_move_of_the_table_is_allowed(source: State, target: State) -> None:
    check(source, target)


def test_every_state_has_a_row() -> None:
    assert set(TABLE) == set(State)


def test_a_completed_job_stays_completed() -> None:
    assert TABLE[State.COMPLETED] == frozenset()


def test_every_state_that_is_not_over_can_fail_and_be_cancelled() -> None:
    for state in set(State) - TERMINAL:
        assert {State.FAILED, State.CANCELLED} <= TABLE[state]


def test_every_state_can_be_reached_from_scheduled() -> None:
    reached, frontier = {State.SCHEDULED}, [State.SCHEDULED]
    while frontier:
        fresh = TABLE[frontier.pop()] - reached
        reached |= fresh
        frontier += fresh
    assert reached == set(State)


def test_the_diagram_shows_every_move() -> None:
    drawn = {tuple(line.split(" --> ")) for line in mermaid().splitlines() if " --> " in line}
    assert {(f"    {source}", str(target)) for source, target in LEGAL} <= drawn
