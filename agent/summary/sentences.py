"""From transcript entries to sentences that can be weighed: split, tidied, with the words that carry meaning."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from agent.model.transcript import Entry
from agent.rules.folding import clean
from agent.summary.language import Language

# German writes a day as an ordinal, whose full stop ends nothing: "am 14. Februar".
_MONTH = "(?i:januar|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember)"
_BREAK = re.compile(rf"(?<=[.!?…])[\"'”’)]*\s+(?:(?<!\d\.\s)|(?!{_MONTH}\b))(?=\S)|(?<=[。！？])")
_ENDED = re.compile(r"[.!?…。！？][\"'”’)]*$")
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+")
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_QUESTION_MARK = re.compile(r"[?？]\s*$")
_REPEATED = re.compile(r"\b(\w+(?: \w+){0,2})(?:,? \1\b)+", re.IGNORECASE)
_LONGEST_WORDS = 60


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as it can be quoted. `cites` are the ordinals of the entries it spreads over, `order` its place."""

    text: str
    speaker: str
    cites: tuple[int, ...]
    order: int
    words: int
    terms: tuple[str, ...]  # folded content words, in order

    @property
    def asks(self) -> bool:
        """Whether it is a question."""
        return _QUESTION_MARK.search(self.text) is not None


def sentences(entries: Sequence[Entry], language: Language) -> list[Sentence]:
    """Return all sentences with something in them. What one speaker says in a row is read as one text."""
    found: list[Sentence] = []
    for text, speaker, cites in _spoken(entries):
        tidy = language.tidied(_REPEATED.sub(r"\1", text))
        if not tidy or language.is_filler(tidy):
            continue
        for piece in _pieces(tidy):
            terms = tuple(language.terms(piece))
            found.append(Sentence(piece, speaker, cites, len(found), len(words(piece)), terms))
    return found


def words(text: str) -> list[str]:
    """The words of a text; in writing without spaces every two characters count as one."""
    spaced = _DENSE.sub(lambda m: " " + " ".join(m[0][i : i + 2] for i in range(0, len(m[0]), 2)) + " ", text)
    return _WORD.findall(spaced)


def _spoken(entries: Sequence[Entry]) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Sentences with their speaker and the entries they come from; one may go over several entries of a speaker."""
    numbered = enumerate(entries, 1)
    for speaker, run in groupby(numbered, key=lambda pair: pair[1].speaker):
        open_text = ""
        open_cites: tuple[int, ...] = ()
        for n, entry in run:
            *whole, last = _BREAK.split(clean(f"{open_text} {entry.text}")) or [""]
            cites = (*open_cites, n)
            for i, text in enumerate(whole):
                yield text, speaker, cites if i == 0 else (n,)
            open_text, open_cites = last, (n,) if whole else cites
            if _ENDED.search(last) or len(words(last)) > _LONGEST_WORDS:
                yield last, speaker, open_cites
                open_text, open_cites = "", ()
        if open_text.strip():
            yield open_text, speaker, open_cites


def _pieces(text: str) -> Iterator[str]:
    """The sentence, or where it has no end, stretches of it cut at commas."""
    if len(words(text)) <= _LONGEST_WORDS:
        yield text
        return
    piece = ""
    for part in re.split(r"(?<=[,;、，])\s*", text):
        if piece and len(words(f"{piece} {part}")) > _LONGEST_WORDS:
            yield piece.rstrip(" ,;、，") + "."
            piece = ""
        piece = f"{piece} {part}".strip()
    yield piece


def frequencies(found: Sequence[Sentence]) -> Counter[str]:
    """In how many sentences each term occurs."""
    return Counter(term for sentence in found for term in set(sentence.terms))
