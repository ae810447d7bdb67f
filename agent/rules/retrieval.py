"""Which lines of a transcript speak of what is asked (Okapi BM25 over the lines of one meeting)."""

import math
from collections import Counter
from collections.abc import Sequence

from agent.rules.terms import terms

_SATURATION = 1.2
_LENGTH = 0.75


def relevant(question: str, lines: Sequence[str], limit: int) -> list[int]:
    """Return the ordinals (1 is the first) of at most `limit` lines that share terms with the question, best first."""
    wanted = set(terms(question))
    counted = [Counter(terms(line)) for line in lines]
    bearers = Counter(term for counts in counted for term in counts.keys() & wanted)
    if not bearers:
        return []
    mean_length = sum(map(Counter.total, counted)) / len(counted)
    weights = {term: _weight(len(lines), bearers[term]) for term in bearers}
    scored = [
        (
            sum(weights[term] * _presence(counts, term, mean_length) for term in counts.keys() & wanted),
            ordinal,
        )
        for ordinal, counts in enumerate(counted, start=1)
    ]
    best = sorted((-score, ordinal) for score, ordinal in scored if score > 0)
    return [ordinal for _, ordinal in best[:limit]]


def with_neighbours(ordinals: Sequence[int], around: int, last: int) -> list[int]:
    """Return the ordinals with so many before and after each, in order: an answer often stands next to its question."""
    near = {m for n in ordinals for m in range(max(1, n - around), min(last, n + around) + 1)}
    return sorted(near)


def _weight(lines: int, bearers: int) -> float:
    return math.log(1 + (lines - bearers + 0.5) / (bearers + 0.5))


def _presence(counts: Counter[str], term: str, mean_length: float) -> float:
    times = counts[term]
    length = _SATURATION * (1 - _LENGTH + _LENGTH * counts.total() / mean_length)
    return times * (_SATURATION + 1) / (times + length)
