"""What a consent ledger allows, told by its outcomes, oldest first."""

from collections.abc import Iterable

GRANTED = frozenset({"granted", "announced"})
TAKEN_BACK = frozenset({"declined", "withdrawn", "opted_out"})
DELETING = frozenset({"declined", "opted_out"})


def stands(outcomes: Iterable[str]) -> bool:
    """Whether capture is allowed now: the last word counts."""
    words = [outcome for outcome in outcomes if outcome in GRANTED | TAKEN_BACK]
    return bool(words) and words[-1] in GRANTED


def may_keep(outcomes: Iterable[str]) -> bool:
    """Whether what was taken may be kept: a "stop" leaves it, a "no" or "opt out" after the last yes does not."""
    words = [outcome for outcome in outcomes if outcome in GRANTED | DELETING]
    return bool(words) and words[-1] in GRANTED
