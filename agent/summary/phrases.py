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

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words as they are mostly written, and the sentences that hold them."""

    text: str
    found_in: tuple[Sentence, ...]


def phrases(
    near: Sequence[Sentence],
    everywhere: Sequence[Sentence],
    language: Language,
    strange: Collection[str],
    most: int,
) -> list[Phrase]:
    """Return what `near` speaks of more than `everywhere`, best first. `strange` are folded words that say nothing (names)."""
    here, elsewhere = _counted(near, language, strange), _counted(everywhere, language, strange)
    found: list[Phrase] = []
    taken: set[str] = set()
    for key in sorted(here, key=lambda key: (-_worth(key, here, elsewhere), key)):
        if len(found) == most or len(here[key]) < 2:
            break
        if taken.isdisjoint(key):
            taken.update(key)
            found.append(Phrase(_surface(here[key]), tuple(sentence for sentence, _ in here[key])))
    return found


Counted = dict[Key, list[tuple[Sentence, str]]]


def _worth(key: Key, here: Counted, elsewhere: Counted) -> float:
    often = len(here[key])
    own = often / len(elsewhere.get(key, here[key]))
    return often * (1 + _LONGER_IS_BETTER * (len(key) - 1)) * math.sqrt(own) if often > 1 else 0.0


def _counted(found: Sequence[Sentence], language: Language, strange: Collection[str]) -> Counted:
    counted: Counted = defaultdict(list)
    for sentence in found:
        for run in _runs(sentence.text, language, strange):
            for length in range(1, _LONGEST + 1):
                for i in range(len(run) - length + 1):
                    part = run[i : i + length]
                    key = tuple(stem for stem, _ in part)
                    counted[key].append((sentence, " ".join(word for _, word in part)))
    return counted


def _runs(text: str, language: Language, strange: Collection[str]) -> Iterator[list[tuple[str, str]]]:
    """Uninterrupted content words as (term, word)."""
    if dense := _DENSE_RUN.findall(text):
        yield from ([(word, word)] for word in dense if word not in language.stopwords)
        return
    run: list[tuple[str, str]] = []
    for word in _TOKEN.findall(text):
        folded = word.casefold()
        empty = folded in strange or folded in WEEKDAYS or folded in MONTHS or folded in NUMBERS
        terms = [] if empty else list(language.terms(word))
        if terms:
            run.append((terms[0], word))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _surface(places: Sequence[tuple[Sentence, str]]) -> str:
    """The most usual way of writing it; lower case where that is ever used."""
    written = Counter(word for _, word in places)
    best = written.most_common(1)[0][0]
    return best.casefold() if best.casefold() in written else best
