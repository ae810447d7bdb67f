"""Where a meeting turns to another subject: the deepest dips in what neighbouring stretches have in common."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from agent.summary.sentences import Sentence, frequencies

_SIDE = 18  # sentences compared on each side of a gap
_LEAST = 12  # sentences in a segment


def segments(found: Sequence[Sentence], most: int) -> list[list[Sentence]]:
    """Cut the meeting into at most `most` stretches, in order; a short one stays whole."""
    cuts = sorted(_cuts(found, most - 1))
    edges = [0, *cuts, len(found)]
    return [list(found[a:b]) for a, b in pairwise(edges) if b > a]


def _cuts(found: Sequence[Sentence], most: int) -> list[int]:
    if most < 1 or len(found) < 2 * _LEAST:
        return []
    likeness = _likeness(found)
    depth = {gap: _depth(gap, likeness) for gap in likeness}
    chosen: list[int] = []
    for gap in sorted(depth, key=lambda gap: -depth[gap]):
        if len(chosen) == most or depth[gap] <= 0:
            break
        if all(abs(gap - other) >= _LEAST for other in chosen):
            chosen.append(gap)
    return chosen


def _likeness(found: Sequence[Sentence]) -> dict[int, float]:
    """How alike the words before and after each gap are, 0 … 1."""
    spread = frequencies(found)
    weight = {term: math.log(1 + len(found) / n) for term, n in spread.items()}
    alike = {}
    for gap in range(_LEAST, len(found) - _LEAST + 1):
        before = Counter(t for s in found[max(0, gap - _SIDE) : gap] for t in s.terms)
        after = Counter(t for s in found[gap : gap + _SIDE] for t in s.terms)
        shared = sum(weight[t] ** 2 * before[t] * after[t] for t in before.keys() & after.keys())
        size = _length(before, weight) * _length(after, weight)
        alike[gap] = shared / size if size else 0.0
    return alike


def _length(bag: Counter[str], weight: dict[str, float]) -> float:
    return math.sqrt(sum((weight[t] * n) ** 2 for t, n in bag.items()))


def _depth(gap: int, likeness: dict[int, float]) -> float:
    """How far likeness falls towards the gap from the peaks on both sides."""
    return _climb(gap, -1, likeness) + _climb(gap, 1, likeness) - 2 * likeness[gap]


def _climb(gap: int, step: int, likeness: dict[int, float]) -> float:
    peak = likeness[gap]
    while (gap := gap + step) in likeness and likeness[gap] >= peak:
        peak = likeness[gap]
    return peak
