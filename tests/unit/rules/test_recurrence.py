"""Which occurrences a series has, against a slow and obvious count of days."""
# ruff: noqa: DTZ001 - wall-clock times are what these tests are about

import calendar
import contextlib
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from agent.rules.recurrence import BadRule, Moment, Series, check_rule, expand, occurs_on

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
START = datetime(2026, 1, 5, 9)  # a Monday


def series(rule, start=START, zone=BERLIN, **more):
    first = Moment(start, zone)
    return Series(first, check_rule(rule, first), **more)


def locals_of(one, days=90, since=None):
    begins = since or one.start.utc
    return [moment.local for moment in expand(one, begins, begins + timedelta(days=days)).moments]


def brute(start, freq, interval, byday, count, until, days):
    """Count days one by one, as a person with a wall calendar would."""
    found = [start]
    monday = start - timedelta(days=start.weekday())
    for offset in range(1, days):
        day = start + timedelta(days=offset)
        if freq == "DAILY":
            hit = offset % interval == 0 and (not byday or DAYS[day.weekday()] in byday)
        elif freq == "WEEKLY":
            weeks = (day - monday).days // 7
            hit = weeks % interval == 0 and DAYS[day.weekday()] in (byday or [DAYS[start.weekday()]])
        else:
            months = (day.year - start.year) * 12 + day.month - start.month
            hit = months % interval == 0 and day.day == start.day
        if hit and (until is None or day <= until) and (count is None or len(found) < count):
            found.append(day)
    return found


@settings(max_examples=200, deadline=None)
@given(
    start=st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31)).map(
        lambda d: d.replace(microsecond=0, second=0)
    ),
    freq=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]),
    interval=st.integers(1, 5),
    byday=st.lists(st.sampled_from(DAYS), unique=True, max_size=4),
    count=st.none() | st.integers(1, 60),
    last=st.none() | st.integers(0, 200),
    days=st.integers(1, 180),
)
def test_expansion_agrees_with_counting_days(start, freq, interval, byday, count, last, days):
    byday = byday if freq != "MONTHLY" else []
    until = start + timedelta(days=last) if last is not None else None
    parts = [f"FREQ={freq}", f"INTERVAL={interval}"]
    parts += [f"BYDAY={','.join(byday)}"] if byday else []
    parts += [f"COUNT={count}"] if count else []
    parts += [f"UNTIL={until:%Y%m%dT%H%M%S}"] if until else []
    one = Series(Moment(start, UTC), check_rule(";".join(parts), Moment(start, UTC)))
    begins = start.replace(tzinfo=UTC)
    found = expand(one, begins, begins + timedelta(days=days), 1000)
    wanted = brute(start, freq, interval, byday, count, until, days)
    assert [moment.local for moment in found.moments] == wanted


@settings(max_examples=60, deadline=None)
@given(
    freq=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    interval=st.integers(1, 4),
    month_day=st.none() | st.integers(1, 31),
    weekday=st.none() | st.sampled_from(["MO", "2TU", "-1FR"]),
    count=st.integers(1, 30),
    zone=st.sampled_from([BERLIN, NEW_YORK]),
    hour=st.integers(0, 23),
)
def test_expansion_agrees_with_another_implementation(freq, interval, month_day, weekday, count, zone, hour):
    rule = f"FREQ={freq};INTERVAL={interval};COUNT={count}"
    if freq in ("MONTHLY", "YEARLY") and weekday:
        rule += f";BYDAY={weekday}"
    elif freq == "MONTHLY" and month_day:
        rule += f";BYMONTHDAY={month_day}"
    start = datetime(2026, 1, 5, hour, 30)
    one = series(rule, start, zone)
    begins, ends = one.start.utc, one.start.utc + timedelta(days=700)
    ours = [moment.utc for moment in expand(one, begins, ends, 1000).moments]
    text = "\r\n".join(
        [
            *("BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:x", f"DTSTART;TZID={zone.key}:{start:%Y%m%dT%H%M%S}"),
            *("DURATION:PT30M", f"RRULE:{rule}", "END:VEVENT", "END:VCALENDAR", ""),
        ]
    )
    others = recurring_ical_events.of(Calendar.from_ical(text.encode())).between(begins, ends)
    theirs = sorted({event.start.astimezone(UTC) for event in others})
    in_rule = set(theirs) == set(ours)
    assume(in_rule or len(ours) == count)  # the other one counts a DTSTART outside its rule beyond COUNT
    assert set(ours) <= set(theirs)


def test_wall_clock_time_stays_over_a_change_of_the_clocks():
    one = series("FREQ=WEEKLY;COUNT=3", datetime(2026, 3, 22, 9))
    begins = one.start.utc
    assert [m.utc.hour for m in expand(one, begins, begins + timedelta(days=30)).moments] == [8, 7, 7]


