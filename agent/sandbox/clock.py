"""The fake world's time: aware UTC, injected into every fake, written the way the wires write it."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds, as everything observed carries it: 2026-03-01T10:00:00.250Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def google_time(moment: datetime) -> str:
    """A protobuf JSON timestamp, whose fraction has 0, 3 or 6 digits, whichever is the shortest exact one."""
    moment = moment.astimezone(UTC)
    spec = (
        "seconds"
        if not moment.microsecond
        else "microseconds"
        if moment.microsecond % 1000
        else "milliseconds"
    )
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """An RFC 3339 time with its mandatory offset; ValueError for anything else."""
    moment = datetime.fromisoformat(text)
    if "T" not in text.upper() or moment.tzinfo is None:
        raise ValueError(f"{text!r} is not an RFC 3339 time with an offset")
    return moment.astimezone(UTC)
