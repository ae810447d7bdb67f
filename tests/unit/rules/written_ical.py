"""Calendar objects written line by line, and read again."""

from datetime import UTC, datetime, timedelta

from agent.rules.ical import Context, read_calendar

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CONTEXT = Context(NOW, stamped_at=NOW - timedelta(hours=1), default_timezone="Europe/Berlin")
LINK = "https://meet.google.com/abc-defg-hij"
BASE = {
    "UID": "one@example.com",
    "DTSTAMP": "20261101T000000Z",
    "DTSTART": "20261123T090000Z",
    "DTEND": "20261123T100000Z",
    "SUMMARY": "Standup",
    "LOCATION": LINK,
    "ORGANIZER;CN=Host Person": "mailto:host@example.com",
    "ATTENDEE;RSVP=TRUE;PARTSTAT=NEEDS-ACTION": "mailto:Notes+Silent@bot.example",
}
CUSTOM_ZONE = """BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:-0300
TZOFFSETTO:-0300
END:STANDARD
END:VTIMEZONE"""


def event(*more, without=(), **changed):
    fields = {name: value for name, value in BASE.items() if name.partition(";")[0] not in without}
    lines = [f"{name}:{changed.pop(name, value)}" for name, value in fields.items()]
    return "\n".join(
        ["BEGIN:VEVENT", *lines, *(f"{name}:{value}" for name, value in changed.items()), *more, "END:VEVENT"]
    )


def instance(recurrence_id, *more, start="20261201T120000Z", end="20261201T123000Z", **changed):
    return event(f"RECURRENCE-ID{recurrence_id}", *more, DTSTART=start, DTEND=end, **changed)


def text(*parts, method="REQUEST", head=()):
    first = [f"METHOD:{method}"] if method else []
    return "\r\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", *first, *head, *parts, "END:VCALENDAR", ""]
    ).replace("\r\n", "\n")


def contents(*parts, context=CONTEXT, **options):
    return read_calendar(text(*parts, **options).encode(), context)


def read(*parts, **options):
    (component,) = contents(*parts, **options).components
    return component


def starts(component):
    return [f"{slot.starts_at:%m-%dT%H:%M}" for slot in component.slots]


def weekly(*more, **changed):
    return event("RRULE:FREQ=WEEKLY;COUNT=3", *more, **changed)
