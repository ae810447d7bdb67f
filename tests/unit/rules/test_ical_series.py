"""Series as real senders write them: exceptions, cancelled occurrences, added and excluded dates."""

from datetime import timedelta

import pytest

from tests.unit.rules.written_ical import (
    NOW,
    event,
    instance,
    read,
    starts,
    weekly,
)


def test_a_series_has_its_occurrences_named_by_their_original_start():
    found = read(weekly())
    assert found.recurring
    assert [slot.slot for slot in found.slots] == [
        f"2026-{day}T09:00:00Z" for day in ("11-23", "11-30", "12-07")
    ]
    assert found.expanded_until is None


@pytest.mark.parametrize(
    "recurrence_id",
    [":20261130T090000Z", ";TZID=Europe/Berlin:20261130T100000", ";TZID=America/New_York:20261130T040000",
     ";VALUE=DATE:20261130", ":20261130T100000"],
)  # fmt: skip
def test_an_exception_replaces_its_occurrence_however_it_is_told(recurrence_id):
    found = read(weekly(), instance(recurrence_id))
    assert starts(found) == ["11-23T09:00", "12-01T12:00", "12-07T09:00"]
    assert found.slots[1].slot == "2026-11-30T09:00:00Z"
    assert found.recurrence_ids == ("2026-11-30T09:00:00Z",)


def test_of_two_exceptions_for_one_occurrence_the_newer_counts():
    old = instance(":20261130T090000Z", "SEQUENCE:1", start="20261201T100000Z")
    new = instance(":20261130T090000Z", "SEQUENCE:2", start="20261201T120000Z")
    for parts in ((weekly(), old, new), (new, old, weekly())):
        assert starts(read(*parts))[1] == "12-01T12:00"


def test_a_cancelled_exception_is_told_as_cancelled():
    found = read(weekly(), instance(":20261130T090000Z", "STATUS:CANCELLED"))
    assert [slot.cancelled for slot in found.slots] == [False, True, False]


def test_excluded_and_added_dates():
    found = read(weekly("EXDATE:20261130T090000Z", "RDATE:20261125T090000Z,20261126T090000Z"))
    assert starts(found) == ["11-23T09:00", "11-25T09:00", "11-26T09:00", "12-07T09:00"]


def test_this_and_future_moves_the_rest_and_keeps_their_names():
    change = instance(
        ";RANGE=THISANDFUTURE:20261130T090000Z", start="20261130T110000Z", end="20261130T113000Z"
    )
    found = read(weekly(), change)
    assert found.this_and_future
    assert starts(found) == ["11-23T09:00", "11-30T11:00", "12-07T11:00"]
    assert found.slots[2].slot == "2026-12-07T09:00:00Z"
    assert found.slots[2].ends_at - found.slots[2].starts_at == timedelta(minutes=30)


def test_a_series_is_expanded_only_up_to_the_horizon():
    found = read(event("RRULE:FREQ=DAILY"))
    assert len(found.slots) == 90
    assert found.expanded_until == NOW + timedelta(days=90)


def test_a_rule_that_cannot_be_read_does_not_make_a_single_meeting():
    found = read(event("RRULE:FREQ=DAILY;INTERVAL=0"))
    assert found.slots == ()
    assert found.only_instances
    assert "INTERVAL" in found.broken[0]
