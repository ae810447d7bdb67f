"""A calendar object as the invitation's components: one per UID, with every occurrence within the horizon."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast, get_args
from zoneinfo import ZoneInfo

from agent.model.invite import Component, Method, Slot
from agent.rules import ical_text
from agent.rules.ical_event import Reading, read_event
from agent.rules.ical_text import Calendar, Event
from agent.rules.links import GOOGLE_MEET_URL
from agent.rules.recurrence import (
    MAX_OCCURRENCES,
    BadRule,
    Expansion,
    Moment,
    Series,
    check_rule,
    expand,
    occurs_on,
)
from agent.rules.series import shifted
from agent.rules.zones import Zones

HORIZON = timedelta(days=90)
LOOK_BACK = timedelta(days=1)
MAX_EVENTS = 500
MAX_UIDS = 5
MAX_CALENDARS = 10
_STAMP_LEEWAY = timedelta(days=1)
_METHODS = frozenset(get_args(Method))


@dataclass(frozen=True, slots=True)
class Context:
    """How to read: `now` anchors the horizon, `stamped_at` ranks events without DTSTAMP, `method` is the MIME parameter."""

    now: datetime
    stamped_at: datetime | None = None
    method: str = ""
    default_timezone: str = "UTC"
    meet_url: str = GOOGLE_MEET_URL
    horizon: timedelta = HORIZON


@dataclass(frozen=True, slots=True)
class Contents:
    """What a calendar text holds; `problems` are sentences for whoever sent it."""

    components: tuple[Component, ...] = ()
    problems: tuple[str, ...] = field(default=())


def read_calendar(payload: bytes, context: Context, charset: str = "") -> Contents:
    """Return the components of `payload`, best effort: one event's fault never hides another event."""
    if len(payload) > ical_text.MAX_CALENDAR_BYTES:
        return Contents(problems=("the calendar attachment is larger than 1 MiB",))
    calendars = ical_text.calendars(ical_text.decode(payload, charset))
    if not calendars:
        return Contents(problems=("the calendar attachment holds no calendar",))
    if len({event.first("UID") for calendar in calendars for event in calendar.events}) > MAX_UIDS:
        return Contents(
            problems=(
                f"the calendar attachment holds more than {MAX_UIDS} meetings; send one invitation each",
            )
        )
    if len(calendars) > MAX_CALENDARS:
        return Contents(problems=(f"the calendar attachment holds more than {MAX_CALENDARS} calendars",))
    components: list[Component] = []
    problems: list[str] = []
    for calendar in calendars:
        contents = _read_one(calendar, context)
        components += contents.components
        problems += contents.problems
    return Contents(tuple(components), tuple(dict.fromkeys(problems)))


def _read_one(calendar: Calendar, context: Context) -> Contents:
    if not calendar.events:
        return Contents(problems=("the calendar attachment holds no event",))
    if len(calendar.events) > MAX_EVENTS:
        return Contents(problems=(f"the calendar attachment holds more than {MAX_EVENTS} events",))
    zones = Zones(calendar.zones, context.default_timezone, calendar.properties.get("X-WR-TIMEZONE", ""))
    by_uid: dict[str, list[Reading]] = {}
    for event in calendar.events:
        reading = read_event(event, zones, context.meet_url)
        by_uid.setdefault(reading.uid or _made_up_uid(reading), []).append(reading)
    if len(by_uid) > MAX_UIDS:
        return Contents(
            problems=(
                f"the calendar attachment holds more than {MAX_UIDS} meetings; send one invitation each",
            )
        )
    built = [_Group(uid, group, calendar, context).component() for uid, group in by_uid.items()]
    problems = tuple(fault for component in built for fault in component.broken)
    return Contents(tuple(built), problems)


def _method(calendar: Calendar, hint: str) -> Method:
    """Return METHOD; the first word counts where senders repeat or pad it, the MIME parameter where it is absent."""
    for text in (calendar.properties.get("METHOD", ""), hint):
        word = text.strip().strip(";").upper()
        if word in _METHODS:
            return cast(Method, word)
    return "PUBLISH"


def _made_up_uid(reading: Reading) -> str:
    """Name an event that has no UID by what stays the same over its updates."""
    organizer = reading.organizer.email if reading.organizer else ""
    start = reading.start.slot if reading.start else ""
    return "nouid-" + hashlib.sha256(f"{organizer}\n{start}\n{reading.title}".encode()).hexdigest()[:32]


