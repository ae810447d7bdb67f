"""Who is in the meeting: people, rivals, rows that are neither, and the bot itself.

Rows are told apart by the page's id, never by name: two people may share a name, and anybody may take ours. What the
page cannot tell is unknown, and unknown is never "alone".
"""

from collections.abc import Callable
from dataclasses import dataclass

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
