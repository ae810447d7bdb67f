"""The calendar objects of an iTIP REPLY and REFRESH (RFC 5546), spelled as calendar servers take them.

Exactly one ATTENDEE, its address byte for byte the invited one; a second line or another spelling makes
organizers' servers drop the answer.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from agent.delivery.mime import one_line, prose
from agent.model.invite import Attendee
from agent.model.letter import RefreshLetter, ReplyLetter

LINE_OCTETS_MAX = 75
PRODUCT = "-//Meetbot//Meetbot//EN"
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


def reply(letter: ReplyLetter) -> str:
    """Return the VCALENDAR with CRLF line ends, folded at 75 octets."""
    lines = [
        f"UID:{one_line(letter.uid)}",
        f"DTSTAMP:{_instant(letter.stamped_at)}",
        f"SEQUENCE:{letter.sequence}",
        *([f"RECURRENCE-ID:{_instant(letter.recurrence_id)}"] if letter.recurrence_id else []),
        f"DTSTART:{_instant(letter.starts_at)}",
        f"DTEND:{_instant(letter.ends_at)}",
        f"SUMMARY:{_text(letter.title)}",
        _person("ORGANIZER", letter.organizer),
        _person("ATTENDEE", letter.attendee, f";PARTSTAT={letter.partstat}"),
        *([f"COMMENT:{_text(letter.comment)}"] if letter.comment else []),
        "REQUEST-STATUS:2.0;Success",
    ]
    return _calendar("REPLY", lines)


def refresh(letter: RefreshLetter) -> str:
    """Return the VCALENDAR that asks for the whole event; it may carry hardly more than the UID (RFC 5546 3.2.6)."""
    lines = [
        f"UID:{one_line(letter.uid)}",
        f"DTSTAMP:{_instant(letter.stamped_at)}",
        _person("ORGANIZER", letter.organizer),
        _person("ATTENDEE", letter.attendee),
    ]
    return _calendar("REFRESH", lines)


def _calendar(method: str, event: Sequence[str]) -> str:
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{PRODUCT}",
        "CALSCALE:GREGORIAN",
        f"METHOD:{method}",
        "BEGIN:VEVENT",
        *event,
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{folded(line)}\r\n" for line in lines)


def folded(line: str) -> str:
    """Fold a content line at 75 octets without cutting a character in two."""
    parts: list[str] = []
    part, octets = "", 0
    for character in line:
        width = len(character.encode())
        if octets + width > LINE_OCTETS_MAX:
            parts.append(part)
            part, octets = " ", 1
        part, octets = part + character, octets + width
    return "\r\n".join((*parts, part))


def _person(name: str, person: Attendee, parameters: str = "") -> str:
    address = one_line(person.raw or person.email)
    uri = address if address.lower().startswith("mailto:") else f"mailto:{address}"
    label = one_line(person.name).replace('"', "'")
    return f"{name}{parameters}" + (f';CN="{label}"' if label else "") + f":{uri}"


def _text(text: str) -> str:
    return prose(text).translate(_ESCAPES)


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
