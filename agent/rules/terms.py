"""The words that carry a text's meaning, cut to their beginnings so that forms of one word are one term."""

import re
import tomllib
import unicodedata
from importlib.resources import files
from typing import Any

_STEM = 6
_LONG = 4
_SHORTEST = 3
_WORD = re.compile(r"\w+")
_DENSE = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")


def terms(text: str) -> list[str]:
    """Return the terms of a text in order, repeats kept; writing without spaces gives pairs of characters."""
    found: list[str] = []
    for word in _WORD.findall(folded(text)):
        if _DENSE.search(word):
            found += [word[n : n + 2] for n in range(max(1, len(word) - 1))]
        elif (len(word) >= _SHORTEST or word.isdigit()) and word not in _COMMON:
            found.append((word.removesuffix("s") if len(word) > _LONG else word)[:_STEM])
    return found


def folded(text: str) -> str:
    """Return a text without case, accents and compatibility forms."""
    flat = unicodedata.normalize("NFKD", text)
    bare = "".join(letter for letter in flat if not "\u0300" <= letter <= "\u036f")
    return unicodedata.normalize("NFC", bare).casefold()


def is_dense(text: str) -> bool:
    """Whether a text holds writing that puts no spaces between words."""
    return _DENSE.search(text) is not None


def shared(wanted: str, text: str) -> float:
    """Return which share of the terms of `wanted` occur in `text`; 0 when it has none."""
    mine = set(terms(wanted))
    return len(mine & set(terms(text))) / len(mine) if mine else 0.0


_DATA: dict[str, Any] = tomllib.loads(files(__package__).joinpath("data/terms.toml").read_text("utf-8"))
_COMMON = frozenset(folded(_DATA["common"]).split())
DONE = frozenset(folded(_DATA["done"]).split())
DONE_DENSE: tuple[str, ...] = tuple(_DATA["done_dense"])
NOT_YET = frozenset(folded(_DATA["not_yet"]).split())
