"""A weekly series and the overrides of its occurrences, as calendars write them."""

from datetime import timedelta
from typing import Any

from tests.intake_stage import MONDAY, event, stamp

OTHER = "other@example.com"
ELSEWHERE = "https://meet.google.com/xyz-defg-hij"
WEEK = timedelta(weeks=1)
HOUR = timedelta(hours=1)


def weekly(**changes: Any) -> str:
    return event(extra=["RRULE:FREQ=WEEKLY;COUNT=3"], **changes)


def instance(number: int, **changes: Any) -> str:
    """Return the override of one occurrence of `weekly`, which starts where it did unless told otherwise."""
    slot = MONDAY + number * WEEK
    return event(**{"start": slot, **changes, "extra": [f"RECURRENCE-ID:{stamp(slot)}"]})
