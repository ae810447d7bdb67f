"""The events of one calendar: masters, exceptions and tombstones, and the instances they expand to."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from agent.sandbox.clock import Clock, stamp

Event = dict[str, Any]

INSTANCE_ID = re.compile(r"(?P<master>.+)_(?P<slot>\d{8}(?:T\d{6}Z)?)")
GUARANTEED = ("kind", "etag", "id", "status", "recurringEventId", "originalStartTime")
HORIZON = timedelta(days=730)
MOST_INSTANCES = 1000


@dataclass(frozen=True)
class Window:
    """Exclusive bounds: what ends after `after` and starts before `before`."""

    after: datetime | None = None
    before: datetime | None = None

    def holds(self, event: Event) -> bool:
        if "start" not in event:
            return True
        start = moment(event["start"])
        end = moment(event["end"]) if "end" in event else start
        return (self.after is None or end > self.after) and (self.before is None or start < self.before)


@dataclass
class Stored:
    """An event as last written; `version` grows with every change to the calendar."""

    body: Event
    version: int

    @property
    def cancelled(self) -> bool:
        return bool(self.body.get("status") == "cancelled")

    @property
    def master(self) -> bool:
        return "recurrence" in self.body

    def shown(self) -> Event:
        """What a reader gets: of a cancelled event no more than is guaranteed."""
        if not self.cancelled:
            return self.body
        return {key: self.body[key] for key in GUARANTEED if key in self.body}


class Calendar:
    """Events by id. `owner` is the account whose own attendee row is marked."""

    def __init__(self, calendar_id: str, owner: str, clock: Clock) -> None:
        self.id = calendar_id
        self.owner = owner
        self.version = 0
        self.updated = clock()
        self._clock = clock
        self._events: dict[str, Stored] = {}

    def put(self, event_id: str, body: Event) -> Event:
        """Replaces the event; fields Google fills in are filled in where the body has none. Null is nothing."""
        body = {key: value for key, value in body.items() if value is not None}
        now = stamp(self._clock())
        old = self._events.get(event_id)
        defaults: Event = {
            "kind": "calendar#event",
            "status": "confirmed",
            "created": old.body.get("created", now) if old else now,
            "htmlLink": f"https://www.google.com/calendar/event?eid={event_id}",
            "creator": body.get("organizer", {"email": "host@example.com"}),
            "organizer": {"email": "host@example.com"},
            "iCalUID": f"{event_id}@google.com",
            "sequence": 0,
            "eventType": "default",
        }
        return self._write(event_id, {**defaults, **self._lineage(event_id), **body, "updated": now})

    def patch(self, event_id: str, changes: Event) -> Event | None:
        """Merges changes into the event, or into an exception made for the instance; None if there is neither."""
        current = self.get(event_id)
        if current is None:
            return None
        body = merged(current, changes)
        return self._write(event_id, {**body, "updated": stamp(self._clock())})

    def cancel(self, event_id: str) -> bool:
        """Leaves a tombstone: of the event, of its exceptions too, or of a single instance."""
        if self.patch(event_id, {"status": "cancelled"}) is None:
            return False
        for child in [s.body["id"] for s in self._exceptions(event_id) if not s.cancelled]:
            self.patch(child, {"status": "cancelled"})
        return True

    def get(self, event_id: str) -> Event | None:
        """A stored event, or the instance of a series that the id names, in full."""
        stored = self._events.get(event_id)
        if stored is not None:
            return stored.body
        found = INSTANCE_ID.fullmatch(event_id)
        master = self._events.get(found["master"]) if found else None
        if master is None or not master.master:
            return None
        return next((i for i in self._expanded(master.body, Window()) if i["id"] == event_id), None)

    def shown(self, event_id: str) -> Event | None:
        """As `get`, of a cancelled event no more than its tombstone."""
        body = self.get(event_id)
        return None if body is None else Stored(body, 0).shown()

    def stored(self, window: Window) -> Iterator[Stored]:
        """Masters, single events and exceptions; a series is in the window when one of its instances is."""
        for stored in self._events.values():
            if stored.master and not stored.cancelled:
                inside = any(not s.cancelled for s in self._instances(stored, window))
            else:
                inside = window.holds(stored.body)
            if inside:
                yield stored

    def singles(self, window: Window) -> Iterator[Stored]:
        """Single events and instances; an instance is as new as its exception or its series."""
        for stored in self._events.values():
            if stored.master:
                yield from self._instances(stored, window)
            elif stored.body.get("recurringEventId") not in self._events and window.holds(stored.body):
                yield stored

    def _instances(self, master: Stored, window: Window) -> Iterator[Stored]:
        exceptions = {s.body["id"]: s for s in self._exceptions(master.body["id"])}
        for instance in self._expanded(master.body, window):
            if instance["id"] not in exceptions:
                yield Stored(instance, master.version)
        for exception in exceptions.values():
            if window.holds(exception.body):
                yield Stored(exception.body, max(exception.version, master.version))

    def _exceptions(self, master_id: str) -> list[Stored]:
        return [s for s in self._events.values() if s.body.get("recurringEventId") == master_id]

    def _lineage(self, event_id: str) -> Event:
        """Which instance of which series an id of the form master_slot stands for."""
        found = INSTANCE_ID.fullmatch(event_id)
        master = self._events.get(found["master"]) if found else None
        if found is None or master is None or not master.master:
            return {}
        slot = _slot(found["slot"], master.body["start"])
        inherited = ("summary", "iCalUID", "organizer", "attendees", "hangoutLink", "conferenceData")
        copied = {key: master.body[key] for key in inherited if key in master.body}
        return {**copied, "recurringEventId": found["master"], "originalStartTime": slot}

    def _write(self, event_id: str, body: Event) -> Event:
        self.version += 1
        self.updated = self._clock()
        body = {**body, "id": event_id, "etag": f'"{self.version}"'}
        if "attendees" in body:
            body["attendees"] = [self._attendee(row) for row in body["attendees"]]
        self._events[event_id] = Stored(body, self.version)
        return body

    def _attendee(self, row: Event) -> Event:
        own = {"self": True} if row.get("email", "").lower() == self.owner.lower() else {}
        return {"responseStatus": "needsAction", **row, **own}

    def _expanded(self, master: Event, window: Window) -> Iterator[Event]:
        """The instances of a series as its rule makes them, exceptions not yet applied."""
        start = moment(master["start"])
        length = moment(master["end"]) - start
        horizon = window.before or max(self._clock(), start, window.after or start) + HORIZON
        for count, when in enumerate(_occurrences(master)):
            if count >= MOST_INSTANCES or moment(when) >= horizon:
                return
            instance = {key: value for key, value in master.items() if key != "recurrence"}
            instance |= {
                "id": f"{master['id']}_{_slot_name(when)}",
                "recurringEventId": master["id"],
                "originalStartTime": when,
                "start": when,
                "end": _later(when, length),
            }
            if window.holds(instance):
                yield instance


def moment(value: Event) -> datetime:
    """The UTC instant of an EventDateTime; a date counts from its midnight in UTC."""
    if "date" in value:
        return datetime.combine(date.fromisoformat(value["date"]), time(), UTC)
    return _local(value).astimezone(UTC)


def merged(old: Event, changes: Event) -> Event:
    """Patch semantics: objects merge, null removes, arrays and values replace."""
    result = dict(old)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = value if "date" in value or "dateTime" in value else merged(result[key], value)
        else:
            result[key] = value
    return result


def _local(value: Event) -> datetime:
    parsed = datetime.fromisoformat(value["dateTime"])
    zone: tzinfo = ZoneInfo(value["timeZone"]) if value.get("timeZone") else parsed.tzinfo or UTC
    return parsed.astimezone(zone) if parsed.tzinfo else parsed.replace(tzinfo=zone)


def _occurrences(master: Event) -> Iterator[Event]:
    """The start of every instance as an EventDateTime, in the zone of the series."""
    start = master["start"]
    lines = list(master["recurrence"])
    if "date" in start:
        begin = datetime.combine(date.fromisoformat(start["date"]), time())
        for when in rrulestr("\n".join(lines), dtstart=begin, forceset=True):
            yield {"date": when.date().isoformat()}
        return
    lines = [re.sub(r"UNTIL=(\d{8})(?=;|$)", r"UNTIL=\1T235959Z", line) for line in lines]
    for when in rrulestr("\n".join(lines), dtstart=_local(start), forceset=True):
        zone = {"timeZone": start["timeZone"]} if "timeZone" in start else {}
        yield {"dateTime": when.isoformat(), **zone}


def _slot_name(value: Event) -> str:
    if "date" in value:
        return str(value["date"]).replace("-", "")
    return f"{moment(value):%Y%m%dT%H%M%SZ}"


def _slot(name: str, start: Event) -> Event:
    """The EventDateTime a slot name stands for, written as the series writes its start."""
    if "T" not in name:
        return {"date": f"{name[:4]}-{name[4:6]}-{name[6:]}"}
    zone = {"timeZone": start["timeZone"]} if "timeZone" in start else {}
    instant = datetime.strptime(name, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    local = instant.astimezone(ZoneInfo(start["timeZone"]) if zone else _local(start).tzinfo)
    return {"dateTime": local.isoformat(), **zone}


def _later(value: Event, length: timedelta) -> Event:
    if "date" in value:
        return {"date": (date.fromisoformat(value["date"]) + length).isoformat()}
    zone = {"timeZone": value["timeZone"]} if "timeZone" in value else {}
    local = _local(value)
    return {"dateTime": (moment(value) + length).astimezone(local.tzinfo).isoformat(), **zone}
