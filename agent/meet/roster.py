"""Who is there. The open list is the truth; tiles and the count sign only tell when to look at it again."""

from typing import Any

from agent.meet.hand import Hand
from agent.meet.snapshot import Snapshot
from agent.meet.watcher import Watcher
from agent.model.call import Person, RowKind

OPEN_SECONDS = 2.0
BLIND_SECONDS = 10.0
UNKNOWN_AGAIN_SECONDS = 2.0
TURN_SECONDS = 2.0
Signature = tuple[tuple[tuple[str, str], ...], int | None]


def signature(snapshot: Snapshot) -> Signature:
    """What changes on the page when somebody comes, goes or is called another name, panel or no panel."""
    return tuple(sorted((tile.id, tile.name) for tile in snapshot.tiles)), snapshot.count


def people_from(rows: list[dict[str, Any]] | None, self_ids: frozenset[str]) -> tuple[Person, ...] | None:
    """The rows as people, one per id; None when the list was not to be seen, which does not mean alone."""
    if not rows:
        return None
    people: dict[str, Person] = {}
    for row in rows:
        person = Person(
            id=row["id"] or row["name"],
            name=row["name"],
            is_self=row["id"] in self_ids if self_ids else row["self"],
            is_host=row["host"],
            kind=RowKind.PSEUDO if row["pseudo"] else RowKind.PERSON,
        )
        people.setdefault(person.id, person)
    return tuple(people.values())


class Lookout:
    """When to read the list: at once when tiles or count change, soon when nothing was seen, else now and then.

    In a big meeting the page shows tiles by turns: after a change of them that left everybody where they were, the next one
    waits twice as long.
    """

    def __init__(self, pause_seconds: float) -> None:
        self._pause_seconds = pause_seconds
        self._turn_seconds = 0.0
        self._seen: Signature | None = None
        self._people: frozenset[tuple[str, str]] = frozenset()
        self._known = True
        self._at = 0.0

    def due(self, snapshot: Snapshot, now: float) -> bool:
        """Whether it is time."""
        return now - self._at >= self._pause(snapshot)

    def looked(self, snapshot: Snapshot, people: tuple[Person, ...] | None, now: float) -> None:
        """The list was read, or could not be."""
        if people is not None:
            named = frozenset((person.id, person.name) for person in people)
            by_turns = named == self._people and signature(snapshot) != self._seen
            longer = max(2 * self._turn_seconds, TURN_SECONDS) if by_turns else 0.0
            self._turn_seconds, self._people = min(longer, self._pause_seconds), named
        self._seen, self._at, self._known = signature(snapshot), now, people is not None

    def lost(self) -> None:
        """The call is not to be seen for a while: what was known of it is old."""
        self._known = False

    def _pause(self, snapshot: Snapshot) -> float:
        if not self._known:
            return UNKNOWN_AGAIN_SECONDS
        if self._seen is None or snapshot.count != self._seen[1]:
            return 0.0
        if signature(snapshot) != self._seen:
            return self._turn_seconds
        blind = not snapshot.tiles and snapshot.count is None
        return min(self._pause_seconds, BLIND_SECONDS) if blind else self._pause_seconds


class RosterPanel:
    """Opens the list and reads it."""

    def __init__(self, hand: Hand, watcher: Watcher) -> None:
        self._hand = hand
        self._watcher = watcher
        self._self_ids: frozenset[str] = frozenset()

    async def read(self, snapshot: Snapshot) -> tuple[Person, ...] | None:
        """Open the list if need be, read it, and leave it open. None when it cannot be seen now."""
        rows = await self._open_rows()
        if rows is not None and await self._hand.press_folded_group():
            rows = await self._watcher.ask("readRows")
        if rows is not None:
            rows = await self._watcher.ask("readWholeList")
        self._self_ids |= {tile.id for tile in snapshot.tiles if tile.is_self}
        return people_from(rows, self._self_ids)

    async def _open_rows(self) -> list[dict[str, Any]] | None:
        rows: list[dict[str, Any]] | None = await self._watcher.ask("readRows")
        if rows is not None or not await self._hand.press("people"):
            return rows
        rows = await self._watcher.until("readRows", seconds=OPEN_SECONDS)
        return rows  # noqa: RET504 - the name gives the untyped answer its type