def test_an_occurrence_in_the_gap_happens_once_and_later():
    one = series("FREQ=DAILY;COUNT=3", datetime(2026, 3, 28, 2, 30))
    moments = expand(one, one.start.utc, one.start.utc + timedelta(days=9)).moments
    assert [f"{m.utc:%dT%H:%M}" for m in moments] == ["28T01:30", "29T01:30", "30T00:30"]


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20260119T080000Z", 19),  # exactly the start of the third, in UTC
        ("20260119T075959Z", 12),
        ("20260119", 19),  # a date includes its day
        ("20260119T090000", 19),
        ("20260118", 12),
    ],
)
def test_until_ends_the_series_after_the_right_occurrence(until, last):
    assert locals_of(series(f"FREQ=WEEKLY;UNTIL={until}"))[-1].day == last


def test_for_ever_is_taken_for_what_it_means():
    assert len(locals_of(series("FREQ=WEEKLY;UNTIL=99991231T235959Z"))) == 13


def test_the_first_occurrence_counts_even_outside_the_rule():
    assert [d.day for d in locals_of(series("FREQ=WEEKLY;BYDAY=TU;COUNT=3"))] == [5, 6, 13]


def test_spaces_within_a_rule_are_forgiven():
    assert [d.day for d in locals_of(series("FREQ=WEEKLY; BYDAY=MO, TU;COUNT=3"))] == [5, 6, 12]


@pytest.mark.parametrize(
    "excluded",
    [
        Moment(datetime(2026, 1, 12, 9), BERLIN),
        Moment(datetime(2026, 1, 12, 8), UTC),
        Moment(datetime(2026, 1, 12, 3), NEW_YORK),
        Moment(datetime(2026, 1, 12), UTC, all_day=True),
    ],
)
def test_an_excluded_occurrence_is_found_however_it_is_told(excluded):
    assert [d.day for d in locals_of(series("FREQ=WEEKLY;COUNT=3", excluded=(excluded,)))] == [5, 19]


def test_added_dates_join_the_series_once():
    extra = Moment(datetime(2026, 1, 7, 15), BERLIN)
    double = Moment(datetime(2026, 1, 12, 8), UTC)
    assert [d.day for d in locals_of(series("FREQ=WEEKLY;COUNT=2", added=(extra, double)))] == [5, 7, 12]


def test_an_expansion_says_whether_more_is_to_come():
    def complete(one, days):
        return expand(one, one.start.utc, one.start.utc + timedelta(days=days)).complete

    assert complete(series("FREQ=WEEKLY;COUNT=3"), 30)
    assert not complete(series("FREQ=WEEKLY;COUNT=30"), 30)
    assert not complete(series("FREQ=WEEKLY"), 30)
    assert complete(series("FREQ=WEEKLY;UNTIL=20260112"), 30)
    assert not complete(series("FREQ=DAILY;COUNT=300"), 600)


def test_a_limit_keeps_the_first_ones():
    moments = expand(
        series("FREQ=DAILY"), datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    ).moments
    assert len(moments) == 200
    assert moments[0].local == START


def test_an_occurrence_is_found_by_its_local_day():
    late = series("FREQ=WEEKLY", datetime(2026, 1, 5, 23), NEW_YORK)
    assert occurs_on(late, datetime(2026, 1, 12).date()).utc == datetime(2026, 1, 13, 4, tzinfo=UTC)
    assert occurs_on(late, datetime(2026, 1, 13).date()) is None


def test_slots_are_named_by_their_instant_and_days_by_their_date():
    assert Moment(START, BERLIN).slot == "2026-01-05T08:00:00Z"
    assert Moment(datetime(2026, 1, 5), BERLIN, all_day=True).slot == "2026-01-05T00:00:00Z"


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "W1 MO #0",
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;INTERVAL=5",
        "FREQ=HOURLY",
        "FREQ=FORTNIGHTLY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;INTERVAL=1000",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=5001",
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=DAILY;UNTIL=20261399",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=DAILY;BYSETPOS=2",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTHDAY=" + ",".join(["1"] * 500),
        "FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=0,10,20,30,40",
        "FREQ=DAILY;FREQ=WEEKLY",
        "RSCALE=CHINESE;FREQ=YEARLY",
        "FREQ=WEEKLY;BYDAY",
    ],
)
def test_a_rule_that_is_broken_or_immodest_is_refused(rule):
    with pytest.raises(BadRule):
        series(rule)


@pytest.mark.parametrize(
    "rule",
    ["FREQ=DAILY", "FREQ=DAILY;INTERVAL=7;BYDAY=TU", "FREQ=WEEKLY;INTERVAL=2;BYMONTH=13", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=9",
     "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6", "FREQ=YEARLY;BYYEARDAY=366;BYMONTH=3"],
)  # fmt: skip
def test_a_rule_takes_little_time_even_from_1970_and_without_a_match(rule):
    one = series(rule, datetime(1970, 1, 1, 9))
    began = time.process_time()
    with contextlib.suppress(BadRule):
        expand(one, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    assert time.process_time() - began < 2


def test_the_29th_of_february_comes_every_fourth_year():
    one = series("FREQ=YEARLY", datetime(2024, 2, 29, 9))
    found = expand(one, one.start.utc, datetime(2033, 1, 1, tzinfo=UTC)).moments
    assert [m.local.year for m in found] == [year for year in range(2024, 2033) if calendar.isleap(year)]
