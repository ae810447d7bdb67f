"""Tells people, competing note-takers and rows that are neither apart, by display name.

Names are the reliable sign: note-takers speak and move like people, but say what they are. The patterns are data
(`data/rivals.toml`); what settles a doubt stands above them: the operator's allow list, then the invitation.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any

from agent.rules.folding import fold, plain, same

LABEL_MAX = 120
OWN_NAME = "own name"
PATTERN_MAX = 200
_REPEATS_MAX = 2
_OPTIONS_MAX = 6
_GROUPS_MAX = 4
_ALTERNATIVES_MAX = 20
UNKNOWN_VENDOR = "unknown"

_DATA: dict[str, Any] = tomllib.loads(files(__package__).joinpath("data/rivals.toml").read_text("utf-8"))


class Kind(StrEnum):
    """What a row of the roster is."""

    HUMAN = "human"
    RIVAL = "rival"
    PSEUDO = "pseudo"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a name was taken for, and by which rule. `vendor` is empty for humans; `crowd`: people may stand behind it."""

    kind: Kind
    vendor: str = ""
    rule: str = ""
    crowd: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What is known besides the name.

    `invited` are (name, e-mail) pairs of the invitation; `cleared` are names that somebody said are people; `signed` are
    (name, vendor) of chat lines that carry a vendor's signature.
    """

    own_name: str = ""
    invited: tuple[tuple[str, str], ...] = ()
    allow: tuple[str, ...] = ()
    extra_patterns: tuple[str, ...] = ()
    cleared: frozenset[str] = field(default_factory=frozenset)
    signed: frozenset[tuple[str, str]] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    rule: str
    vendor: str = ""
    cased: bool = False
    crowd: bool = False


def _rules(section: str) -> tuple[_Rule, ...]:
    return tuple(
        _Rule(
            re.compile(entry["pattern"]),
            entry.get("rule") or f"vendor {entry['vendor']}",
            entry.get("vendor", ""),
            entry.get("cased", False),
            entry.get("crowd", False),
        )
        for entry in _DATA[section]
    )


_PSEUDO = _rules("pseudo")
_STRONG = _rules("strong")
_SIGNATURES = _rules("signatures")
_ADDRESSES: dict[str, str] = _DATA["addresses"]
_BRANDS: dict[str, str] = {fold(word): vendor for vendor, words in _DATA["words"].items() for word in words}
_VENDORS = {
    *_BRANDS.values(),
    *_ADDRESSES.values(),
    *(rule.vendor for rule in _STRONG if rule.vendor),
}
_PROPER = {fold(vendor): vendor for vendor in _VENDORS}
_REMARK = re.compile(r"\s*[(（](?:" + "|".join(map(re.escape, _DATA["remarks"])) + r")[)）]\s*$")
_BRACKETED_OR_OWNED = re.compile(r"(?:'s|s') (?P<owned>[\w .;]+)$|\((?P<bracketed>[^()]+)\)\s*$")


def classify(name: str, context: Context) -> Verdict:
    """Return what the bearer of a display name is. The name is taken whole, as the roster shows it."""
    return _classify(name[:LABEL_MAX], context)


@lru_cache(maxsize=4096)
def _classify(name: str, context: Context) -> Verdict:
    label = _label(name)
    if label and (same(name) in context.cleared or label in {_label(entry) for entry in context.allow}):
        return Verdict(Kind.HUMAN, rule="allowed")
    if found := _first(_PSEUDO, label, name):
        return Verdict(Kind.PSEUDO, rule=found.rule, crowd=found.crowd)
    if label == _label(context.own_name):
        # Our own row of an earlier try lingers for a minute; it is neither company nor a rival.
        return Verdict(Kind.PSEUDO, rule=OWN_NAME)
    verdict = _by_pattern(name, label, context)
    if verdict.kind is not Kind.RIVAL:
        return verdict
    if fold(verdict.vendor) in {fold(entry) for entry in context.allow}:
        return Verdict(Kind.PSEUDO, verdict.vendor, f"allowed vendor, {verdict.rule}")
    if _is_invited(label, context.invited):
        return Verdict(Kind.HUMAN, rule=f"invited by that name, against {verdict.rule}")
    return verdict


def _by_pattern(name: str, label: str, context: Context) -> Verdict:
    for pattern in context.extra_patterns:
        if not unsafe(pattern) and any(_extra(pattern).search(text) for text in (label, plain(name))):
            return Verdict(Kind.RIVAL, _vendor_in(label), f"extra pattern {pattern}")
    if found := _first(_STRONG, label, name):
        return Verdict(Kind.RIVAL, found.vendor or _named(found, label), found.rule)
    if brand := _brand(label):
        return Verdict(Kind.RIVAL, brand, "brand as a word")
    expected = {vendor for vendor, _ in expected_rivals(context.invited)}
    for signer, vendor in context.signed:
        # One sign alone is no verdict; a vendor both invited and speaking with its own voice is.
        if signer == same(name) and vendor in expected:
            return Verdict(Kind.RIVAL, vendor, "chat signature and invited address")
    return Verdict(Kind.HUMAN)


def expected_rivals(invited: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return (vendor, address) of note-takers on the invitation: known before anybody joins, evidence only."""
    found = []
    for _, email in invited:
        address = email.strip().lower()
        domains = address.rpartition("@")[2].split(".")
        keys = [address, *(".".join(domains[start:]) for start in range(len(domains)))]
        if vendor := next((_ADDRESSES[key] for key in keys if key in _ADDRESSES), None):
            found.append((vendor, address))
    return tuple(found)


