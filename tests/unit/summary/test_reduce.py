from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agent.summary.reduce import chunks, joined, tokens_of
from agent.summary.schema import Answer, read_answer
from tests.unit.summary.conftest import answer, entries


def meeting(lengths):
    return entries([("Host Person", "word " * length) for length in lengths])


@given(st.lists(st.integers(1, 400), min_size=1, max_size=60), st.integers(50, 2000))
def test_parts_cover_the_meeting_in_order_and_keep_to_the_budget(lengths, budget):
    said = meeting(lengths)
    parts = chunks(said, budget)
    assert {n for part in parts for n in part} == set(range(len(said)))
    assert all(a.start < b.start <= a.stop for a, b in pairwise(parts))
    for part in parts:
        size = sum(25 + tokens_of(said[n].speaker + said[n].text) for n in part)
        assert size <= budget or len(part) <= 3


def test_a_meeting_within_the_budget_is_one_part():
    assert chunks(meeting([10] * 20), 10_000) == [range(20)]


def test_dense_writing_counts_a_token_for_each_character():
    assert tokens_of("予算の承認") == 5
    assert tokens_of("budget approval") < 6


def test_joined_parts_keep_every_decision_once():
    decision = {"text": "Launch on Friday.", "agreed_by": [], "cites": [3]}
    other = {"text": "Keep the page.", "agreed_by": [], "cites": [9]}
    one, two = (
        read_answer(Answer, answer(decisions=[decision])),
        read_answer(Answer, answer(decisions=[decision, other])),
    )
    assert [one.text for one in joined([one, two]).decisions] == ["Launch on Friday.", "Keep the page."]
