"""ROUGE-1, ROUGE-2 and ROUGE-L (F1), with Porter's stems taken as a six-letter beginning of each word."""

import re
from collections import Counter
from collections.abc import Sequence

_WORD = re.compile(r"[a-z0-9]+")
_STEM = 6


def tokens(text: str) -> list[str]:
    """Return the words, lower case, cut to their beginnings so that forms of one word count as one."""
    return [word[:_STEM] for word in _WORD.findall(text.lower())]


def rouge_n(candidate: Sequence[str], reference: Sequence[str], n: int) -> float:
    """Return the F1 of shared n-grams."""
    ours = Counter(zip(*(candidate[i:] for i in range(n)), strict=False))
    theirs = Counter(zip(*(reference[i:] for i in range(n)), strict=False))
    return f1((ours & theirs).total(), ours.total(), theirs.total())


def rouge_l(candidate: Sequence[str], reference: Sequence[str]) -> float:
    """Return the F1 of the longest common subsequence of the whole texts."""
    row = [0] * (len(reference) + 1)
    for word in candidate:
        previous = 0
        for j, other in enumerate(reference, 1):
            kept = row[j]
            row[j] = previous + 1 if word == other else max(row[j], row[j - 1])
            previous = kept
    return f1(row[-1], len(candidate), len(reference))


def f1(shared: int, ours: int, theirs: int) -> float:
    """Return the harmonic mean of precision and recall."""
    return 2 * shared / (ours + theirs) if shared else 0.0
