"""Google Calendar's events as invitations: each UID is written out as iCalendar and read by the same rules as mail."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.model.invite import Component
from agent.rules.ical import Context, read_calendar
from agent.rules.recurrence import slot_name
from agent.rules.zones import iana_name

Event = Mapping[str, Any]

_PARTSTAT = {"accepted": "ACCEPTED", "declined": "DECLINED", "tentative": "TENTATIVE"}
_RECURRENCE = ("RRULE", "RDATE", "EXDATE")


@dataclass(frozen=True, slots=True)
class Listing:
    """What one look at the calendar shows.

    `gone` are UIDs that Google says are deleted; `pending` wait for Google to make their Meet link; `unreadable` are not
    as documented; `uids` are all that were seen, so that what is missing can be told.
    """

    components: tuple[Component, ...] = ()
    gone: frozenset[str] = frozenset()
    pending: frozenset[str] = frozenset()
    unreadable: frozenset[str] = frozenset()
    uids: frozenset[str] = frozenset()


def read_events(events: Iterable[Event], context: Context) -> Listing:
    """Return masters, exceptions and tombstones as one component per UID."""
    by_uid: dict[str, list[Event]] = {}
    for event in _with_uids(list(events)):
        by_uid.setdefault(event["iCalUID"], []).append(event)
    components: list[Component] = []
    gone: set[str] = set()
    pending: set[str] = set()
    unreadable: set[str] = set()
    for uid, group in by_uid.items():
        living = [event for event in group if event.get("status") != "cancelled" or _is_instance(event)]
        if not any(event.get("status") != "cancelled" for event in living):
            gone.add(uid)
        elif any(_is_pending(event) for event in living):
            pending.add(uid)
        else:
            try:
                components += _component(living, context)
            except (KeyError, TypeError, ValueError, AttributeError):
                unreadable.add(uid)
    return Listing(
        tuple(components), frozenset(gone), frozenset(pending), frozenset(unreadable), frozenset(by_uid)
    )


def _component(group: list[Event], context: Context) -> tuple[Component, ...]:
    text = "\r\n".join(["BEGIN:VCALENDAR", "METHOD:REQUEST", *_lines(group), "END:VCALENDAR", ""])
    stamps = [event["updated"] for event in group if "updated" in event]
    latest = datetime.fromisoformat(max(stamps)) if stamps else context.now
    contents = read_calendar(text.encode(), replace(context, stamped_at=latest))
    tombstones = {
        _slot(event) for event in group if event.get("status") == "cancelled" and "updated" not in event
    }
    return tuple(_with_tombstones(component, tombstones) for component in contents.components)


def _with_tombstones(component: Component, tombstones: set[str]) -> Component:
    slots = tuple(
        slot.model_copy(update={"stamped_at": None}) if slot.slot in tombstones else slot
        for slot in component.slots
    )
    return component.model_copy(update={"slots": slots, "snapshot": True})


def _with_uids(events: list[Event]) -> Iterable[Event]:
    """Give tombstones, of which only the ids are sure, the UID of their series, or the one Google makes of an id."""
    known = {event["id"]: event["iCalUID"] for event in events if "iCalUID" in event and "id" in event}
    for event in events:
        parent = str(event.get("recurringEventId") or event.get("id") or "")
        if parent:
            yield {**event, "iCalUID": event.get("iCalUID") or known.get(parent) or f"{parent}@google.com"}


def _is_instance(event: Event) -> bool:
    return "recurringEventId" in event and "originalStartTime" in event


def _is_pending(event: Event) -> bool:
    request = (event.get("conferenceData") or {}).get("createRequest") or {}
    waits = (request.get("status") or {}).get("statusCode") == "pending"
    return waits and not event.get("hangoutLink") and not list(_conference(event))


def _lines(group: list[Event]) -> Iterable[str]:
    for event in group:
        yield "BEGIN:VEVENT"
        yield from _event(event)
        yield "END:VEVENT"


def _event(event: Event) -> Iterable[str]:
    """Write one event; of a tombstone no more than which occurrence it ends."""
    yield f"UID:{_escaped(event['iCalUID'])}"
    yield f"SEQUENCE:{int(event.get('sequence') or 0)}"
    if "updated" in event:
        yield f"DTSTAMP:{_compact(datetime.fromisoformat(event['updated']))}"
    if _is_instance(event):
        yield _time("RECURRENCE-ID", event["originalStartTime"])
    if event.get("status") == "cancelled":
        yield "STATUS:CANCELLED"
        yield _time("DTSTART", event.get("start") or event["originalStartTime"])
        return
    for name, key in (("DTSTART", "start"), ("DTEND", "end")):
        if event.get(key):
            yield _time(name, event[key])
    for name, key in (("SUMMARY", "summary"), ("LOCATION", "location"), ("DESCRIPTION", "description")):
        if event.get(key):
            yield f"{name}:{_escaped(event[key])}"
    for url in (*_conference(event), event.get("hangoutLink")):
        if url:
            yield f"X-GOOGLE-CONFERENCE:{_flat(url)}"
    if event.get("organizer"):
        yield _person("ORGANIZER", event["organizer"])
    for guest in event.get("attendees") or ():
        yield _person("ATTENDEE", guest)
    yield from (_flat(line) for line in event.get("recurrence") or () if line.upper().startswith(_RECURRENCE))


def _conference(event: Event) -> Iterable[str]:
    for entry in (event.get("conferenceData") or {}).get("entryPoints") or ():
        if entry.get("entryPointType") == "video" and entry.get("uri"):
            yield str(entry["uri"])


def _person(name: str, person: Event) -> str:
    common_name = str(person.get("displayName") or "").replace('"', "'")
    status = _PARTSTAT.get(person.get("responseStatus", ""), "NEEDS-ACTION")
    return f'{name};CN="{_flat(common_name)}";PARTSTAT={status}:mailto:{_flat(person.get("email") or "")}'


def _time(name: str, value: Event) -> str:
    """Write an EventDateTime: a date, wall-clock time in its zone, or an instant."""
    if value.get("date"):
        return f"{name};VALUE=DATE:{str(value['date']).replace('-', '')[:8]}"
    instant = datetime.fromisoformat(str(value.get("dateTime") or ""))
    zone = iana_name(str(value.get("timeZone") or ""))
    if not zone:
        return f"{name}:{_compact(instant)}" if instant.tzinfo else f"{name}:{instant:%Y%m%dT%H%M%S}"
    local = instant.astimezone(ZoneInfo(zone)) if instant.tzinfo else instant
    return f"{name};TZID={zone}:{local:%Y%m%dT%H%M%S}"


def _slot(event: Event) -> str:
    """Return the name of the occurrence that a tombstone ends."""
    value = event["originalStartTime"]
    if value.get("date"):
        return f"{value['date']}T00:00:00Z"
    instant = datetime.fromisoformat(value["dateTime"])
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=ZoneInfo(iana_name(str(value.get("timeZone") or "")) or "UTC"))
    return slot_name(instant)


def _compact(instant: datetime) -> str:
    return f"{instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _flat(text: object) -> str:
    return " ".join(str(text).split())


def _escaped(text: object) -> str:
    plain = str(text).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(plain.splitlines())
