"""How much each sentence tells of a meeting, and the choice of a few that together tell most."""

import math
from collections import Counter
from collections.abc import Sequence

from agent.summary.language import Language
from agent.summary.sentences import Sentence, frequencies

_SHORTEST_WORDS, _LONGEST_WORDS = 6, 45
# Fitted on the training meetings of a public set of meetings with summaries written by people.
_COMMONNESS = 0.5  # exponent: how much more a term counts the more sentences hold it
_BREVITY = 0.6  # exponent: how much a longer sentence is held against it
_REPEATED = 0.3  # what is left of a term's worth each time it was already told
_OPENING, _CLOSING, _FADE = (
    0.8,
    -0.9,
    12.0,
)  # the first minutes say what a meeting is for, the last ones goodbye
_TELLING, _PERSONAL = 3.0, -3.3  # a sentence that reports, against one that chats
_QUESTION = -0.1


class Weights:
    """The worth of every sentence of one meeting."""

    def __init__(self, found: Sequence[Sentence], language: Language) -> None:
        self._spread = frequencies(found)
        self._language = language
        self._count = max(len(found), 1)
        self._standing = {sentence.order: self._own(sentence) for sentence in found}

    def chosen(
        self, among: Sequence[Sentence], most: int, apart_from: Sequence[Sentence] = ()
    ) -> list[Sentence]:
        """Return up to `most` sentences in the order they were said, each adding what the others do not tell."""
        told = Counter(term for sentence in apart_from for term in set(sentence.terms))
        left = [s for s in among if _quotable(s) and s not in apart_from]
        taken: list[Sentence] = []
        while left and len(taken) < most:
            best = max(left, key=lambda s: (self._gain(s, told), -s.order))
            left.remove(best)
            taken.append(best)
            told.update(set(best.terms))
        return sorted(taken, key=lambda s: s.order)

    def worth(self, sentence: Sentence) -> float:
        """The worth of one sentence by itself."""
        return self._gain(sentence, Counter())

    def _gain(self, sentence: Sentence, told: Counter[str]) -> float:
        new = math.fsum(
            math.pow(self._spread[term], _COMMONNESS) * math.pow(_REPEATED, told[term])
            for term in set(sentence.terms)
            if self._spread[term] > 1
        )
        return self._standing[sentence.order] * new / math.pow(max(sentence.words, 1), _BREVITY)

    def _own(self, sentence: Sentence) -> float:
        place = sentence.order / self._count
        bonus = _OPENING * math.exp(-_FADE * place) + _CLOSING * math.exp(-_FADE * (1 - place))
        size = max(sentence.words, 1)
        bonus += _TELLING * len(self._language.telling.findall(sentence.text)) / size
        bonus += _PERSONAL * len(self._language.personal.findall(sentence.text)) / size
        bonus += _QUESTION * sentence.asks
        return math.exp(bonus)


def _quotable(sentence: Sentence) -> bool:
    return _SHORTEST_WORDS <= sentence.words <= _LONGEST_WORDS and len(set(sentence.terms)) > 1
