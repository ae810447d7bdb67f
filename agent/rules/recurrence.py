"""Which occurrences a series has: RRULE, RDATE and EXDATE in local time, named by the UTC instant of their original start.

Every rule is checked before it is expanded, and expansion is clipped to a window and a number of occurrences, so that no
rule runs for ever.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import chain

from dateutil.rrule import rrule, rrulestr

from agent.rules.zones import to_utc

MAX_OCCURRENCES = 200
MAX_EXTRA_DATES = 500
_MAX_INTERVAL = 999
_MAX_COUNT = 5000
_MAX_TIMES_A_DAY = 24
_LAST_YEAR = 2100
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MAX_LIST = 400  # values of one BY… part
_FREQUENCIES = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
_NUMBERS = re.compile(r"[+-]?\d{1,3}(,[+-]?\d{1,3})*")
_PARTS = {
    "BYDAY": re.compile(r"[+-]?\d{0,2}(MO|TU|WE|TH|FR|SA|SU)(,[+-]?\d{0,2}(MO|TU|WE|TH|FR|SA|SU))*"),
    "WKST": re.compile(r"MO|TU|WE|TH|FR|SA|SU"),
    **dict.fromkeys(("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"), _NUMBERS),
    **dict.fromkeys(("BYHOUR", "BYMINUTE", "BYSECOND"), _NUMBERS),
}
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")


class BadRule(ValueError):
    """The rule is broken or asks for more than a meeting needs; the text says which, for the sender."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A DATE or DATE-TIME: wall-clock time (midnight for a date) and the zone it is told in."""

    local: datetime
    zone: tzinfo
    all_day: bool = False

    @property
    def utc(self) -> datetime:
        """The instant."""
        return to_utc(self.local, self.zone)

    @property
    def slot(self) -> str:
        """The name of an occurrence that starts here; a date has the same name in every zone."""
        return slot_name(self.local.replace(tzinfo=UTC) if self.all_day else self.utc)

    def at(self, local: datetime) -> "Moment":
        """Return the same kind of moment at another wall-clock time."""
        return Moment(local, self.zone, self.all_day)


@dataclass(frozen=True, slots=True)
class Rule:
    """One checked RRULE. `text` is safe to expand and has neither COUNT nor UNTIL; `until` is local wall-clock time."""

    text: str
    count: int | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Series:
    """What makes a recurring event recur. `excluded` may hold dates, which drop every occurrence of that local day."""

    start: Moment
    rule: Rule | None = None
    added: tuple[Moment, ...] = ()
    excluded: tuple[Moment, ...] = ()


@dataclass(frozen=True, slots=True)
class Expansion:
    """The occurrences that start within the window, oldest first. `complete` is False when later ones exist, or may."""

    moments: tuple[Moment, ...]
    complete: bool


