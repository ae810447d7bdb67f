from datetime import UTC, datetime, timedelta

import pytest

from agent.rules.lockout import Limit, Tally, counted, sender, wait_seconds

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LIMIT = Limit("sign-in", 3, timedelta(minutes=15))


def test_there_is_room_until_the_limit_and_again_after_the_window():
    tally = None
    for number in range(3):
        assert wait_seconds(LIMIT, tally, NOW) == 0
        tally = counted(LIMIT, tally, NOW + timedelta(minutes=number))
    assert wait_seconds(LIMIT, tally, NOW + timedelta(minutes=5)) == 600
    assert wait_seconds(LIMIT, tally, NOW + timedelta(minutes=15)) == 0


def test_a_window_that_is_over_begins_anew():
    old = Tally(3, NOW)
    assert counted(LIMIT, old, NOW + timedelta(minutes=15)) == Tally(1, NOW + timedelta(minutes=15))
    assert counted(LIMIT, old, NOW + timedelta(minutes=14)) == Tally(4, NOW)


@pytest.mark.parametrize(
    ("address", "counted_under"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_who_has_a_network_of_addresses_is_one_sender(address, counted_under):
    assert sender(address) == counted_under
