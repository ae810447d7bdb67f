"""One VEVENT as a value: times resolved to zones, people and links told, and everything that could not be read named."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from icalendar import Event as Properties
from icalendar.prop import vBroken

from agent.model.invite import Attendee
from agent.rules.ical_text import TZID_PARAMETER, Event
from agent.rules.links import GOOGLE_MEET_URL, best_first
from agent.rules.recurrence import MAX_EXTRA_DATES, Moment
from agent.rules.zones import Zones

DEFAULT_DURATION = timedelta(minutes=60)
MIN_DURATION = timedelta(minutes=1)
MAX_DURATION = timedelta(hours=24)
MAX_ATTENDEES = 500
_MAX_TITLE = 300
_MAX_DESCRIPTION = 20_000
_MAX_UID = 255
_MAX_SEQUENCE = 2**63 - 1
_YEARS = range(1970, 2101)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_STRUCTURED = (
    "CONFERENCE",
    "X-GOOGLE-CONFERENCE",
    "X-MICROSOFT-SKYPETEAMSMEETINGURL",
    "X-MICROSOFT-ONLINEMEETINGCONFLINK",
    "X-MICROSOFT-ONLINEMEETINGEXTERNALLINK",
    "LOCATION",
    "URL",
    "DESCRIPTION",
    "X-ALT-DESC",
    "SUMMARY",
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one VEVENT says. `start` is None when DTSTART is missing or unreadable; `faults` are sentences for the sender."""

    uid: str
    event: Event
    start: Moment | None = None
    duration: timedelta = DEFAULT_DURATION
    recurrence_id: Moment | None = None
    this_and_future: bool = False
    is_override: bool = False
    sequence: int = 0
    stamped_at: datetime | None = None
    cancelled: bool = False
    whole_days: bool = False  # told as such by Exchange, which writes them as times from midnight to midnight
    title: str = ""
    description: str = ""
    organizer: Attendee | None = None
    attendees: tuple[Attendee, ...] = ()
    links: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    added: tuple[Moment, ...] = ()
    excluded: tuple[Moment, ...] = ()
    faults: tuple[str, ...] = field(default=())

    @property
    def rank(self) -> tuple[int, datetime]:
        """SEQUENCE, then DTSTAMP."""
        return self.sequence, self.stamped_at or datetime.min.replace(tzinfo=UTC)


def read_event(event: Event, zones: Zones, meet_url: str = GOOGLE_MEET_URL) -> Reading:
    """Read one VEVENT. Never raises for what the sender wrote."""
    faults: list[str] = [] if event.whole else ["the calendar text ends in the middle of an event"]
    try:
        properties = Properties.from_ical(event.encoded())
    except Exception:  # noqa: BLE001 - the reader meets hostile text with whatever its depths raise; the event is unreadable
        return Reading(_clean(event.first("UID"))[:_MAX_UID], event, faults=("the event cannot be read",))
    if not isinstance(properties, Properties):
        return Reading("", event, faults=("the event cannot be read",))
    times = _Times(properties, zones, faults)
    start = times.moment("DTSTART")
    is_override = "RECURRENCE-ID" in properties
    people = tuple(_people(properties, "ATTENDEE"))
    range_of = _parameter(_single(properties, "RECURRENCE-ID"), "RANGE")
    return Reading(
        uid=_clean(_text(properties, "UID"))[:_MAX_UID],
        event=event,
        start=start,
        duration=times.duration(start),
        recurrence_id=times.moment("RECURRENCE-ID"),
        this_and_future=range_of.upper() == "THISANDFUTURE",
        is_override=is_override,
        sequence=_sequence(event),
        stamped_at=times.instant("DTSTAMP") or times.instant("LAST-MODIFIED"),
        cancelled=_text(properties, "STATUS").strip().upper() == "CANCELLED",
        whole_days=event.first("X-MICROSOFT-CDO-ALLDAYEVENT").strip().upper() == "TRUE",
        title=_one_line(_text(properties, "SUMMARY"))[:_MAX_TITLE],
        description=_clean(_text(properties, "DESCRIPTION"))[:_MAX_DESCRIPTION],
        organizer=next(_people(properties, "ORGANIZER"), None),
        attendees=people[:MAX_ATTENDEES],
        links=best_first(_places(properties), meet_url),
        rules=event.values("RRULE"),
        added=times.moments("RDATE"),
        excluded=times.moments("EXDATE"),
        faults=tuple(dict.fromkeys(faults)),
    )


