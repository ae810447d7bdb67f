"""What changed from one version of a summary to the next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from agent.model.summary import Summary
from agent.rules.carryover import spelled

SECTIONS = ("title", "tldr", "topics", "decisions", "action_items", "open_questions")
_ALIKE = 0.6


@dataclass(frozen=True, slots=True)
class Difference:
    """One section's changes: new statements, those that are gone, and (before, after) of those that read otherwise."""

    section: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[tuple[str, str], ...] = ()

    @property
    def count(self) -> int:
        """How many statements are not as before."""
        return len(self.added) + len(self.removed) + len(self.changed)


def compare(old: Summary, new: Summary) -> tuple[Difference, ...]:
    """Return the sections in which `new` differs from `old`, in reading order."""
    before, after = lines_of(old), lines_of(new)
    found = (_section(name, before[name], after[name]) for name in SECTIONS)
    return tuple(one for one in found if one.count)


def lines_of(summary: Summary) -> Mapping[str, tuple[str, ...]]:
    """Return a summary as plain lines by section."""
    topics = ((topic.title, *topic.points) for topic in summary.topics)
    return {
        "title": (summary.title,),
        "tldr": tuple(one.text for one in summary.tldr),
        "topics": tuple(line for topic in topics for line in topic),
        "decisions": tuple(one.text for one in summary.decisions),
        "action_items": tuple(spelled(one) for one in summary.action_items),
        "open_questions": tuple(one.text for one in summary.open_questions),
    }


def _section(name: str, before: Sequence[str], after: Sequence[str]) -> Difference:
    removed = [line for line in before if line not in after]
    added: list[str] = []
    changed: list[tuple[str, str]] = []
    for line in (line for line in after if line not in before):
        twin = _nearest(line, removed)
        if twin is None:
            added.append(line)
        else:
            removed.remove(twin)
            changed.append((twin, line))
    return Difference(name, tuple(added), tuple(removed), tuple(changed))


def _nearest(line: str, others: Iterable[str]) -> str | None:
    alike = [(SequenceMatcher(None, line, other).ratio(), other) for other in others]
    best = max(alike, default=(0.0, ""))
    return best[1] if best[0] >= _ALIKE else None
