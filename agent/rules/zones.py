"""Which time zone a TZID means: IANA name, Windows name, vendor path, the object's own VTIMEZONE, then the defaults.

Nothing here is remembered between calls: a definition that one sender gave never touches another sender's times.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from icalendar import Timezone
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

# Names that Windows has and the library's mapping lacks, and names that Outlook and Domino wrote for people.
_MORE_NAMES = {
    "Alberta Standard Time": "America/Edmonton",
    "British Columbia Standard Time": "America/Vancouver",
    "Manitoba Standard Time": "America/Winnipeg",
    "tzone://Microsoft/Utc": "UTC",
    "Coordinated Universal Time": "UTC",
    "Greenwich Mean Time": "Europe/London",
    "Z": "UTC",
    "GMT": "UTC",
    "Arizona": "America/Phoenix",
    "Western/Central Europe": "Europe/Berlin",
    **{
        f"{prefix}{zone}{suffix}": name
        for zone, name in (
            ("Pacific", "America/Los_Angeles"),
            ("Mountain", "America/Denver"),
            ("Central", "America/Chicago"),
            ("Eastern", "America/New_York"),
        )
        for prefix, suffix in (("US-", ""), ("", " Time"), ("", " Time (US & Canada)"))
    },
    "Atlantic Time (Canada)": "America/Halifax",
}
_REGIONS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
_OFFSET_LABEL = re.compile(r"^\((?:UTC|GMT)\s*(?:[+-]\d{1,2}[:.]?\d{2})?\)\s*(?P<city>.+)$", re.IGNORECASE)
_BARE_OFFSET = re.compile(
    r"^\(?(?:UTC|GMT)\s*(?P<sign>[+-])(?P<hours>\d{1,2})[:.]?(?P<minutes>\d{2})?\)?$", re.IGNORECASE
)
_RULE_LINE = re.compile(r"^RRULE[^:\n]*:(.*)$", re.MULTILINE | re.IGNORECASE)
_MAX_DEFINITION = 64 * 1024


@dataclass(frozen=True)
class Zones:
    """The zones of one calendar object. `defined` maps TZID to the text of its VTIMEZONE; `fallback` serves floating times."""

    defined: Mapping[str, str] = field(default_factory=dict)
    fallback: str = "UTC"
    calendar_zone: str = ""  # X-WR-TIMEZONE

    def named(self, tzid: str) -> tzinfo | None:
        """Return the zone that `tzid` means here, None when nothing tells."""
        name = iana_name(tzid)
        if name:
            return ZoneInfo(name)
        if tzid in self.defined:
            return _from_definition(self.defined[tzid])
        bare = _BARE_OFFSET.match(tzid.strip())
        if bare:
            return _fixed(bare["sign"], bare["hours"], bare["minutes"])
        return None

    def floating(self) -> tzinfo:
        """Return the zone for times that name none."""
        return ZoneInfo(iana_name(self.calendar_zone) or iana_name(self.fallback) or "UTC")


def iana_name(tzid: str) -> str:
    """Return the IANA name for an IANA, Windows or vendor-prefixed `tzid` in any case, '' when there is none."""
    name = tzid.strip().strip('"').strip("/")
    if not name or len(name) > 200:
        return ""
    label = _OFFSET_LABEL.match(name)
    plain = (label["city"] if label else name).strip().replace(" and ", " & ")
    return _names().get(name.lower()) or _names().get(plain.lower()) or _by_suffix(name) or _by_city(plain)


def _by_suffix(name: str) -> str:
    """Take `/vendor/20231215_1/Europe/Berlin` for its longest suffix that is a name, of at least two segments."""
    segments = name.split("/")
    for start in range(1, len(segments) - 1):
        known = _names().get("/".join(segments[start:]).lower())
        if known:
            return known
    return ""


def _by_city(name: str) -> str:
    """Take `Bangkok, Hanoi, Jakarta`, as Windows shows zones to people, for the zone of the first city that has one."""
    cities = [
        part.strip().lower().replace(" ", "_")
        for part in name.partition(":")[2 if ":" in name else 0].split(",")
    ]
    if len(cities) < 2:
        return ""
    return next((_cities()[city] for city in cities if city in _cities()), "")


@cache
def _cities() -> dict[str, str]:
    """Return the zone of every city that gives its name to one."""
    zones = sorted(name for name in available_timezones() if name.startswith(_REGIONS))
    return {zone.rpartition("/")[2].lower(): zone for zone in zones}


@cache
def _names() -> dict[str, str]:
    """Return every known name in lower case with what it stands for."""
    names = {name.lower(): name for name in {*WINDOWS_TO_OLSON.values(), *available_timezones()}}
    windows = {**WINDOWS_TO_OLSON, **_MORE_NAMES}
    return names | {name.lower(): iana for name, iana in windows.items()} | {"utc": "UTC"}


def _fixed(sign: str, hours: str, minutes: str | None) -> tzinfo | None:
    delta = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if delta >= timedelta(hours=24):
        return None
    return timezone(delta if sign == "+" else -delta)


def _from_definition(text: str) -> tzinfo | None:
    """Build the zone that a VTIMEZONE describes; an IANA name within it (X-LIC-LOCATION) goes first."""
    location = re.search(r"^X-LIC-LOCATION[^:\n]*:(.+)$", text, re.MULTILINE | re.IGNORECASE)
    name = iana_name(location[1]) if location else ""
    if name:
        return ZoneInfo(name)
    if len(text) > _MAX_DEFINITION or not all(map(_is_yearly, _RULE_LINE.findall(text))):
        return None
    try:
        component = Timezone.from_ical(text.encode())
        if not isinstance(component, Timezone):
            return None
        zone: tzinfo = component.to_tz(lookup_tzid=False)
        zone.utcoffset(datetime(2024, 7, 1))  # noqa: DTZ001 - probes whether the definition can be evaluated
    except Exception:  # noqa: BLE001 - the definition is the sender's text; any failure of it means "tells nothing"
        return _only_offset(text)
    return zone


def _is_yearly(rule: str) -> bool:
    """Tell whether a rule of a VTIMEZONE is of the only kind real ones have; others can be made to run for ever."""
    parts = dict(part.partition("=")[::2] for part in rule.upper().replace(" ", "").split(";"))
    once = all("," not in parts.get(name, "") for name in ("BYHOUR", "BYMINUTE", "BYSECOND"))
    return parts.get("FREQ") == "YEARLY" and parts.get("INTERVAL", "1") == "1" and once


def _only_offset(text: str) -> tzinfo | None:
    """Use the one offset of a definition whose rules cannot be read; with two different ones it tells nothing."""
    offsets = set(re.findall(r"^TZOFFSETTO:([+-]?)(\d{2}):?(\d{2})\s*$", text, re.MULTILINE))
    if len(offsets) != 1:
        return None
    sign, hours, minutes = offsets.pop()
    return _fixed(sign or "+", hours, minutes)


def to_utc(local: datetime, zone: tzinfo) -> datetime:
    """Return the instant of a wall-clock time; in a gap the offset before it counts, in a fold the first pass."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)
