"""Whether a summary says what the transcript says: citations, names, numbers, dates, quotes, addresses.

Nothing here understands a sentence. It proves that the hard facts in it were said, and takes out what could only
have come from somewhere else: addresses, markup and invisible characters.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from agent.model.summary import (
    ActionItem,
    Brief,
    Cited,
    Decision,
    Note,
    NoteKind,
    Question,
    Statement,
    Summary,
    Topic,
)
from agent.model.transcript import Entry
from agent.rules import speakers
from agent.rules.folding import clean
from agent.rules.spoken_time import AMBIGUOUS, MONTHS, WEEKDAYS, counted, meaning

_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_QUOTE = re.compile(r"[“„«\"「『](?P<said>[^“”„«»\"「」『』]{3,300})[”“»\"」』]")
_CAPITALISED = re.compile(r"(?<![\w'’])[^\W\d_a-z][^\W\d_]*(?:['’\-][^\W\d_]+)*")
_SENTENCE_START = re.compile(r"(?:^|[.!?:;•\n]\s+|^[\"“„«(]+)$")
_DOER = re.compile(
    r"^(?P<name>[^\W\d_a-z][^\W\d_]+)(?:[’']s)?\s+"
    r"(?:will|has|have|is|was|agreed|said|offered|promised|plans|needs|wants|asked|suggested|proposed|to)\b"
)
_NOBODY_SPECIAL = re.compile(
    "a|all|and|another|any|attendees|both|customers|each|every(?:body|one)|group|he|it|management|many|members|most|"
    "nobody|none|one|others|participants|people|she|some(?:body|one)?|staff|team|that|the|there|they|this|those|two|"
    "users|we|what|which|who|work|you"
)
_ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.\-]{1,20}://|www\.|mailto:|data:|javascript:)\S+|\b[\w.+\-]+@[\w\-]+\.[\w.\-]+"
    r"|\b(?:[a-z0-9\-]+\.)+(?:com|net|org|io|dev|app|example|invalid|ru|cn|xyz|info|biz|co|me|ly|link)\b(?:/\S*)?",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"<[a-z/!?][^>]*>?|!?\[[^\]]*\]\s*[(\[][^)\]]*[)\]]?|^\s*\[[^\]]+\]:.*$|`{3}", re.IGNORECASE | re.M
)
_EMPHASIS = re.compile(r"\*\*|__")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_PAIR = re.compile(r"\b([^\W\d_a-z][^\W\d_A-Z]+)\s+([^\W\d_a-z][^\W\d_A-Z]+)\b")
_NOUN_CAPITALS = frozenset({"de", "lb"})
_STEM = 5
_NEARBY = 3
_SHORTEST_DENSE = 4


@dataclass(frozen=True, slots=True)
class Findings:
    """The checked summary, and how much of it had to be mended. `foreign` counts statements with planted matter."""

    summary: Summary
    statements: int = 0
    unverified: int = 0
    foreign: int = 0


class Ground:
    """What was said, ready to be asked. Built once per transcript."""

    def __init__(self, entries: Sequence[Entry], brief: Brief, language: str) -> None:
        self._entries = entries
        self._noun_capitals = language.split("-")[0].lower() in _NOUN_CAPITALS
        self._translated = language.split("-")[0].lower() not in _languages(entries, language)
        people = dict.fromkeys([*brief.roster, *(entry.speaker for entry in entries)])
        beside = _squeezed("\n".join([*people, brief.meeting_title, *brief.previous_actions]))
        self._spoken = _squeezed("\n".join(entry.text for entry in entries))
        self._text = f"{self._spoken} {beside}"
        self._words = _words(self._text)
        self._beside = _facts(beside)
        self._facts = [_facts(f"{entry.speaker} {entry.text}") for entry in entries]
        self._stems = [_stems(f"{entry.speaker} {entry.text}") for entry in entries]

    def existing(self, cites: Iterable[int]) -> tuple[int, ...]:
        """The ordinals that exist, each once, in order."""
        return tuple(sorted({n for n in cites if 1 <= n <= len(self._entries)}))

    def has_address(self, address: str) -> bool:
        """Whether a URL or mail address was said letter by letter; a title or a display name is not enough."""
        return _squeezed(address.rstrip(".,;:!?)]}>\"'")) in self._spoken

    def knows(self, name: str) -> bool:
        """Whether every part of a person's name belongs to the roster or was spoken."""
        parts = _words(name)
        return bool(parts) and parts <= self._words

    def concerns(self, person: str, cites: Sequence[int]) -> bool:
        """Whether somebody spoke, or was spoken of, at the cited entries or next to them."""
        return any(_words(person) & self._facts[n - 1] for n in _around(cites, len(self._entries)))

    def said(self, phrase: str, cites: Sequence[int]) -> bool:
        """Whether the hard words of a time ("Friday", "2 p.m.") were said at the cited entries or next to them."""
        near = " ".join(self._entries[n - 1].text for n in _around(cites, len(self._entries)))
        if _CJK.search(phrase):
            return _squeezed(phrase) in _squeezed(near)
        present = _facts(near)
        wanted = _words(phrase) | _numbers(phrase)
        hard = {w for w in wanted if w[0].isdigit() or w.startswith(("weekday-", "month-"))}
        return (hard or wanted) <= present

    def mentions(self, text: str, near: Sequence[int] | None = None) -> bool:
        """Whether every number of `text` was said in the entries `near` (by default: anywhere), and every name, date and
        quote somewhere.
        """
        told = self._facts if near is None else [self._facts[n - 1] for n in near]
        return (
            _numbers(text) <= self._beside.union(*told)
            and all(self._has_name(name) for name in _named(text, self._noun_capitals))
            and all(_squeezed(quote) in self._text for quote in _quotes(text))
        )

    def supports(self, text: str, cites: Sequence[int], *, whole_stretch: bool = False) -> bool:
        """Whether every fact of `text` was said, and the cited entries speak of the same things at all.

        With `whole_stretch` the text rests on all that lies between the first and the last citation.
        """
        cited = range(min(cites), max(cites) + 1) if whole_stretch else cites
        near = _around(cited, len(self._entries))
        return self.mentions(text, near) and (self._translated or self._shares_a_word(text, near))

    def _has_name(self, name: str) -> bool:
        folded = _fold(name)
        return meaning(folded) in self._words or _possessor(folded) in self._words

    def _shares_a_word(self, text: str, near: Sequence[int]) -> bool:
        wanted = _stems(text)
        return not wanted or any(wanted & self._stems[n - 1] for n in near)


