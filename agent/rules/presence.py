"""Who is in the meeting: people, rivals, rows that are neither, and the bot itself.

Rows are told apart by the page's id, never by name: two people may share a name, and anybody may take ours. What the
page cannot tell is unknown, and unknown is never "alone".
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from agent.model.call import Person, RowKind
from agent.rules.folding import same
from agent.rules.rivals import Kind, Verdict

Classify = Callable[[str], Verdict]


@dataclass(frozen=True, slots=True)
class Rival:
    """A competing note-taker's row."""

    person: Person
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Room:
    """One look at the roster, sorted. `certain` is False when people may be there whom no row shows."""

    humans: tuple[Person, ...] = ()
    rivals: tuple[Rival, ...] = ()
    pseudo: tuple[Person, ...] = ()
    me: Person | None = None
    certain: bool = False

    @property
    def human_count(self) -> int | None:
        """How many people are there, or None when nobody can say that there are none."""
        return len(self.humans) if self.humans or self.certain else None

    @property
    def hosts(self) -> tuple[Person, ...]:
        """The people whom the page marks as host."""
        return tuple(person for person in self.humans if person.is_host)

    def named(self, name: str) -> tuple[Person, ...]:
        """Return the people of that display name; chat lines carry no more than a name."""
        return tuple(person for person in self.humans if same(person.name) == same(name))


@dataclass(frozen=True, slots=True)
class Stay:
    """One time that somebody was in the meeting. `left_at` is None while they are there."""

    person_id: str
    name: str
    kind: Kind
    joined_at: datetime
    left_at: datetime | None = None


def look(people: tuple[Person, ...] | None, own_ids: frozenset[str], classify: Classify) -> Room:
    """Sort the roster's rows. `own_ids` are the ids once marked as the bot's own: a row stays ours without the mark.

    A roster that does not show the bot itself is not complete, so that it proves nobody's absence.
    """
    humans: list[Person] = []
    rivals: list[Rival] = []
    pseudo: list[Person] = []
    me, crowd = None, False
    for person in dict.fromkeys(people or ()):
        if person.is_self or person.id in own_ids:
            me = person
            continue
        verdict = classify(person.name)
        if person.kind is RowKind.PSEUDO or verdict.kind is Kind.PSEUDO:
            pseudo.append(person)
            crowd = crowd or verdict.crowd
        elif verdict.kind is Kind.RIVAL:
            rivals.append(Rival(person, verdict))
        else:
            humans.append(person)
    certain = people is not None and me is not None and not crowd
    return Room(tuple(humans), tuple(rivals), tuple(pseudo), me, certain)


def follow(stays: tuple[Stay, ...], room: Room, at: datetime) -> tuple[Stay, ...]:
    """Return the stays after one more look: opened for who is new, closed for who is gone.

    A look that is not certain closes nothing, since a row may only be hidden.
    """
    there = {person.id: (person.name, Kind.HUMAN) for person in room.humans}
    there |= {rival.person.id: (rival.person.name, Kind.RIVAL) for rival in room.rivals}
    kept = tuple(_continued(stay, there, room.certain, at) for stay in stays)
    open_ids = {stay.person_id for stay in kept if stay.left_at is None}
    opened = tuple(
        Stay(person_id, name, kind, at)
        for person_id, (name, kind) in there.items()
        if person_id not in open_ids
    )
    return kept + opened


def _continued(stay: Stay, there: dict[str, tuple[str, Kind]], certain: bool, at: datetime) -> Stay:
    if stay.left_at is not None:
        return stay
    if stay.person_id in there:
        name, kind = there[stay.person_id]
        return replace(stay, name=name, kind=kind)
    return replace(stay, left_at=at) if certain else stay


def presence_of(stays: tuple[Stay, ...], person_id: str) -> tuple[tuple[datetime, datetime | None], ...]:
    """Return the intervals [joined, left) in which one person was there; the last is open while they stay."""
    return tuple((stay.joined_at, stay.left_at) for stay in stays if stay.person_id == person_id)
