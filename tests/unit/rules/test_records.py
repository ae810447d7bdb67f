from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.transcript import Entry, Readiness
from agent.rules.records import (
    Growth,
    Window,
    belonging,
    in_time_order,
    overall_readiness,
    transcript_readiness,
    watched,
)

TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
SLACK = timedelta(minutes=2)


@dataclass(frozen=True)
class Record:
    started_at: datetime
    ended_at: datetime | None


def record(start_minutes: float, end_minutes: float | None) -> Record:
    end = None if end_minutes is None else TEN + timedelta(minutes=end_minutes)
    return Record(TEN + timedelta(minutes=start_minutes), end)


def window(start_minutes: float, end_minutes: float) -> Window:
    return Window(TEN + timedelta(minutes=start_minutes), TEN + timedelta(minutes=end_minutes))


MEETING = window(0, 30)


@pytest.mark.parametrize(
    ("start", "end", "taken"),
    [
        (0, 30, True),
        (-15, 45, True),
        (5, 10, True),
        (-20, 0, True),
        (30, 60, True),
        (-20, -1.9, True),
        (-20, -2.1, False),
        (32.1, 60, False),
        (-500, None, True),
        (29, None, True),
        (33, None, False),
    ],
)
def test_a_record_is_taken_when_it_overlaps_give_or_take_the_slack(start, end, taken):
    assert (belonging([record(start, end)], MEETING, [], SLACK) != []) is taken


def test_the_latest_record_is_not_preferred():
    earlier, later = record(0, 12), record(14, 30)
    assert belonging([later, earlier], MEETING, [], SLACK) == [earlier, later]


def test_a_record_between_two_occurrences_goes_to_the_one_it_overlaps():
    following = window(30, 60)
    assert belonging([record(31, 58)], MEETING, [following], SLACK) == []
    assert belonging([record(31, 58)], following, [MEETING], SLACK) == [record(31, 58)]


def test_a_record_that_overlaps_both_goes_to_the_one_that_began_nearer():
    overrun = record(1, 40)
    assert belonging([overrun], MEETING, [window(30, 60)], SLACK) == [overrun]
    assert belonging([overrun], window(30, 60), [MEETING], SLACK) == []


@given(st.lists(st.tuples(st.integers(-2000, 2000), st.integers(1, 300)), max_size=8), st.integers(2, 5))
def test_no_record_belongs_to_two_occurrences_of_a_series(spans, occurrences):
    records = [record(start, start + length) for start, length in spans]
    series = [window(n * 180, n * 180 + 30) for n in range(occurrences)]
    taken = [
        (one, n)
        for n, own in enumerate(series)
        for one in belonging(records, own, [w for w in series if w != own], SLACK)
    ]
    for one in set(records):
        starts = [n for taken_one, n in taken if taken_one == one]
        # Exactly between two beginnings a record may count for both; nowhere else.
        halfway = {abs((one.started_at - w.starts_at).total_seconds()) for w in series}
        assert len(set(starts)) <= 1 or len(halfway) < len(series)


SETTLE = 600.0


def looked_at(*looks: tuple[float, int]) -> Growth:
    """What looks at (seconds, size) show."""
    growth = None
    for seconds, size in looks:
        growth = watched(growth, size, seconds)
    assert growth
    return growth


@pytest.mark.parametrize(
    ("state", "looks", "expected"),
    [
        ("FILE_GENERATED", [(0, 0)], Readiness.READY),
        ("ENDED", [(0, 5), (300, 5), (600, 5)], Readiness.READY),
        ("ENDED", [(0, 5), (1, 5)], Readiness.PENDING),
        ("ENDED", [(n, 5) for n in range(599)], Readiness.PENDING),
        ("ENDED", [(0, 5), (9000, 5)], Readiness.PENDING),
        ("ENDED", [(0, 4), (300, 5), (600, 5)], Readiness.PENDING),
        ("ENDED", [(0, 4), (300, 5), (600, 5), (900, 5)], Readiness.READY),
        ("ENDED", [(n, 0) for n in range(0, 6000, 60)], Readiness.PENDING),
        ("STARTED", [(0, 5), (300, 5), (600, 5)], Readiness.PENDING),
        ("SOMETHING_NEW", [(0, 5), (300, 5), (600, 5)], Readiness.PENDING),
    ],
)
def test_a_transcript_is_ready_when_its_file_is_or_its_text_stood_still_for_long(state, looks, expected):
    assert transcript_readiness(state, looked_at(*looks), SETTLE) is expected


def test_a_text_that_trickles_in_is_given_twice_its_longest_pause():
    trickle = [(0, 100), (900, 110), (1200, 110), (1800, 110)]
    assert transcript_readiness("ENDED", looked_at(*trickle), SETTLE) is Readiness.PENDING
    assert transcript_readiness("ENDED", looked_at(*trickle, (2700, 110)), SETTLE) is Readiness.READY


def test_however_fast_one_looks_some_seconds_must_pass():
    fast = [(n / 10, 5) for n in range(40)]
    assert transcript_readiness("ENDED", looked_at(*fast), 0.1) is Readiness.PENDING
    assert transcript_readiness("ENDED", looked_at(*fast, (5.0, 5)), 0.1) is Readiness.READY


@given(st.integers(1, 40), st.integers(2, 300), st.floats(1, 400))
def test_no_steady_trickle_is_ever_taken_before_its_end(grown, looks, interval):
    growth = None
    for n in range(looks):
        growth = watched(growth, 1 + n // grown, n * interval)
        before_it_grew = n < grown
        if not before_it_grew:
            assert transcript_readiness("ENDED", growth, 0.0) is Readiness.PENDING


@pytest.mark.parametrize(
    ("live", "records", "transcripts", "expected"),
    [
        (False, 0, [], Readiness.NO_RECORD),
        (False, 1, [], Readiness.NEVER_STARTED),
        (True, 1, [], Readiness.PENDING),
        (True, 2, [Readiness.READY], Readiness.PENDING),
        (False, 2, [Readiness.READY, Readiness.PENDING], Readiness.PENDING),
        (False, 2, [Readiness.READY, Readiness.READY], Readiness.READY),
    ],
)
def test_all_records_together_are_as_ready_as_the_slowest(live, records, transcripts, expected):
    assert overall_readiness(live, records, transcripts) is expected


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=30))
def test_merged_entries_never_go_back_in_time(times):
    entries = [
        Entry("Host Person", "x", TEN + timedelta(seconds=a), TEN + timedelta(seconds=a + b))
        for a, b in times
    ]
    merged = in_time_order(entries)
    assert sorted(map(repr, merged)) == sorted(map(repr, entries))
    assert all(a.started_at <= b.started_at for a, b in pairwise(merged))