def chat_signature(text: str) -> str:
    """Return the vendor whose signature a chat line carries, `unknown` for a nameless one, or ''. Evidence only."""
    found = _first(_SIGNATURES, fold(text), text)
    return found.vendor if found else ""


def unsafe(pattern: str) -> str:
    """Return why an operator's pattern is not run, or ''.

    A display name comes from a stranger, so a pattern must not take long on any: no repeated groups, no look-around, no
    back-references, and few repetitions.
    """
    if len(pattern) > PATTERN_MAX:
        return f"is longer than {PATTERN_MAX} characters"
    bare = re.sub(r"\[\^?\]?(?:\\.|[^\]\\])*\]", "_", re.sub(r"\\[\\\[\](){}.*+?|^$]", "_", pattern))
    if re.search(r"\(\?(?!:)", bare):
        return "uses a look-around, a flag or a named group"
    if re.search(r"\\[1-9]", bare):
        return "refers back to a group"
    if re.search(r"\)[*+{]", bare):
        return "repeats a group"
    if len(re.findall(r"[*+]|\{\d*,", bare)) > _REPEATS_MAX:
        return f"has more than {_REPEATS_MAX} open repetitions"
    if bare.count("?") - bare.count("(?") > _OPTIONS_MAX:
        return f"has more than {_OPTIONS_MAX} optional parts"
    if bare.count("(") > _GROUPS_MAX or bare.count("|") > _ALTERNATIVES_MAX:
        return f"has more than {_GROUPS_MAX} groups or {_ALTERNATIVES_MAX} alternatives"
    try:
        re.compile(pattern)
    except re.error as error:
        return f"is not a regular expression: {error}"
    return ""


@lru_cache(maxsize=256)
def _extra(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _label(name: str) -> str:
    label, before = " ".join(fold(name).split()), None
    while label != before:
        label, before = _REMARK.sub("", label).strip(), label
    return label


def _first(rules: tuple[_Rule, ...], label: str, name: str) -> _Rule | None:
    return next((rule for rule in rules if rule.pattern.search(plain(name) if rule.cased else label)), None)


def _brand(label: str) -> str:
    if label in _BRANDS:
        return _BRANDS[label]
    if part := _BRACKETED_OR_OWNED.search(label):
        return _BRANDS.get((part["owned"] or part["bracketed"]).strip(), "")
    return ""


def _named(rule: _Rule, label: str) -> str:
    match = rule.pattern.search(label)
    word = match.groupdict().get("vendor") if match else None
    return _PROPER.get(word, word.title()) if word else _vendor_in(label)


def _vendor_in(label: str) -> str:
    """Name the vendor of a label already known to be a note-taker's: its brand words are no people here."""
    words = set(re.findall(r"[\w;]+", label))
    return next((vendor for word, vendor in _PROPER.items() if word in words), UNKNOWN_VENDOR)


def _is_invited(label: str, invited: tuple[tuple[str, str], ...]) -> bool:
    vendors = {address for _, address in expected_rivals(invited)}
    return any(name and email.lower() not in vendors and _label(name) == label for name, email in invited)
