"""iCalendar as lines: decoded, unfolded, cut into calendars, events and zone definitions, mended where senders go wrong.

The library that reads properties gets one event at a time from here, so that a fault costs that event and nothing else.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_CALENDAR_BYTES = 1024 * 1024
MAX_LINE = 64 * 1024
TZID_PARAMETER = "X-MEETBOT-TZID"

_NAME = re.compile(r"([A-Za-z0-9-]{1,64})(?=[;:])")
_TIMES = ("DTSTART", "DTEND", "DUE", "RECURRENCE-ID", "EXDATE", "RDATE")
_TZID = re.compile(r';TZID=("[^"]*"|[^;"]*)', re.IGNORECASE)
_DOUBLED = re.compile(r";(VALUE|TZID)=[^;:]*(?=.*;\1=)", re.IGNORECASE)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class Event:
    """One VEVENT: its own properties as unfolded lines, without alarms and other parts."""

    lines: tuple[str, ...]
    whole: bool = True  # False: the text ended before END:VEVENT

    def values(self, name: str) -> tuple[str, ...]:
        """Return the raw values of every line called `name`."""
        return tuple(_value(line) for line in self.lines if _is_named(line, name))

    def first(self, name: str) -> str:
        """Return the raw value of the first line called `name`, '' without one."""
        return next(iter(self.values(name)), "")

    def replaced(self, name: str, value: str) -> "Event":
        """Return the event with one line called `name` in place of all of that name."""
        others = tuple(line for line in self.lines if not _is_named(line, name))
        return Event((*others, f"{name}:{value}"), self.whole)

    def encoded(self) -> bytes:
        """Return the event for the property reader, every TZID hidden in a parameter that the reader leaves alone."""
        body = "\r\n".join(_hide_tzid(line) for line in self.lines)
        return f"BEGIN:VEVENT\r\n{body}\r\nEND:VEVENT\r\n".encode()


@dataclass(frozen=True, slots=True)
class Calendar:
    """One VCALENDAR: its own properties by upper-case name (first value), its events, its VTIMEZONE texts by TZID."""

    properties: dict[str, str] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    zones: dict[str, str] = field(default_factory=dict)


def decode(payload: bytes, charset: str = "") -> str:
    """Return unfolded text with LF line ends; the declared charset is tried after UTF-8, and nothing fails."""
    payload = payload[:MAX_CALENDAR_BYTES]
    for mark, codec in _BOMS:
        if payload.startswith(mark):
            return _unfolded(payload.decode(codec, "replace").lstrip("\ufeff"))
    if payload[:64].count(0) > 8:
        return _unfolded(payload.decode("utf-16-le" if payload[1:2] == b"\0" else "utf-16-be", "replace"))
    # Folds may split a character, so they go before decoding.
    flat = re.sub(rb"\r\n|\r|\n", b"\n", payload)
    flat = re.sub(rb"\n[ \t]", b"", flat)
    for codec in ("utf-8", charset or "ascii", "cp1252"):
        try:
            return flat.decode(codec).replace("\0", "")
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return flat.decode("latin-1").replace("\0", "")


def calendars(text: str) -> tuple[Calendar, ...]:
    """Return every VCALENDAR of `text`, whatever stands around and between; without one, events that stand bare."""
    found: list[Calendar] = []
    block: list[str] | None = None
    for line in _lines(text):
        key = line.upper()
        if key == "BEGIN:VCALENDAR":
            if block is not None:
                found.append(_calendar(block))
            block = []
        elif key == "END:VCALENDAR" and block is not None:
            found.append(_calendar(block))
            block = None
        elif block is not None:
            block.append(line)
    if block is not None:
        found.append(_calendar(block))
    if not found:
        bare = _calendar(list(_lines(text)))
        return (bare,) if bare.events else ()
    return tuple(found)


def assemble(method: str, events: tuple[Event, ...], zones: dict[str, str], calendar_zone: str) -> str:
    """Return a calendar object of these parts, to be read again later. Lines are not folded."""
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Meetbot//EN", f"METHOD:{method}"]
    if calendar_zone:
        head.append(f"X-WR-TIMEZONE:{calendar_zone}")
    bodies = [line for event in events for line in ("BEGIN:VEVENT", *event.lines, "END:VEVENT")]
    return "\r\n".join([*head, *(text.strip() for text in zones.values()), *bodies, "END:VCALENDAR", ""])


def _unfolded(text: str) -> str:
    return re.sub(r"\n[ \t]", "", re.sub(r"\r\n|\r", "\n", text)).replace("\0", "")


def _lines(text: str) -> Iterator[str]:
    """Yield trimmed lines; one that starts no property continues the line before it (text that lost its folding)."""
    pending = ""
    for raw in text.split("\n"):
        line = raw.strip()
        if not line:
            continue
        if _NAME.match(line) or not pending or pending.upper().startswith(("BEGIN:", "END:")):
            if pending:
                yield pending[:MAX_LINE]
            pending = line if _NAME.match(line) else ""
        elif len(pending) < MAX_LINE:
            pending += "\\n" + line
    if pending:
        yield pending[:MAX_LINE]


def _calendar(lines: list[str]) -> Calendar:
    """Sort the lines of one VCALENDAR by the component they stand in; what is nested deeper is left out."""
    properties: dict[str, str] = {}
    events: list[Event] = []
    zones: dict[str, str] = {}
    stack: list[str] = []
    body: list[str] = []
    for line in lines:
        key = line.upper()
        if key.startswith("BEGIN:"):
            stack.append(key[6:].strip())
            if len(stack) == 1:
                body = []
            elif stack[0] == "VTIMEZONE":
                body.append(line)
        elif key.startswith("END:"):
            closed = key[4:].strip()
            if stack and stack[0] == "VTIMEZONE" and closed != "VTIMEZONE":
                body.append(line)
            if closed in stack:
                del stack[len(stack) - 1 - stack[::-1].index(closed) :]
                if not stack:
                    _keep(closed, body, events, zones)
        elif not stack:
            properties.setdefault(key.partition(":")[0].partition(";")[0], _value(line).strip())
        elif len(stack) == 1 or stack[0] == "VTIMEZONE":
            body.append(line)
    if stack and stack[0] == "VEVENT":
        events.append(Event(tuple(body), whole=False))
    return Calendar(properties, tuple(events), zones)


def _keep(name: str, body: list[str], events: list[Event], zones: dict[str, str]) -> None:
    if name == "VEVENT":
        events.append(Event(tuple(body)))
    elif name == "VTIMEZONE":
        tzid = next((_value(line) for line in body if _is_named(line, "TZID")), "").strip()
        text = "\r\n".join(["BEGIN:VTIMEZONE", *body, "END:VTIMEZONE", ""])
        zones.setdefault(tzid, text)


def _is_named(line: str, name: str) -> bool:
    return line[: len(name)].upper() == name and line[len(name) : len(name) + 1] in (":", ";")


def _value(line: str) -> str:
    """Return what stands after the first colon outside quotes."""
    quoted = False
    for index, character in enumerate(line):
        if character == '"':
            quoted = not quoted
        elif character == ":" and not quoted:
            return line[index + 1 :]
    return line.partition(":")[2]


def _hide_tzid(line: str) -> str:
    """Rename TZID on lines with times, so that the reader gives wall-clock time and the zone is resolved here.

    Such values hold no colon, so the last one ends the parameters even where a zone's name has colons itself.
    """
    if not any(_is_named(line, name) for name in _TIMES):
        return line
    head, _, value = line.rpartition(":")
    head = _DOUBLED.sub("", head)
    match = _TZID.search(head)
    if match is None:
        return f"{head}:{value.strip()}"
    name = match.group(1).strip('"').replace('"', "")
    return f'{head[: match.start()]};{TZID_PARAMETER}="{name}"{head[match.end() :]}:{value.strip()}'