def grounded(
    summary: Summary, entries: Sequence[Entry], brief: Brief, *, drop_unverified: bool = False
) -> Findings:
    """Check every statement against the transcript and the roster.

    What holds matter from elsewhere (an address or markup that nobody said) is dropped; what cannot be shown to
    have been said is marked `verified=False`, or dropped too where asked; owners and dates not said are cleared.
    """
    tally = _Tally(Ground(entries, brief, summary.language), drop_unverified)
    checked = summary.model_copy(
        update={
            "title": tally.title(summary.title) or tally.clean(brief.meeting_title)[:200],
            "tldr": tally.check(summary.tldr, tally.statement),
            "topics": tally.check(summary.topics, tally.topic),
            "decisions": tally.check(summary.decisions, tally.decision),
            "action_items": tally.check(summary.action_items, tally.action),
            "open_questions": tally.check(summary.open_questions, tally.statement),
        }
    )
    notes = (*summary.notes, *tally.notes())
    return Findings(checked.model_copy(update={"notes": notes}), tally.seen, tally.unverified, tally.foreign)


Item = TypeVar("Item", bound=Cited)
Spoken = TypeVar("Spoken", Statement, Question)


class _Tally:
    """Checks statement by statement and counts."""

    def __init__(self, ground: Ground, drop_unverified: bool) -> None:
        self._ground = ground
        self._drop = drop_unverified
        self._planted = False
        self.seen = self.unverified = self.foreign = 0

    def check(self, items: Sequence[Item], judge: Callable[[Item], Item | None]) -> tuple[Item, ...]:
        kept = []
        for item in items:
            self.seen += 1
            self._planted = False
            judged = judge(item)
            if self._planted or judged is None:
                self.foreign += 1
                continue
            self.unverified += not judged.verified
            if judged.verified or not self._drop:
                kept.append(judged)
        return tuple(kept)

    def clean(self, text: str) -> str:
        """The text as plain words; remembers when something planted was in it."""
        plain = _EMPHASIS.sub("", clean(text))
        bare = _MARKUP.sub(" ", plain)
        bare = _ADDRESS.sub(lambda m: m[0] if self._ground.has_address(m[0]) else " ", bare)
        self._planted |= bare != plain
        return clean(bare)

    def title(self, text: str) -> str:
        """The title, empty where it holds what was not said: it stands above everything and cites nothing."""
        self._planted = False
        bare = self.clean(text)
        return "" if self._planted or not self._ground.mentions(bare) else bare

    def statement(self, item: Spoken) -> Spoken | None:
        text, cites = self.clean(item.text), self._ground.existing(item.cites)
        if not text:
            return None
        return item.model_copy(update={"text": text, "cites": cites, "verified": self._holds(text, cites)})

    def decision(self, item: Decision) -> Decision | None:
        text, cites = self.clean(item.text), self._ground.existing(item.cites)
        if not text:
            return None
        named = tuple(self.clean(name) for name in item.agreed_by)
        known = tuple(name for name in named if self._ground.knows(name))
        verified = self._holds(text, cites) and known == named
        return item.model_copy(
            update={"text": text, "cites": cites, "agreed_by": known, "verified": verified}
        )

    def action(self, item: ActionItem) -> ActionItem | None:
        text, cites = self.clean(item.text), self._ground.existing(item.cites)
        if not text:
            return None
        owner = self.clean(item.owner or "") or None
        owner = None if owner == speakers.UNKNOWN else owner
        due = self.clean(item.due or "") or None
        known = owner if owner and self._ground.knows(owner) else None
        said = due if due and self._ground.said(due, cites) else None
        verified = self._holds(text, cites) and (known, said) == (owner, due)
        verified = verified and (known is None or self._ground.concerns(known, cites))
        return item.model_copy(
            update={"text": text, "cites": cites, "owner": known, "due": said, "verified": verified}
        )

    def topic(self, item: Topic) -> Topic | None:
        title, cites = self.clean(item.title), self._ground.existing(item.cites)
        if not title:
            return None
        points = [point for point in (self.clean(point) for point in item.points) if point]
        good = [point for point in points if self._holds(point, cites, whole_stretch=True)]
        titled = self._holds(title, cites, whole_stretch=True)
        verified = titled and len(good) == len(points)
        if self._drop:
            points, verified = good, titled
        return item.model_copy(
            update={"title": title, "cites": cites, "points": tuple(points), "verified": verified}
        )

    def notes(self) -> list[Note]:
        told = []
        if self.foreign:
            text = (
                f"{self.foreign} statement(s) were left out: they held addresses or markup that nobody said."
            )
            told.append(Note(kind=NoteKind.FOREIGN, text=text, count=self.foreign))
        if self.unverified and self._drop:
            text = f"{self.unverified} statement(s) were left out: the transcript does not bear them out."
            told.append(Note(kind=NoteKind.UNVERIFIED, text=text, count=self.unverified))
        return told

    def _holds(self, text: str, cites: Sequence[int], *, whole_stretch: bool = False) -> bool:
        return bool(cites) and self._ground.supports(text, cites, whole_stretch=whole_stretch)