class _Times:
    """Reads the times of one event; each that cannot be read adds a sentence to `faults`."""

    def __init__(self, properties: Properties, zones: Zones, faults: list[str]) -> None:
        self._properties = properties
        self._zones = zones
        self._faults = faults

    def moment(self, name: str) -> Moment | None:
        """Return the single DATE or DATE-TIME of that name; None when absent or unreadable."""
        value = _single(self._properties, name)
        if value is None:
            return None
        return self._resolve(_time(value), _parameter(value, TZID_PARAMETER), name)

    def moments(self, name: str) -> tuple[Moment, ...]:
        """Return every time of a list property (of a PERIOD its start)."""
        found: list[Moment] = []
        for value in _all(self._properties, name):
            tzid = _parameter(value, TZID_PARAMETER)
            if isinstance(value, vBroken):
                self._faults.append(f"{name} cannot be read")
                continue
            for item in getattr(value, "dts", ()):
                when = item.dt[0] if isinstance(item.dt, tuple) else item.dt
                moment = self._resolve(when, tzid, name)
                if moment:
                    found.append(moment)
        if len(found) > MAX_EXTRA_DATES:
            self._faults.append(f"{name} lists more than {MAX_EXTRA_DATES} dates")
        return tuple(found[:MAX_EXTRA_DATES])

    def instant(self, name: str) -> datetime | None:
        """Return a time that only orders messages; unreadable ones are no fault of the meeting."""
        value = _time(_single(self._properties, name))
        if not isinstance(value, datetime) or value.year not in _YEARS:
            return None
        return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)

    def duration(self, start: Moment | None) -> timedelta:
        """Return how long the event lasts, in real time, from one minute to a day."""
        if start is None:
            return DEFAULT_DURATION
        end = self.moment("DTEND")
        nominal = _time(_single(self._properties, "DURATION"))
        if end is not None:
            length = end.utc - start.utc
        elif isinstance(nominal, timedelta):
            length = nominal
        else:
            length = timedelta(days=1) if start.all_day else DEFAULT_DURATION
        return min(max(length, MIN_DURATION), MAX_DURATION) if length > timedelta(0) else DEFAULT_DURATION

    def _resolve(self, value: Any, tzid: str, name: str) -> Moment | None:
        if not isinstance(value, date) or value.year not in _YEARS:
            self._faults.append(f"{name} cannot be read")
            return None
        if not isinstance(value, datetime):
            return Moment(datetime.combine(value, time()), self._zones.floating(), all_day=True)
        if value.tzinfo is not None:
            return Moment(value.astimezone(UTC).replace(tzinfo=None), UTC)
        zone: tzinfo | None = self._zones.named(tzid) if tzid else self._zones.floating()
        if zone is None:
            self._faults.append(
                f"the time zone {_clean(tzid)[:80]!r} is not known and is not described in the invitation"
            )
            return None
        return Moment(value, zone)


def _sequence(event: Event) -> int:
    """Return SEQUENCE, or Outlook's own count when SEQUENCE is absent or 0."""
    for name in ("SEQUENCE", "X-MICROSOFT-CDO-APPT-SEQUENCE"):
        value = event.first(name).strip()
        if re.fullmatch(r"\d{1,19}", value) and 0 < int(value) <= _MAX_SEQUENCE:
            return int(value)
    return 0


def _people(properties: Properties, name: str) -> Iterator[Attendee]:
    for value in _all(properties, name)[:MAX_ATTENDEES]:
        raw = re.sub(r"^mailto:", "", str(value).strip(), flags=re.IGNORECASE)
        if "@" not in raw or raw.lower().startswith(("urn:", "http")):
            raw = _parameter(value, "EMAIL")
        raw = _clean(raw).strip()
        if not re.fullmatch(r"[^\s<>\"]{1,254}@[^\s<>\"@]{1,253}", raw):
            continue
        yield Attendee(
            email=raw.lower(),
            raw=raw,
            name=_one_line(_parameter(value, "CN"))[:200],
            partstat=_clean(_parameter(value, "PARTSTAT")).upper()[:40] or "NEEDS-ACTION",
            rsvp=_parameter(value, "RSVP").upper() == "TRUE",
            no_reply=_parameter(value, "RSVP").upper() == "FALSE",
        )


def _places(properties: Properties) -> Iterator[str]:
    """Yield the texts that may hold the meeting link, best place first."""
    for name in _STRUCTURED:
        for value in _all(properties, name):
            yield str(value)
            yield _parameter(value, "ALTREP")


def _all(properties: Properties, name: str) -> list[Any]:
    value = properties.get(name)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _single(properties: Properties, name: str) -> Any:
    return next(iter(_all(properties, name)), None)


def _time(value: Any) -> Any:
    """Return the date, time or duration of a property, None when there is none; broken ones raise at a look."""
    return None if isinstance(value, vBroken) else getattr(value, "dt", None)


def _text(properties: Properties, name: str) -> str:
    value = _single(properties, name)
    return "" if value is None else str(value)


def _parameter(value: Any, name: str) -> str:
    """Return a parameter of a property as text; of a repeated one the first."""
    found = getattr(value, "params", {}).get(name, "")
    if isinstance(found, list | tuple):
        found = found[0] if found else ""
    return str(found)


def _clean(text: str) -> str:
    return _CONTROLS.sub("", text)


def _one_line(text: str) -> str:
    return " ".join(_clean(text).split())
