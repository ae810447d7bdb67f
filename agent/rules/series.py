"""Merging what messages say of one UID, in any order, and the occurrences it then has."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from agent.model.invite import Component, Slot
from agent.model.series import Instance, Rank, Series, master_rank

_FOREVER = datetime.max.replace(tzinfo=UTC)
_NEVER = datetime.min.replace(tzinfo=UTC)


def merge(series: Series | None, fresh: Component) -> Series:
    """Return the series with `fresh` taken in: of the master, and of each occurrence, the highest rank stays."""
    series = series or Series(uid=fresh.uid)
    master = series.master
    if not fresh.only_instances and (master is None or _precedence(fresh) >= _precedence(master)):
        master = fresh
    instances = {one.slot.slot: one for one in series.instances}
    if fresh.snapshot:  # a tombstone that a later look does not find was taken back
        instances = {
            n: one for n, one in instances.items() if not _unranked(one) or n in fresh.recurrence_ids
        }
    for one in _instances(fresh):
        known = instances.get(one.slot.slot)
        if known is None or _weight(one) >= _weight(known):
            instances[one.slot.slot] = one
    ordered = tuple(instances[name] for name in sorted(instances))
    return Series(uid=series.uid, master=master, instances=ordered)


def ended(series: Series, now: datetime) -> Component:
    """Return a cancellation of the whole that outranks all that is known: for what an API does not have any more."""
    known = [series.rank] if series.rank else []
    sequence, stamped_at = max([*known, *(one.version for one in series.instances), (0, _NEVER)])
    after = max(now, stamped_at + timedelta(microseconds=1))
    return Component(uid=series.uid, method="CANCEL", sequence=sequence, stamped_at=after, cancelled=True)


def lacks_master(series: Series | None, fresh: Component) -> bool:
    """Tell whether a message names single occurrences of a series that nothing else is known of."""
    told = fresh.method in ("REQUEST", "CANCEL", "ADD") and fresh.only_instances and bool(fresh.slots)
    return told and (series is None or series.master is None)


def is_stale(series: Series | None, fresh: Component) -> bool:
    """Tell whether everything `fresh` says was overtaken before it came."""
    if series is None:
        return False
    if not fresh.only_instances:
        return series.rank is not None and master_rank(fresh) < series.rank
    known = {one.slot.slot: one for one in series.instances}
    named = _instances(fresh)
    return bool(named) and all(
        one.slot.slot in known and one.rank < known[one.slot.slot].rank for one in named
    )


def occurrences(series: Series) -> dict[str, Slot]:
    """Return the occurrences of the series by slot, cancelled ones among them."""
    master = series.master
    slots: dict[str, Slot] = {}
    if master is not None and not master.cancelled:
        slots = {slot.slot: slot for slot in master.slots if slot.slot not in master.recurrence_ids}
    for one in sorted(
        series.instances, key=lambda instance: (not instance.slot.this_and_future, instance.slot.slot)
    ):
        if not _stands(one, master):
            continue
        slot = _complete(one.slot, master, slots)
        if slot.this_and_future:
            slots |= shifted(slots, slot)
        slots[slot.slot] = slot
    return slots


def shifted(slots: dict[str, Slot], change: Slot) -> dict[str, Slot]:
    """Return the slots after `change` as "this and future" changes them: cancelled, or moved by as much, with its length."""
    if not change.slot.endswith("Z"):
        return {}
    origin = datetime.fromisoformat(change.slot).astimezone(UTC)
    by, length = change.starts_at - origin, change.ends_at - change.starts_at
    moved: dict[str, Slot] = {}
    for name, slot in slots.items():
        if name <= change.slot or not name.endswith("Z"):
            continue
        starts_at = datetime.fromisoformat(name).astimezone(UTC) + by
        new = {"starts_at": starts_at, "ends_at": starts_at + length, "title": change.title or slot.title}
        moved[name] = slot.model_copy(
            update={
                **new,
                "links": change.links or slot.links,
                "cancelled": change.cancelled or slot.cancelled,
            }
        )
    return moved


def _instances(fresh: Component) -> tuple[Instance, ...]:
    """Return the single occurrences that a message names."""
    own = master_rank(fresh) if not fresh.only_instances else (0, _NEVER)
    names = {slot.slot for slot in fresh.slots} if fresh.only_instances else set(fresh.recurrence_ids)
    found: list[Instance] = []
    for slot in fresh.slots:
        if slot.slot in names:
            sequence, stamped_at = max((slot.sequence, slot.stamped_at or _NEVER), own)
            adds = fresh.method == "ADD"
            found.append(
                Instance(slot=slot, version_sequence=sequence, version_stamped_at=stamped_at, adds=adds)
            )
    return tuple(found)


def _precedence(component: Component) -> tuple[Rank, bool, datetime, str]:
    """Order masters; among equals a cancellation wins, then the one expanded farther, then any fixed order."""
    text = component.ical or component.model_dump_json()
    return master_rank(component), component.cancelled, component.expanded_until or _FOREVER, text


def _weight(one: Instance) -> tuple[bool, Rank, bool, Rank, str]:
    return _unranked(one), one.rank, one.slot.cancelled, one.version, one.slot.model_dump_json()


def _unranked(one: Instance) -> bool:
    """Tell whether this is the bare tombstone of an API, which says that an occurrence is gone and not since when."""
    return one.slot.cancelled and one.slot.stamped_at is None


def _stands(one: Instance, master: Component | None) -> bool:
    """Tell whether the word on a single occurrence outlives the master.

    A master that is newer in both SEQUENCE and DTSTAMP starts afresh; one that is newer in only one of them was not, or
    not surely, written with the exception undone. A cancellation of the whole ends everything that is not newer.
    """
    if master is None:
        return not one.adds
    rank = master_rank(master)
    if master.cancelled:
        return one.version > rank
    if _unranked(one):
        return True
    return not (rank[0] > one.version[0] and rank[1] > one.version[1])


def _complete(slot: Slot, master: Component | None, slots: dict[str, Slot]) -> Slot:
    """Fill in what a single occurrence left to its series: its name by date, its link, its title."""
    if master is None:
        return slot
    update: dict[str, object] = {}
    if len(slot.slot) == len("2026-01-31"):
        update["slot"] = _slot_on(slot.slot, master.timezone, slots) or slot.slot
    if not slot.links:
        update["links"] = master.links
    if not slot.title:
        update["title"] = master.title
    return slot.model_copy(update=update) if update else slot


def _slot_on(day: str, timezone: str, slots: dict[str, Slot]) -> str:
    """Return the name of the occurrence that starts on that local day, '' without one."""
    zone = ZoneInfo(timezone or "UTC")
    for name in slots:
        if name.endswith("Z") and datetime.fromisoformat(name).astimezone(zone).date().isoformat() == day:
            return name
    return ""