def _around(cites: Iterable[int], last: int) -> list[int]:
    """The ordinals with a few before and after each."""
    return sorted({m for n in cites for m in range(max(1, n - _NEARBY), min(last, n + _NEARBY) + 1)})


def _languages(entries: Sequence[Entry], otherwise: str) -> set[str]:
    told = {entry.language for entry in entries if entry.language} or {otherwise}
    return {code.split("-")[0].lower() for code in told}


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("’", "'")


def _squeezed(text: str) -> str:
    return _fold(clean(text))


def _words(text: str) -> set[str]:
    folded = [_fold(word) for word in _WORD.findall(text)]
    parts = {part for word in folded for part in re.split(r"['\-]", word) if part}
    return (
        {meaning(word) for word in folded}
        | {_possessor(word) for word in folded}
        | {meaning(p) for p in parts}
    )


def _possessor(word: str) -> str:
    return word.removesuffix("'s").removesuffix("'")


def _numbers(text: str) -> set[str]:
    """Numbers in digits, thousands' separators taken out: 1,500 and 1.500 and 1500 are one."""
    return {re.sub(r"[.,](?=\d{3}\b)", "", number).lstrip("0") or "0" for number in _NUMBER.findall(text)}


def _facts(text: str) -> set[str]:
    """All that a number, a name or a time may rest on: words, numbers in digits and in letters."""
    return _words(text) | _numbers(text) | counted(_fold(text))


def _quotes(text: str) -> list[str]:
    """What stands between quote marks and is more than one word."""
    found = (m["said"].strip(" .,;!?。、") for m in _QUOTE.finditer(text))
    return [said for said in found if " " in said or len(_CJK.findall(said)) > _SHORTEST_DENSE]


def _named(text: str, noun_capitals: bool) -> set[str]:
    """The words that look like names or dates: capitalised inside a sentence, or a doer at its beginning.

    In a language that capitalises its nouns, only pairs of them count as a name.
    """
    capitalised = (m for m in _CAPITALISED.finditer(text) if m[0][0].isupper())
    found = [(m[0], bool(_SENTENCE_START.search(text[: m.start()]))) for m in capitalised]
    inside = {word for word, starts in found if not starts and len(word) > 1}
    dates = {word for word, _ in found if _fold(word) in (WEEKDAYS | MONTHS) and _fold(word) not in AMBIGUOUS}
    if noun_capitals:
        inside = {part for pair in _PAIR.findall(text) if inside.issuperset(pair) for part in pair}
    doer = _DOER.match(text)
    if doer and not _NOBODY_SPECIAL.fullmatch(_fold(doer["name"])):
        inside = inside | {doer["name"]}
    return inside | dates


def _stems(text: str) -> set[str]:
    """Beginnings of the longer words; pairs of characters in writing that has no spaces."""
    folded = _fold(text)
    dense = "".join(c if _CJK.match(c) else " " for c in folded).split()
    pairs = {run[i : i + 2] for run in dense for i in range(len(run) - 1)}
    return pairs | {word[:_STEM] for word in _WORD.findall(folded) if len(word) > 3 and not _CJK.match(word)}