def slot_name(instant: datetime) -> str:
    """Return the name of the occurrence that starts at `instant` (aware)."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_rule(text: str, start: Moment) -> Rule:
    """Return the rule when it is sound and modest; raises `BadRule` with the reason otherwise."""
    parts = _parts(text)
    if parts.get("FREQ") not in _FREQUENCIES:
        raise BadRule(f"a meeting cannot repeat {parts.get('FREQ', 'without FREQ').lower()[:40]}")
    if parts.get("RSCALE", "GREGORIAN") != "GREGORIAN":
        raise BadRule("the meeting repeats by another calendar than the Gregorian one")
    _number(parts, "INTERVAL", 1, _MAX_INTERVAL)
    count = _number(parts, "COUNT", 1, _MAX_COUNT)
    for name, pattern in _PARTS.items():
        value = parts.get(name)
        if value is not None and (not pattern.fullmatch(value) or value.count(",") >= _MAX_LIST):
            raise BadRule(f"{name} of the recurrence rule cannot be read")
    _check_fit(parts)
    times_a_day = 1
    for name in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        times_a_day *= parts.get(name, "").count(",") + 1
    if times_a_day > _MAX_TIMES_A_DAY:
        raise BadRule("the meeting repeats too many times a day")
    until = _until(parts["UNTIL"], start) if "UNTIL" in parts else None
    kept = {"FREQ", "INTERVAL", *_PARTS} - ({"BYHOUR", "BYMINUTE", "BYSECOND"} if start.all_day else set())
    return Rule(";".join(f"{name}={value}" for name, value in parts.items() if name in kept), count, until)


def expand(series: Series, begins: datetime, ends: datetime, limit: int = MAX_OCCURRENCES) -> Expansion:
    """Return the occurrences whose start lies in [begins, ends), at most `limit`."""
    excluded = {moment.utc for moment in series.excluded if not moment.all_day}
    days = {moment.local.date() for moment in series.excluded if moment.all_day}
    first = begins.astimezone(series.start.zone).replace(tzinfo=None) - timedelta(days=1)
    last = ends.astimezone(series.start.zone).replace(tzinfo=None) + timedelta(days=1)
    found: dict[str, Moment] = {}
    complete = True
    for moment in chain(_ruled(series, last), series.added):
        if moment.zone is series.start.zone and moment.local < first:
            continue  # told without the cost of an instant: rules may begin decades ago
        if moment.utc >= ends:
            complete = False
        elif moment.utc >= begins and moment.utc not in excluded and moment.local.date() not in days:
            found[moment.slot] = moment
    moments = sorted(found.values(), key=lambda moment: moment.utc)
    open_ended = series.rule is not None and not _is_spent(series, last)
    return Expansion(tuple(moments[:limit]), complete and not open_ended and len(moments) <= limit)


def occurs_on(series: Series, day: date) -> Moment | None:
    """Return the occurrence that starts on that local day, None without one."""
    midnight = datetime.combine(day, time())
    begins = to_utc(midnight, series.start.zone)
    ends = to_utc(midnight + timedelta(days=1), series.start.zone)
    moments = expand(series, begins, ends, 1).moments
    return moments[0] if moments else None


def _ruled(series: Series, last: datetime) -> Iterator[Moment]:
    """Yield DTSTART, which always counts as the first, and what the rule gives after it, up to `last` (local time)."""
    yield series.start
    rule = series.rule
    if rule is None:
        return
    until = min(last, rule.until) if rule.until else last
    yielded = 1
    for local in _compiled(rule, series.start.local, until):
        if rule.count is not None and yielded >= rule.count:
            return
        if local > series.start.local:
            yielded += 1
            yield series.start.at(local)


def _is_spent(series: Series, last: datetime) -> bool:
    """Tell whether the rule gives nothing after `last` for sure."""
    rule = series.rule
    if rule is None or (rule.until is not None and rule.until <= last):
        return True
    return rule.count is not None and sum(1 for _ in _ruled(series, last)) >= rule.count


def _compiled(rule: Rule, start: datetime, until: datetime) -> rrule:
    try:
        compiled: rrule = rrulestr(rule.text, dtstart=start).replace(until=until)
    except (ValueError, TypeError, OverflowError) as fault:
        raise BadRule("the recurrence rule cannot be read") from fault
    return compiled


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in re.sub(r"\s+", "", text).upper().strip(";").split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name in parts:
            raise BadRule("the recurrence rule cannot be read")
        parts[name] = value
    return parts


def _check_fit(parts: dict[str, str]) -> None:
    """Refuse parts that the frequency does not take, and dates that no year has.

    Beyond being wrong, a frequent rule that never matches would be searched for until the year 9999.
    """
    frequent = parts["FREQ"] in ("DAILY", "WEEKLY")
    misfits = {"BYWEEKNO", "BYYEARDAY"} if parts["FREQ"] != "YEARLY" else set()
    misfits |= {"BYSETPOS"} if frequent else set()
    misfits |= {"BYMONTHDAY"} if parts["FREQ"] == "WEEKLY" else set()
    wrong = sorted(misfits & parts.keys())
    if wrong or (frequent and re.search(r"\d", parts.get("BYDAY", ""))):
        raise BadRule(f"{wrong[0] if wrong else 'a numbered weekday'} does not go with FREQ={parts['FREQ']}")
    if "BYMONTHDAY" in parts:
        months = [int(month) for month in parts.get("BYMONTH", "1").split(",")]
        longest = max((_LONGEST[month - 1] for month in months if 1 <= month <= 12), default=0)
        if all(not 1 <= abs(int(day)) <= longest for day in parts["BYMONTHDAY"].split(",")):
            raise BadRule("the recurrence rule names a day that its months do not have")


def _number(parts: dict[str, str], name: str, low: int, high: int) -> int | None:
    value = parts.get(name)
    if value is None:
        return None
    if not re.fullmatch(r"\d{1,9}", value) or not low <= int(value) <= high:
        raise BadRule(f"{name} of the recurrence rule must be from {low} to {high}")
    return int(value)


def _until(value: str, start: Moment) -> datetime:
    """Return UNTIL as wall-clock time of the series; a date includes its whole day."""
    match = _UNTIL.fullmatch(value)
    try:
        if not match:
            raise ValueError(value)
        day, clock, zulu = match.groups()
        if int(day[:4]) > _LAST_YEAR:  # "for ever", as some calendars say it
            return datetime(_LAST_YEAR, 12, 31)  # noqa: DTZ001 - wall-clock time
        if clock is None or start.all_day:
            return datetime.combine(datetime.strptime(day, "%Y%m%d"), time.max)  # noqa: DTZ007 - wall-clock time
        stamp = datetime.strptime(day + clock, "%Y%m%d%H%M%S")  # noqa: DTZ007 - wall-clock time
        return stamp.replace(tzinfo=UTC).astimezone(start.zone).replace(tzinfo=None) if zulu else stamp
    except (ValueError, OverflowError) as fault:
        raise BadRule("UNTIL of the recurrence rule cannot be read") from fault