class _Group:
    """The events of one UID, being made into a component."""

    def __init__(self, uid: str, readings: Sequence[Reading], calendar: Calendar, context: Context) -> None:
        self._uid = uid
        self._calendar = calendar
        self._context = context
        self._method: Method = _method(calendar, context.method)
        self._begins = context.now - LOOK_BACK
        self._ends = context.now + context.horizon
        masters = [reading for reading in readings if not reading.is_override]
        self._master = max(masters, key=lambda reading: reading.rank, default=None)
        self._overrides = self._latest([reading for reading in readings if reading.is_override])
        self._faults = list(dict.fromkeys(fault for reading in readings for fault in reading.faults))
        self._readings = [*([self._master] if self._master else []), *self._overrides]

    def component(self) -> Component:
        """Return the component of this UID."""
        head = self._master or self._readings[0] if self._readings else None
        if head is None:
            # Only overrides came, and none of them names its occurrence: nothing may be done to the series.
            return Component(
                uid=self._uid, method=self._method, only_instances=True, broken=tuple(self._faults)
            )
        series = self._series()
        expansion = self._expansion(series)
        slots = self._slots(series, expansion)
        adds = self._method == "ADD"
        return Component(
            uid=self._uid,
            method=self._method,
            sequence=head.sequence,
            stamped_at=self._stamp(head),
            title=head.title,
            description=head.description,
            organizer=head.organizer
            or next((one.organizer for one in self._readings if one.organizer), None),
            attendees=tuple(
                {one.email: one for r in reversed(self._readings) for one in r.attendees}.values()
            ),
            links=tuple(dict.fromkeys(link for reading in self._readings for link in reading.links)),
            recurring=bool(series and (series.rule or series.added)) or bool(self._overrides),
            only_instances=self._master is None or adds or (series is None and self._method != "CANCEL"),
            this_and_future=any(reading.this_and_future for reading in self._overrides),
            slots=slots,
            cancelled=self._master is not None and (self._method == "CANCEL" or self._master.cancelled),
            broken=tuple(self._faults),
            ical=ical_text.assemble(
                self._method,
                tuple(self._stamped(reading) for reading in self._readings),
                self._calendar.zones,
                self._calendar.properties.get("X-WR-TIMEZONE", ""),
            ),
            timezone=_zone_name(series.start) if series else "",
            recurrence_ids=tuple(self._override_slot(one, series).slot for one in self._overrides),
            expanded_until=None if expansion.complete else self._reach(expansion),
        )

    def _latest(self, overrides: list[Reading]) -> list[Reading]:
        """Return the newest override of each occurrence; those that do not say which one they change are left out."""
        newest: dict[str, Reading] = {}
        for reading in sorted(overrides, key=lambda one: one.rank):
            if reading.recurrence_id:
                newest[reading.recurrence_id.slot] = reading
        return list(newest.values())

    def _series(self) -> Series | None:
        """Return how the master recurs, None without a readable master."""
        master = self._master
        if master is None or master.start is None:
            return None
        try:
            if len(master.rules) > 1:
                raise BadRule("more than one recurrence rule")
            rule = check_rule(master.rules[0], master.start) if master.rules else None
            series = Series(master.start, rule, master.added, master.excluded)
            expand(series, self._begins, self._begins, 1)
        except BadRule as fault:
            self._faults.append(str(fault))
            return None
        return series

    def _expansion(self, series: Series | None) -> Expansion:
        if series is None or self._method == "CANCEL":
            return Expansion((), complete=True)
        if series.rule is None and not series.added:
            return Expansion((series.start,), complete=True)
        return expand(series, self._begins, self._ends)

    def _reach(self, expansion: Expansion) -> datetime:
        if len(expansion.moments) >= MAX_OCCURRENCES:
            return expansion.moments[-1].utc
        return self._ends

    def _slots(self, series: Series | None, expansion: Expansion) -> tuple[Slot, ...]:
        slots: dict[str, Slot] = {}
        single = series is not None and not series.rule and not series.added and not self._overrides
        for moment in expansion.moments:
            name = "" if single and self._method != "ADD" else moment.slot
            slots[name] = self._plain(name, moment)
        for override in sorted(self._overrides, key=lambda one: cast(Moment, one.recurrence_id).utc):
            slot = self._override_slot(override, series)
            if slot.this_and_future:
                slots |= shifted(slots, slot)
            slots[slot.slot] = slot
        return tuple(sorted(slots.values(), key=lambda slot: (slot.starts_at, slot.slot)))

    def _plain(self, name: str, moment: Moment) -> Slot:
        master = cast(Reading, self._master)
        return Slot(
            slot=name,
            starts_at=moment.utc,
            ends_at=moment.utc + master.duration,
            title=master.title,
            links=master.links,
            cancelled=master.cancelled,
            sequence=master.sequence,
            stamped_at=self._stamp(master),
            all_day=moment.all_day or master.whole_days,
        )

    def _override_slot(self, override: Reading, series: Series | None) -> Slot:
        named = cast(Moment, override.recurrence_id)
        original = occurs_on(series, named.local.date()) if series and named.all_day else None
        named = original or named
        start = override.start or named
        master = self._master
        return Slot(
            slot=named.slot
            if original or not named.all_day or start.all_day
            else named.local.strftime("%Y-%m-%d"),
            starts_at=start.utc,
            ends_at=start.utc + (override.duration if override.start or not master else master.duration),
            title=override.title or (master.title if master else ""),
            links=override.links or (master.links if master else ()),
            cancelled=override.cancelled or self._method == "CANCEL",
            sequence=override.sequence,
            stamped_at=self._stamp(override),
            all_day=start.all_day or override.whole_days,
            this_and_future=override.this_and_future,
        )

    def _stamped(self, reading: Reading) -> Event:
        """Return the event's text with a DTSTAMP, so that it has the same rank when it is read again."""
        if reading.stamped_at == self._stamp(reading):
            return reading.event
        return reading.event.replaced("DTSTAMP", f"{self._stamp(reading):%Y%m%dT%H%M%SZ}")

    def _stamp(self, reading: Reading) -> datetime:
        """Return DTSTAMP, else when the message was sent; stamps of the future cannot outrank what comes later."""
        now = self._context.now
        stamp = reading.stamped_at or self._context.stamped_at or now
        return min(stamp, now + _STAMP_LEEWAY).replace(microsecond=0)


def _zone_name(moment: Moment) -> str:
    """Return the IANA name of a zone, UTC, or '' for one that the sender described."""
    if isinstance(moment.zone, ZoneInfo):
        return moment.zone.key
    return "UTC" if moment.zone is UTC else ""
