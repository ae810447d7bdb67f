"""How many meetings one inviter may have the bot in."""

from datetime import UTC, datetime, timedelta

from agent.rules.caps import Limits, Planned, within
from agent.rules.reconcile import Cancel, Create, Keep, Refuse

DAY = datetime(2030, 3, 11, 0, 0, tzinfo=UTC)
LINK = "https://meet.google.com/abc-defg-hij"


def create(hour: float, hours: float = 1.0) -> Create:
    start = DAY + timedelta(hours=hour)
    return Create(f"{hour:06}", start, start + timedelta(hours=hours), LINK, "")


def test_the_earliest_meetings_of_a_day_are_taken() -> None:
    *kept, refused = within([create(12), create(9), create(10)], [], Limits(2, 0))
    assert kept == [create(9), create(10)]
    assert isinstance(refused, Refuse)
    assert (refused.slots, refused.rule) == ((create(12).slot,), "joins_per_day")


def test_what_was_planned_before_counts_and_other_days_do_not() -> None:
    planned = [Planned(DAY + timedelta(hours=8), DAY + timedelta(hours=9))]
    kept = within([create(12), create(36)], planned, Limits(1, 0))
    assert [type(one).__name__ for one in kept] == ["Create", "Refuse"]
    assert kept[0] == create(36)


def test_meetings_at_the_same_time_are_counted_and_those_that_only_touch_are_not() -> None:
    decided = within([create(9), create(9.5), create(10)], [], Limits(0, 1))
    assert [one for one in decided if isinstance(one, Create)] == [create(9), create(10)]


def test_zero_means_any_number_and_other_decisions_pass() -> None:
    others = (Keep("a"), Cancel("b", "cancelled", ""))
    many = tuple(create(hour / 10) for hour in range(100))
    assert set(within((*others, *many), [], Limits(0, 0))) == {*others, *many}
    assert within(others, [], Limits(1, 1)) == others
