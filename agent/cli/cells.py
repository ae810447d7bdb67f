"""Values as a person reads them in a table."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def words(name: str) -> str:
    """Return the name of a field as words: `meetingUrl` and `meeting_url` are both `meeting url`."""
    return HUMP.sub(" ", name).replace("_", " ").lower()


def cell(value: Any, *, seconds: bool = False) -> str:
    """Return a value as text: instants to the minute in this machine's time zone, nothing for what is empty."""
    match value:
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone():{'%Y-%m-%d %H:%M:%S' if seconds else '%Y-%m-%d %H:%M'}}"
        case str() if INSTANT.fullmatch(value):
            return cell(datetime.fromisoformat(value), seconds=seconds)
        case Mapping():
            parts = ((words(str(name)), cell(part, seconds=seconds)) for name, part in value.items())
            return ", ".join(f"{name}: {part}" for name, part in parts if part)
        case [first, *_]:
            return ("; " if isinstance(first, Mapping) else ", ").join(cell(part) for part in value)
    return "" if value is None or value == [] else str(value)


def clock(instant: str) -> str:
    """Return the time of day of an instant, in this machine's time zone."""
    return f"{datetime.fromisoformat(instant).astimezone():%H:%M:%S}"
