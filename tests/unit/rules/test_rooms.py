"""Whose bot a room has, when one meeting comes after the other."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.rules.rooms import follows, gives_way

TEN = datetime(2030, 3, 4, 10, tzinfo=UTC)
ELEVEN = TEN + timedelta(hours=1)


@pytest.mark.parametrize(
    ("before_ends_at", "starts_at", "expected"),
    [
        (ELEVEN, ELEVEN, True),
        (ELEVEN, ELEVEN + timedelta(minutes=5), True),
        (ELEVEN, ELEVEN - timedelta(seconds=1), False),
        (None, ELEVEN, False),
    ],
)
def test_only_a_meeting_after_the_planned_end_is_the_next_one(
    before_ends_at: datetime | None, starts_at: datetime, expected: bool
) -> None:
    assert follows(before_ends_at, starts_at) is expected


def test_the_room_is_given_up_when_its_time_is_over_and_no_earlier() -> None:
    assert not gives_way(ELEVEN, ELEVEN, ELEVEN - timedelta(seconds=1))
    assert gives_way(ELEVEN, ELEVEN, ELEVEN)


def test_a_bot_whose_meeting_goes_on_stays_however_late_it_is() -> None:
    assert not gives_way(ELEVEN, TEN, ELEVEN + timedelta(hours=3))
    assert not gives_way(None, ELEVEN, ELEVEN + timedelta(hours=3))
