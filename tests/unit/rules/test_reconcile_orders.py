"""Messages in any order, and more than once: the same jobs."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rules.known_and_fresh import (
    HOUR,
    NINE,
    WEEK,
    after,
    live,
    one,
    single,
    weekly,
)

SIX = (
    weekly(),
    weekly(stamped=2, first=NINE),
    one(NINE + WEEK, NINE + WEEK + HOUR, stamped=3),
    one(NINE + 2 * WEEK, method="CANCEL", sequence=1, stamped=4),
    weekly(sequence=1, stamped=5, without=(NINE + 3 * WEEK,)),
    one(NINE, NINE + 2 * HOUR, sequence=1, stamped=6),
)
SIX_WITH_END = (
    *SIX[:3],
    single(method="CANCEL", sequence=2, stamped=7),
    weekly(sequence=3, stamped=8),
    SIX[5],
)
SIX_ODD = (
    weekly(),
    weekly(first=NINE + HOUR, sequence=1, stamped=-5),
    one(NINE + WEEK, NINE + WEEK + HOUR, stamped=3),
    one(NINE + WEEK, NINE + WEEK + 2 * HOUR, sequence=4, stamped=-9),
    one(NINE + WEEK, method="CANCEL", sequence=2),
    one(NINE + timedelta(days=1), method="ADD", sequence=1, stamped=2),
)


@pytest.mark.parametrize("messages", [SIX, SIX_WITH_END, SIX_ODD])
def test_all_720_orders_of_six_messages_give_the_same_jobs(messages):
    ends = {tuple(live(after(*order))) for order in permutations(messages)}
    assert len(ends) == 1
    assert ends != {()}


@pytest.mark.parametrize("messages", [SIX, SIX_WITH_END, SIX_ODD])
def test_repeats_change_nothing(messages):
    assert live(after(*messages, *messages, *reversed(messages))) == live(after(*messages))


MESSAGES = st.one_of(
    st.builds(
        weekly,
        st.integers(1, 4),
        st.sampled_from([NINE, NINE + HOUR, NINE + timedelta(days=1)]),
        sequence=st.integers(0, 2),
        stamped=st.integers(0, 3),
    ),
    st.builds(
        one,
        st.sampled_from([NINE, NINE + WEEK, NINE + HOUR]),
        st.sampled_from([None, NINE + 2 * HOUR]),
        method=st.sampled_from(["REQUEST", "CANCEL", "ADD"]),
        sequence=st.integers(0, 2),
        stamped=st.integers(0, 3),
        this_and_future=st.booleans(),
    ),
    st.builds(
        single,
        method=st.sampled_from(["REQUEST", "CANCEL"]),
        sequence=st.integers(0, 2),
        stamped=st.integers(0, 3),
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(MESSAGES, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_any_messages_in_any_order_give_the_same_jobs_and_never_two_for_one_slot(messages, random):
    shuffled = list(messages)
    random.shuffle(shuffled)
    assert live(after(*messages)) == live(after(*shuffled))
