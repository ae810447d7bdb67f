"""What a stretch of talk is about, in the words of those who talked: repeated runs of content words."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from agent.rules.spoken_time import MONTHS, NUMBERS, WEEKDAYS
from agent.summary.language import Language
from agent.summary.sentences import Sentence

_TOKEN = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*|[^\w\s]")
_DENSE_RUN = re.compile(r"[\u30a0-\u30ff\u3400-\u9fff]{2,}")
_LONGEST = 3
_LONGER_IS_BETTER = 0.8
_LEAST_TIMES = 2
_UNNAMED = 0.2  # what a phrase is worth that never stands where the name of a thing does

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """One occurrence of a run of words; `named` when the word before it is one that leads up to a noun."""

    sentence: Sentence
    written: str
    named: bool


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words as they are mostly written, and the sentences that hold them."""

    text: str
    found_in: tuple[Sentence, ...]


Counted = dict[Key, list[_Place]]
Run = tuple[list[tuple[str, str]], bool]


class Subjects:
    """The repeated phrases of one meeting. `strange` are folded words that say nothing here: people's names."""

    def __init__(self, found: Sequence[Sentence], language: Language, strange: Collection[str]) -> None:
        self._runs = {s.order: list(_runs(s.text, language, strange)) for s in found}
        self._everywhere = self._counted(found)

    def of(self, near: Sequence[Sentence], most: int) -> list[Phrase]:
        """Return what `near` speaks of more than the rest of the meeting does, best first, no word twice."""
        here = self._counted(near)
        worth = {key: self._worth(key, places) for key, places in here.items() if len(places) >= _LEAST_TIMES}
        found: list[Phrase] = []
        taken: set[str] = set()
        for key in sorted(worth, key=lambda key: (-worth[key], key)):
            if len(found) == most:
                break
            if taken.isdisjoint(key):
                taken.update(key)
                found.append(Phrase(_surface(here[key]), tuple(place.sentence for place in here[key])))
        return found

    def _worth(self, key: Key, places: Sequence[_Place]) -> float:
        """Often said, said here rather than elsewhere, and used as the name of a thing."""
        own = len(places) / len(self._everywhere[key])
        named = sum(place.named for place in places) / len(places)
        longer = 1 + _LONGER_IS_BETTER * (len(key) - 1)
        return len(places) * longer * math.sqrt(own) * (_UNNAMED + named)

    def _counted(self, found: Sequence[Sentence]) -> Counted:
        counted: Counted = defaultdict(list)
        for sentence in found:
            for run, named in self._runs[sentence.order]:
                for length in range(1, _LONGEST + 1):
                    for i in range(len(run) - length + 1):
                        part = run[i : i + length]
                        key = tuple(stem for stem, _ in part)
                        written = " ".join(word for _, word in part)
                        counted[key].append(_Place(sentence, written, named and i == 0))
        return counted


def _runs(text: str, language: Language, strange: Collection[str]) -> Iterator[Run]:
    """Uninterrupted content words as (term, word), and whether a word like "the" stands before them."""
    if dense := _DENSE_RUN.findall(text):
        yield from (([(word, word)], True) for word in dense if word not in language.stopwords)
        return
    run: list[tuple[str, str]] = []
    named = False
    for word in _TOKEN.findall(text):
        terms = [] if _says_nothing(word.casefold(), language, strange) else list(language.terms(word))
        if terms:
            run.append((terms[0], word))
            continue
        if run:
            yield run, named
            run = []
        named = language.telling.fullmatch(word) is not None
    if run:
        yield run, named


def _says_nothing(word: str, language: Language, strange: Collection[str]) -> bool:
    return word in language.vague or word in strange or word in WEEKDAYS or word in MONTHS or word in NUMBERS


def _surface(places: Sequence[_Place]) -> str:
    """The most usual way of writing it; lower case where that is ever used."""
    written = Counter(place.written for place in places)
    best = written.most_common(1)[0][0]
    return best.casefold() if best.casefold() in written else best
