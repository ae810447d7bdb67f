"""What the embedded engine knows of a language: little words, and the phrases in which people decide, promise, ask."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from agent.model.transcript import Entry

KNOWN = ("en", "de", "fr", "es", "pt", "ja")
_KANA = re.compile(r"[\u3040-\u30ff]")
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+")
_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_STEM = 6


@dataclass(frozen=True)
class Language:
    """`vague` words are content words that name no subject; `telling` are words of reports, `personal` words of chat.

    Patterns are searched case-insensitively; `owner` has a group `name`, and `about` the place `{topics}`.
    """

    code: str
    stopwords: frozenset[str]
    vague: frozenset[str]
    filler: re.Pattern[str]
    lead_in: re.Pattern[str]
    hesitation: re.Pattern[str]
    decision: re.Pattern[str]
    commitment: re.Pattern[str]
    assignment: re.Pattern[str]
    open_question: re.Pattern[str]
    due: re.Pattern[str]
    owner: re.Pattern[str]
    agreement: re.Pattern[str]
    telling: re.Pattern[str]
    personal: re.Pattern[str]
    about: str  # "The meeting was about {topics}."
    comma: str
    and_word: str

    def terms(self, text: str) -> Iterator[str]:
        """The content words of a text, cut to their beginnings so that forms of one word are one term."""
        for word in _WORD.findall(text.casefold().replace("’", "'")):
            if _DENSE.match(word):
                yield from self._dense_terms(word)
            elif len(word) > 2 and word not in self.stopwords:
                yield word[:_STEM]

    def _dense_terms(self, run: str) -> Iterator[str]:
        for i in range(len(run) - 1):
            if (pair := run[i : i + 2]) not in self.stopwords and not re.fullmatch(r"[\u3040-\u309f]+", pair):
                yield pair

    def tidied(self, text: str) -> str:
        """The sentence without hesitations and what only leads up to it, beginning with a capital."""
        bare = self.hesitation.sub(" ", text)
        bare = re.sub(r"\s+([,.;:!?])", r"\1", " ".join(bare.split()))
        bare = self.lead_in.sub("", bare.lstrip(" ,.;:-"))
        return bare[:1].upper() + bare[1:]

    def listed(self, items: Sequence[str]) -> str:
        """Two or more items as a sentence lists them: a, b and c."""
        return self.comma.join(items[:-1]) + self.and_word + items[-1]

    def is_filler(self, text: str) -> bool:
        """Whether nothing is said: agreement, thanks, greetings."""
        return self.filler.search(text) is not None


def detected(entries: Sequence[Entry]) -> str:
    """The code of the language mostly spoken: as the entries say, else by its little words; `en` when in doubt."""
    told = Counter(entry.language.split("-")[0].lower() for entry in entries if entry.language)
    if told:
        return told.most_common(1)[0][0]
    return detected_in(" ".join(entry.text for entry in entries[:400]))


def detected_in(words: str) -> str:
    """The code of the language a text is written in, by its little words; `en` when in doubt."""
    text = words.casefold()
    if len(_KANA.findall(text)) > len(text) / 10:
        return "ja"
    spoken = Counter(_WORD.findall(text))
    scores = {code: sum(spoken[word] for word in language(code).stopwords) for code in KNOWN if code != "ja"}
    return max(scores, key=lambda code: scores[code])


@cache
def language(code: str) -> Language:
    """Return what is known of a language; for one of which nothing is known, the patterns of English."""
    base = code.split("-")[0].lower()
    name = base if base in KNOWN else "en"
    data = tomllib.loads(files("agent.summary").joinpath("languages", f"{name}.toml").read_text("utf-8"))
    return Language(
        code=base,
        stopwords=frozenset(data["stopwords"].split()),
        vague=frozenset(data["vague"].split()),
        about=data["about"],
        comma=data["comma"],
        and_word=data["and_word"],
        hesitation=_pattern(rf"(?:,\s*)?(?:{data['hesitation']})"),
        **{field: _pattern(data[field]) for field in _PATTERNS},
    )


_PATTERNS = (
    "filler",
    "lead_in",
    "decision",
    "commitment",
    "assignment",
    "open_question",
    "due",
    "owner",
    "agreement",
    "telling",
    "personal",
)


def _pattern(value: str | list[str]) -> re.Pattern[str]:
    joined = value if isinstance(value, str) else "|".join(value)
    return re.compile(joined, re.IGNORECASE)
