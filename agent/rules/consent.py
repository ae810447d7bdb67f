"""What people answer the bot in chat, in six languages, and whose answer counts.

A line is an answer only when every word of it belongs to one (`data/answers.toml`): "yes, go ahead" is a yes, "yes, we
shipped it" is not meant for the bot, and "yes, but not the numbers" is a condition that nobody but a person can weigh.
A refusal that says what it refuses is heard in a longer line as well: a wrong yes harms, a wrong no costs a recap.
"""

import re
import tomllib
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.resources import files
from typing import Any

from agent.rules.folding import plain, same
from agent.rules.presence import Classify, Room
from agent.rules.rivals import OWN_NAME, Kind

WORDS_MAX = 500  # characters of one chat line
FALLBACK_LANGUAGE = "en"

_DATA: dict[str, Any] = tomllib.loads(files(__package__).joinpath("data/answers.toml").read_text("utf-8"))
LANGUAGES = tuple(language for language in _DATA if language != "names")


class Meaning(StrEnum):
    """What a chat line says to the bot."""

    YES = "yes"
    NO = "no"
    STOP = "stop"
    OPT_OUT = "opt_out"
    LEAVE = "leave"
    STAY = "stay"
    NOT_A_BOT = "not_a_bot"
    UNCLEAR = "unclear"


REFUSALS = (Meaning.OPT_OUT, Meaning.STOP, Meaning.NO, Meaning.LEAVE)  # the strongest first
_UNDERSTOOD = (Meaning.YES, *REFUSALS, Meaning.STAY)


@dataclass(frozen=True, slots=True)
class Answer:
    """A chat line understood.

    `bare`: the words may as well answer somebody else, so they count only while a question is open. `addressed`: the bot
    is called by name. `attempt`: an unclear line that begins like an answer. `subject` names who is no bot ('' for the
    speaker).
    """

    meaning: Meaning
    language: str = FALLBACK_LANGUAGE
    bare: bool = True
    addressed: bool = False
    attempt: bool = False
    subject: str = ""


@dataclass(frozen=True, slots=True)
class _Phrase:
    meaning: Meaning | None  # None: a filler, the bot's name, or what a phrase is about
    languages: tuple[str, ...] = ()
    explicit: bool = False
    about: bool = False
    name: bool = False


_SIGNS = frozenset("👍✅👎❌🚫🛑")


def _key(text: str) -> str:
    """Reduce a text to what is compared: case, accents, hyphens and decoration do not count."""
    decomposed = unicodedata.normalize("NFKD", plain(text).casefold())
    bare = re.sub(r"[\u0300-\u036f\ufe0f]", "", decomposed)
    worded = re.sub(r"[-‐‑_@*]", " ", unicodedata.normalize("NFKC", bare))
    kept = (
        character if character in _SIGNS or unicodedata.category(character) not in {"So", "Sk"} else " "
        for character in worded
    )
    return re.sub(r"[ \t]+", " ", "".join(kept)).strip()


_CLAUSE_END = re.compile(r"([.!?;:,\n()\"。、…—–~]+)")
_LATIN = re.compile(r"[a-z0-9]")


def _lexicon() -> dict[str, _Phrase]:
    phrases: dict[str, _Phrase] = {}
    for language in LANGUAGES:
        section = _DATA[language]
        for strength in ("bare", "explicit"):
            for meaning, lines in section[strength].items():
                for line in lines:
                    known = phrases.get(_key(line))
                    spoken = (*(known.languages if known else ()), language)
                    phrases[_key(line)] = _Phrase(Meaning(meaning), spoken, strength == "explicit")
    for language in LANGUAGES:
        for line in _DATA[language]["words"]["about"]:
            phrases.setdefault(_key(line), _Phrase(None, (language,), about=True))
        for line in _DATA[language]["words"]["filler"]:
            known = phrases.get(_key(line))
            if known is None or known.about:
                phrases[_key(line)] = _Phrase(None, (language,))
    for line in _DATA["names"]["words"]:
        phrases[_key(line)] = _Phrase(None, name=True)
    return phrases


_LEXICON = _lexicon()
_LONGEST = max(map(len, _LEXICON))


def _claims(section: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(re.escape(_key(line)).replace(r"\{name\}", "(?P<name>.{1,80}?)")), language)
        for language in LANGUAGES
        for line in _DATA[language]["words"][section]
    )


_I_AM_PERSON = _claims("i_am_person")
_IS_PERSON = _claims("is_person")


def understand(text: str, bot_name: str = "", preferred: str = FALLBACK_LANGUAGE) -> Answer:
    """Return what a chat line means. `preferred` decides the language of words that several share ("no", "ok")."""
    line = _key(text[:WORDS_MAX])
    if person := _claim(line, preferred):
        return person
    own = {_key(bot_name), _key(bot_name).partition(" ")[0]} - {""}
    pieces = _CLAUSE_END.split(line)
    clauses = [
        (piece.strip(), "?" in (pieces[index + 1] if index + 1 < len(pieces) else ""))
        for index, piece in enumerate(pieces)
        if index % 2 == 0 and piece.strip()
    ]
    parsed = [(_parse(clause, own), asks) for clause, asks in clauses]
    addressed = any(_mentions(clause, own) for clause, _ in clauses)
    answer = _decide(parsed, preferred, addressed=addressed)
    return replace(answer, addressed=addressed)


