"""The bot's chat lines in six languages, built from facts of the meeting.

A line fits Meet's limit of 500 characters and is one line of visible text, whatever the facts contain.
"""

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from agent.rules.folding import clean

LINE_MAX = 500  # UTF-16 units, as a browser counts
FACT_MAX = 60

_LINES: dict[str, Any] = tomllib.loads(files(__package__).joinpath("data/lines.toml").read_text("utf-8"))
LANGUAGES = tuple(_LINES)
_FALLBACK = "en"
_PARTS = frozenset({"invited_by", "permission_host", "permission_anyone", "somebody"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What lines may tell.

    `inviter` is a name or an address, '' when unknown; `recipients` a value of `[recap] recipients`; `recording` one of
    `[recording] mode`; `who` one of `[consent] who`; `language` a tag such as `de` or `pt-BR`; `mark` tells this bot's
    claim to be the first from another's.
    """

    bot: str
    inviter: str = ""
    recipients: str = "inviter"
    recording: str = "off"
    who: str = "host"
    language: str = "en"
    mark: str = ""


def line(purpose: str, facts: Facts, *, language: str = "", rival: str = "", rule: str = "") -> str:
    """Return the line for `purpose`, a key of `data/lines.toml`; `language` overrides the facts' own."""
    return _fill(_words(language or facts.language)[purpose], facts, language, rival, rule)


def goodbye(reason: str, facts: Facts, *, language: str = "", rival: str = "") -> str:
    """Return the line that says why the bot leaves; `reason` is an end reason or `opted_out`."""
    lines = _words(language or facts.language)["goodbye"]
    return _fill(lines.get(reason, lines["other"]), facts, language, rival, "")


def recognise(text: str) -> str:
    """Return the key of the line that a Meetbot of whatever name and language wrote here, `goodbye`, or ''."""
    shown = clean(text)[: 2 * LINE_MAX]
    return next((key for key, literals in _SHAPES if _has_shape(shown, literals)), "")


def _has_shape(text: str, literals: tuple[str, ...]) -> bool:
    """Whether the fixed words of a line stand in a text in their order, with anything where the facts go."""
    first, *between, last = literals
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for literal in between:
        found = text.find(literal, at, end)
        if found < 0:
            return False
        at = found + len(literal)
    return True


def _shapes() -> tuple[tuple[str, tuple[str, ...]], ...]:
    found = []
    for language in LANGUAGES:
        words = _LINES[language]
        lines = [(key, text) for key, text in words.items() if isinstance(text, str) and key not in _PARTS]
        lines += [("goodbye", text) for text in words["goodbye"].values()]
        for key, text in lines:
            literals = tuple(re.split(r"\{\w+\}", clean(text)))
            found.append((key, literals if len(literals) > 1 else (literals[0], "")))
    return tuple(found)


def _fill(template: str, facts: Facts, language: str, rival: str, rule: str) -> str:
    for fact_max in (FACT_MAX, FACT_MAX // 2, FACT_MAX // 4):
        text = clean(template.format_map(_values(facts, language, rival, rule, fact_max)))
        if _units(text) <= LINE_MAX:
            return text
    return text[: LINE_MAX // 2]


def _values(facts: Facts, language: str, rival: str, rule: str, fact_max: int) -> dict[str, str]:
    words = _words(language or facts.language)
    inviter = _fact(facts.inviter, fact_max)
    keeps: dict[str, str] = words["keeps"]
    recipients: dict[str, str] = words["recipients"]
    return {
        "bot": _fact(facts.bot, fact_max) or "Meetbot",
        "invited_by": words["invited_by"].format(inviter=inviter) if inviter else "",
        "keeps": keeps.get(facts.recording, keeps["transcript"]),
        "recipients": recipients.get(facts.recipients, recipients["inviter"]),
        "permission": words[f"permission_{facts.who}"],
        "rival": _fact(rival, fact_max) or words["somebody"],
        "rule": _fact(rule, fact_max),
        "mark": facts.mark,
    }


def _words(language: str) -> dict[str, Any]:
    words: dict[str, Any] = _LINES.get(_tag(language), _LINES[_FALLBACK])
    return words


def _tag(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()


def _fact(text: str, longest: int) -> str:
    shown = clean(text)
    return shown if len(shown) <= longest else shown[: longest - 1].rstrip() + "…"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


_SHAPES = _shapes()
