"""A machine whose clock is wrong goes by the house's."""

from datetime import UTC, datetime, timedelta

from agent.daemon.clock import SystemClock
from agent.lifecycle.remote.house_clock import HouseClock


def test_a_clock_that_is_off_is_put_right() -> None:
    clock = HouseClock(SystemClock())
    truth = datetime.now(UTC) + timedelta(minutes=7)
    clock.hear(truth)
    assert abs(clock.now() - truth) < timedelta(minutes=1)


def test_what_the_wire_takes_moves_no_clock() -> None:
    clock = HouseClock(SystemClock())
    clock.hear(datetime.now(UTC) - timedelta(seconds=1.5))
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)
