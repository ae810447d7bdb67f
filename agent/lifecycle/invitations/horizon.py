"""The phase that rolls the horizon: series that repeat beyond what is known are read again for the next weeks.

A series is known for 90 days from when it was read, and read again when fewer than 83 are left: once a week each. A batch
is expanded by one run of the limited child, and written in one transaction.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from agent.lifecycle.house import House
from agent.lifecycle.invitations.calendar import Calendar, Message
from agent.lifecycle.invitations.intake import Intake
from agent.lifecycle.invitations.occurrences import Taken
from agent.model.invite import Component, Slot
from agent.model.series import Series
from agent.model.tables import EventSeries
from agent.store import series as store

ROLL = "roll"
KNOWN_AT_LEAST = timedelta(days=83)
BATCH = 10  # few at a time hold the write lock, so that mail is taken in between
log = structlog.get_logger("horizon")


class Horizon:
    """Runs once a day."""

    def __init__(self, house: House, intake: Intake) -> None:
        self.house = house
        self.intake = intake

    async def __call__(self, *_slot: str | int) -> None:
        """Bring every series that runs short up to the horizon."""
        last, rolled = 0, 0
        while rows := await asyncio.to_thread(self._short, last):
            last = rows[-1].id or 0
            fresh = await self._expanded(rows)
            for taken in await asyncio.to_thread(self._take, rows, fresh):
                await self.intake.tell(taken)
            rolled += len(rows)
        if rolled:
            log.info("horizon.rolled", action="horizon.roll", series=rolled)

    def _short(self, after: int) -> Sequence[EventSeries]:
        until = self.house.now() + KNOWN_AT_LEAST
        with self.house.database.read() as session:
            return store.short_of(session, until, after=after, limit=BATCH)

    async def _expanded(self, rows: Sequence[EventSeries]) -> list[Component | None]:
        """Read each series' own text again; None where it cannot be read, and what is known stays."""
        masters = [Series.model_validate(row.body).master for row in rows]
        texts = [master.ical if master else "" for master in masters]
        found = await self.house.reader.expand(texts, self.house.now())
        return [
            _renewed(row, master, components)
            for row, master, components in zip(rows, masters, found, strict=True)
        ]

    def _take(self, rows: Sequence[EventSeries], fresh: Sequence[Component | None]) -> list[Taken]:
        found: list[Taken] = []
        with self.house.database.write() as session:
            for row, component in zip(rows, fresh, strict=True):
                known = Calendar(session, self.house, row.uid)
                # What came in between is newer than what was read for this roll.
                if component is None or known.row is None or known.row.updated_at != row.updated_at:
                    continue
                found.append(known.take(Message(component, source=row.source, inviter="", bot_address="")))
        return found


def _renewed(row: EventSeries, master: Component | None, components: Sequence[Component]) -> Component | None:
    fresh = next((component for component in components if component.uid == row.uid), None)
    if master is None or not master.ical or fresh is None:
        log.warning("horizon.unreadable", action="horizon.roll", uid=row.uid)
        return None
    return as_known(master, fresh)


def as_known(master: Component, fresh: Component) -> Component:
    """Return `fresh` with the ranks that `master` had: reading a text again makes nothing in it newer."""
    stamps = {slot.slot: slot.stamped_at for slot in master.slots}

    def ranked(slot: Slot) -> Slot:
        return slot.model_copy(update={"stamped_at": stamps.get(slot.slot, master.stamped_at)})

    slots = tuple(ranked(slot) for slot in fresh.slots)
    same = {"method": master.method, "sequence": master.sequence, "stamped_at": master.stamped_at}
    return fresh.model_copy(update={**same, "slots": slots})