def _decide(parsed: list[tuple[list[_Phrase] | None, bool]], preferred: str, *, addressed: bool) -> Answer:
    whole = all(phrases is not None for phrases, _ in parsed)
    asks = any(asked for _, asked in parsed)
    said = [phrase for phrases, _ in parsed for phrase in phrases or () if phrase.meaning]
    unclear = Answer(Meaning.UNCLEAR, _language(said, preferred), attempt=bool(said))
    meanings = {phrase.meaning for phrase in said}
    for refusal in REFUSALS:
        if refusal not in meanings:
            continue
        of_kind = [phrase for phrase in said if phrase.meaning is refusal]
        explicit = any(phrase.explicit for phrase in of_kind)
        contradicted = not meanings.isdisjoint({Meaning.YES, Meaning.STAY})
        if explicit or (whole and not contradicted and (not asks or addressed)):
            return Answer(refusal, _language(of_kind, preferred), bare=not explicit)
        return unclear
    if whole and not asks and len(meanings) == 1:
        (meaning,) = meanings
        assert meaning is not None
        return Answer(meaning, _language(said, preferred), bare=not any(phrase.explicit for phrase in said))
    return unclear


def _parse(clause: str, own: Collection[str]) -> list[_Phrase] | None:
    """Cut a clause into known phrases without a rest; None when that cannot be done."""
    dead: set[tuple[int, bool]] = set()

    def from_(start: int, *, about: bool) -> list[_Phrase] | None:
        while start < len(clause) and clause[start] == " ":
            start += 1
        if start == len(clause):
            return []
        if (start, about) in dead:
            return None
        for end in range(min(len(clause), start + max(_LONGEST, *map(len, own), 1)), start, -1):
            phrase = _phrase(clause, start, end, own)
            if phrase is None or (phrase.about and not about):
                continue
            rest = from_(end, about=phrase.explicit or (about and phrase.meaning is None))
            if rest is not None:
                return [phrase, *rest]
        dead.add((start, about))
        return None

    return from_(0, about=False)


def _phrase(clause: str, start: int, end: int, own: Collection[str]) -> _Phrase | None:
    words = clause[start:end]
    phrase = _Phrase(None, name=True) if words in own else _LEXICON.get(words)
    if phrase is None:
        return None
    inside_word = (end < len(clause) and _LATIN.match(words[-1]) and _LATIN.match(clause[end])) or (
        start and _LATIN.match(words[0]) and _LATIN.match(clause[start - 1])
    )
    return None if inside_word else phrase


def _mentions(clause: str, own: Collection[str]) -> bool:
    names = {*own, *(_key(word) for word in _DATA["names"]["words"])}
    return any(re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", clause) for name in names if name)


def _claim(line: str, preferred: str) -> Answer | None:
    """Read "I am not a bot" and "Somebody is not a bot"."""
    bare = line.rstrip(".!。 ")
    for patterns in (_I_AM_PERSON, _IS_PERSON):
        hits = [(found, language) for pattern, language in patterns if (found := pattern.fullmatch(bare))]
        for found, language in sorted(hits, key=lambda hit: hit[1] != preferred):
            subject = found.groupdict().get("name") or ""
            return Answer(Meaning.NOT_A_BOT, language, bare=False, subject=subject.strip())
    return None


def _language(said: list[_Phrase], preferred: str) -> str:
    spoken = [language for phrase in said for language in phrase.languages]
    if not spoken or preferred in spoken:
        return preferred if preferred in LANGUAGES else FALLBACK_LANGUAGE
    return FALLBACK_LANGUAGE if FALLBACK_LANGUAGE in spoken else spoken[0]


def may_grant(sender: str, room: Room, who: str, inviter_name: str, classify: Classify) -> bool:
    """Whether a yes of `sender` counts. `room` is the last roster that was known.

    A chat line carries a name only. For `host`, everybody of that name must be marked as host, so that a borrowed name
    is worth nothing; while the page marks no host, the inviter's name serves.
    """
    bearers = room.named(sender)
    if not _is_person(sender, room, classify):
        return False
    if who == "anyone":
        return True
    if room.hosts:
        return bool(bearers) and all(person.is_host for person in bearers)
    return bool(inviter_name) and len(bearers) == 1 and same(sender) == same(inviter_name)


def may_refuse(sender: str, room: Room, classify: Classify) -> bool:
    """Whether a no or stop of `sender` counts: everybody's does, but for note-takers and rows that are no people.

    Somebody who took the bot's own name is heard too: a row of that name may be an old one of its own, a line is not.
    """
    return _is_person(sender, room, classify) or classify(sender).rule == OWN_NAME


def _is_person(sender: str, room: Room, classify: Classify) -> bool:
    return bool(room.named(sender)) or classify(sender).kind is Kind.HUMAN
