from datetime import UTC, datetime, timedelta

from agent.rules.tallies import Prices, Visit, figures

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SINCE, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC)


def visit(outcome="everyone_left", knocked=0.0, minutes=10, failed=False):
    return Visit(
        planned_at=NOON,
        outcome=outcome,
        ended=True,
        failed=failed,
        knocked_at=None if knocked is None else NOON + timedelta(seconds=knocked),
        admitted_at=None if failed else NOON,
        left_at=NOON + timedelta(minutes=minutes),
        has_transcript=not failed,
    )


def test_every_day_of_the_span_is_there_also_empty_ones():
    found = figures(SINCE, UNTIL, [], [], {})
    assert [day.day.day for day in found.days] == [1, 2, 3]
    assert found.on_time_share is None


def test_visits_are_summed_on_their_day_and_by_outcome():
    found = figures(SINCE, UNTIL, [visit(), visit(minutes=20), visit("lobby_timeout", failed=True)], [], {})
    day = found.days[1]
    assert (day.bots, day.failed, day.minutes, day.transcripts) == (3, 1, 30.0, 2)
    assert found.outcomes == {"everyone_left": 2, "lobby_timeout": 1}
    assert (found.ended, found.admitted) == (3, 2)


def test_on_time_is_within_half_a_minute_either_way():
    seen = [visit(knocked=seconds) for seconds in (-31, -30, 0, 30, 31)] + [visit(knocked=None)]
    found = figures(SINCE, UNTIL, seen, [], {})
    assert (found.on_time, found.knocked, found.on_time_share) == (3, 5, 0.6)


def test_tokens_and_requests_are_counted_and_cost_by_the_million():
    found = figures(SINCE, UNTIL, [], [(NOON, 2_000_000, 500_000)], {"2026-03-03": (9, 2)})
    assert (found.total("input_tokens"), found.days[2].requests, found.days[2].errors) == (2_000_000, 9, 2)
    assert Prices(input=0.5, output=2.0).cost(2_000_000, 500_000) == 2.0
