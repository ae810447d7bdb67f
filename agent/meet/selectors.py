"""The one table of labels, texts and structure, compiled into what the page's script and the verdict need."""

import json
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

BINDING = "meetbotTell"
SCRIPTS = (
    "words.js",
    "find.js",
    "survey.js",
    "roster.js",
    "chat.js",
    "captions.js",
    "recording.js",
    "watch.js",
)
SPECIAL = frozenset("\\^$.*+?()[]{}|/")
FOLDED = str.maketrans({"\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u2026": "..."})


@dataclass(frozen=True, slots=True)
class Table:
    """The compiled table: `page` is what the script reads, `admission` the controls that exist only in the call.

    `you` are the words for oneself as the sender of a chat line.
    """

    page: dict[str, Any]
    admission: frozenset[str]
    structure: dict[str, Any]
    you: frozenset[str]


def fold(text: str) -> str:
    """The text as it is compared: one kind of apostrophe, single spaces, lower case."""
    return " ".join(text.translate(FOLDED).split()).lower()


def squeeze(text: str) -> str:
    """The folded text without spaces and closing marks, so that a sentence split over elements is still found."""
    return fold(text).replace(" ", "").rstrip(".!。")


def compile_phrases(phrases: list[str]) -> str:
    """One JavaScript pattern (flag u) for all phrases; '' matches nothing and is left out by the script."""
    return "|".join(compile_phrase(phrase) for phrase in phrases)


def compile_phrase(phrase: str) -> str:
    """`=whole`, `*anywhere`, or the start of a name that ends at the end of a word."""
    mode = phrase[0] if phrase[0] in "=*" else ""
    folded = fold(phrase.removeprefix(mode) if mode else phrase)
    escaped = "".join(f"\\{char}" if char in SPECIAL else char for char in folded)
    if mode == "=":
        return f"^{escaped}$"
    if mode == "*":
        return escaped
    return f"^{escaped}(?![\\p{{Script=Latin}}\\p{{N}}])" if folded[-1].isalpha() else f"^{escaped}"


def phrases_of(languages: dict[str, list[str]]) -> list[str]:
    """All languages at once: a page is read whatever language it came in."""
    return [phrase for phrases in languages.values() for phrase in phrases]


def compile_control(control: dict[str, Any]) -> dict[str, Any]:
    """A control as the script searches for it."""
    return {
        "kind": control["kind"],
        "names": compile_phrases(phrases_of(control["names"])),
        "never": compile_phrases(control.get("never", [])),
        "icons": control.get("icons", []),
        "css": control.get("css", []),
    }


def compile_region(region: dict[str, Any]) -> dict[str, Any]:
    """A part of the page, by role and name or by structure."""
    return {
        "roles": region["roles"],
        "css": region["css"],
        "names": compile_phrases(phrases_of(region["names"])),
    }


def compile_table(raw: dict[str, Any]) -> Table:
    """Compile what the data file holds. Raises KeyError for a table with a part missing."""
    sentences = {
        kind: {name: [squeeze(phrase) for phrase in phrases_of(found)] for name, found in raw[kind].items()}
        for kind in ("text", "dialog")
    }
    page = {
        "binding": BINDING,
        "controls": {name: compile_control(control) for name, control in raw["control"].items()},
        "regions": {name: compile_region(region) for name, region in raw["region"].items()},
        "structure": raw["structure"],
        "texts": sentences["text"],
        "dialogs": sentences["dialog"],
        "words": {name: compile_phrases(phrases_of(found)) for name, found in raw["word"].items()},
    }
    admission = frozenset(name for name, control in raw["control"].items() if control.get("admission"))
    you = frozenset(fold(word[1:]) for word in phrases_of(raw["word"]["you"]) if word.startswith("="))
    return Table(page, admission, raw["structure"], you)


@cache
def load_table() -> Table:
    """The table that comes with the product."""
    text = resources.files("agent.meet").joinpath("selectors.toml").read_text("utf-8")
    return compile_table(tomllib.loads(text))


@cache
def page_script() -> str:
    """The script that watches the page, with the table inside."""
    folder = resources.files("agent.meet").joinpath("page")
    parts = [folder.joinpath(name).read_text("utf-8") for name in SCRIPTS]
    table = json.dumps(load_table().page, ensure_ascii=False)
    return "\n".join(["(() => {", f"const TABLE = {table};", *parts, "})();"])
