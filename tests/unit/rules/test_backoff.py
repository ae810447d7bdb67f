from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.rules.backoff import (
    HOOK_WAITS_SECONDS,
    MAIL_WAITS_SECONDS,
    Next,
    Verdict,
    after_hook,
    after_mail,
    endpoint_is_dead,
    next_look,
    next_place,
)

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
MIDDLE = 0.5  # no jitter
fractions = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_delivers(status):
    assert after_hook(1, status, MIDDLE) == Next(Verdict.DELIVERED)


@pytest.mark.parametrize("status", [0, 100, 199, 301, 307, 400, 401, 404, 429, 500, 503, 599])
def test_everything_else_is_tried_again_redirects_included(status):
    assert after_hook(1, status, MIDDLE) == Next(Verdict.RETRY, 5)


def test_the_schedule_is_that_of_standard_webhooks():
    waits = [after_hook(attempt, 500, MIDDLE).wait_seconds for attempt in range(1, 10)]

    assert waits == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert timedelta(seconds=sum(waits)) == timedelta(hours=75, minutes=35, seconds=5)


def test_the_tenth_failure_is_the_last():
    assert after_hook(10, 500, MIDDLE) == Next(Verdict.GIVEN_UP)


def test_gone_disables_the_endpoint_at_once():
    assert after_hook(1, 410, MIDDLE).verdict is Verdict.ENDPOINT_GONE


@given(attempt=st.integers(1, 9), fraction=fractions)
def test_jitter_stays_within_ten_percent(attempt, fraction):
    wait = HOOK_WAITS_SECONDS[attempt - 1]

    assert wait * 0.9 <= after_hook(attempt, 500, fraction).wait_seconds <= wait * 1.1


def test_retry_after_is_honoured_when_it_asks_for_more():
    assert after_hook(1, 429, MIDDLE, retry_after_seconds=90).wait_seconds == 90


def test_retry_after_does_not_make_us_come_sooner():
    assert after_hook(2, 503, MIDDLE, retry_after_seconds=1).wait_seconds == 300


def test_an_absurd_retry_after_costs_a_day_at_most():
    assert after_hook(1, 429, MIDDLE, retry_after_seconds=10**9).wait_seconds == 86_400


def test_mail_is_tried_for_a_day_and_then_given_up():
    attempts = len(MAIL_WAITS_SECONDS)
    total = sum(after_mail(attempt, True, MIDDLE).wait_seconds for attempt in range(1, attempts + 1))

    assert timedelta(hours=23) < timedelta(seconds=total) <= timedelta(hours=24)
    assert after_mail(attempts + 1, True, MIDDLE).verdict is Verdict.GIVEN_UP


def test_mail_refused_for_good_is_not_tried_again():
    assert after_mail(1, False, MIDDLE) == Next(Verdict.GIVEN_UP)


@pytest.mark.parametrize(
    ("failing_since", "dead"),
    [
        (None, False),
        (NOW - timedelta(days=4, hours=23), False),
        (NOW - timedelta(days=5), True),
        (NOW - timedelta(days=50), True),
    ],
)
def test_five_days_without_success_end_an_endpoint(failing_since, dead):
    assert endpoint_is_dead(failing_since, NOW) is dead


def test_looks_follow_the_list_and_repeat_its_last():
    waits = [next_look([60, 120, 300], looks, 0, 10) for looks in range(5)]

    assert waits == [60, 120, 300, 300, 300]


def test_the_last_look_falls_on_the_end_of_the_wait():
    assert next_look([600], 3, waited_seconds=3_500, wait_hours=1) == 100
    assert next_look([600], 4, waited_seconds=3_600, wait_hours=1) is None


def test_fractions_of_hours_count():
    assert next_look([1], 0, waited_seconds=0, wait_hours=0.001) == 1
    assert next_look([1], 4, waited_seconds=3.6, wait_hours=0.001) is None


@given(polls=st.lists(st.floats(0.5, 900), min_size=1, max_size=5), hours=st.floats(0.01, 1))
def test_looking_ends_and_never_after_the_wait(polls, hours):
    waited, looks = 0.0, 0
    while (wait := next_look(polls, looks, waited, hours)) is not None:
        assert wait > 0
        waited, looks = waited + wait, looks + 1

    assert waited == pytest.approx(hours * 3600)


def test_waits_for_a_place_double_up_to_half_a_minute():
    waited, waits = 0.0, []
    for _ in range(6):
        waits.append(next_place(waited, 5.0))
        waited += waits[-1]
    assert waits == [5, 5, 10, 20, 30, 30]
