"""What every summariser has to beat: the first words of a meeting, and TextRank over its sentences."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from agent.summary.sentences import Sentence

_DAMPING = 0.85
_ROUNDS = 30


def lead(found: Sequence[Sentence]) -> list[str]:
    """Return what was said, from the beginning; the caller cuts it to length."""
    return [sentence.text for sentence in found]


def textrank(found: Sequence[Sentence], words: int) -> list[str]:
    """Return the sentences that the most alike others point at (Mihalcea and Tarau 2004), in the order they were said."""
    rows = [sentence for sentence in found if len(set(sentence.terms)) > 1]
    links = _links(rows)
    rank = [1.0] * len(rows)
    for _ in range(_ROUNDS):
        fresh = [1 - _DAMPING] * len(rows)
        for i, out in enumerate(links):
            total = sum(out.values())
            for j, weight in out.items():
                fresh[j] += _DAMPING * rank[i] * weight / total
        rank = fresh
    chosen: list[int] = []
    length = 0
    for i in sorted(range(len(rows)), key=lambda i: -rank[i]):
        chosen.append(i)
        length += rows[i].words
        if length >= words:
            break
    return [rows[i].text for i in sorted(chosen)]


def _links(rows: Sequence[Sentence]) -> list[Counter[int]]:
    """Shared words over the logarithms of both lengths."""
    holding: dict[str, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        for term in set(row.terms):
            holding[term].append(i)
    size = [math.log(len(row.terms) + 1) for row in rows]
    links = []
    for i, row in enumerate(rows):
        shared = Counter(j for term in set(row.terms) for j in holding[term] if j != i)
        links.append(Counter({j: n / (size[i] + size[j]) for j, n in shared.items()}))
    return links
