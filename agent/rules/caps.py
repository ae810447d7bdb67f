"""How many meetings one inviter may have the bot in. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.rules.reconcile import Create, Decision, Refuse


@dataclass(frozen=True, slots=True)
class Limits:
    """0 means any number. A day is one of UTC."""

    joins_per_day: int = 20
    concurrent: int = 3


@dataclass(frozen=True, slots=True)
class Planned:
    """When a bot is, or was, in a meeting of the inviter's."""

    starts_at: datetime
    ends_at: datetime


def within(decisions: Sequence[Decision], planned: Sequence[Planned], limits: Limits) -> tuple[Decision, ...]:
    """Return the decisions with each new meeting refused that would be one too many; the earliest come first."""
    taken = list(planned)
    refused: dict[tuple[str, str], list[str]] = {}
    kept: list[Decision] = []
    for decision in sorted(decisions, key=_time):
        if not isinstance(decision, Create):
            kept.append(decision)
            continue
        refusal = _refusal(decision, taken, limits)
        if refusal:
            refused.setdefault(refusal, []).append(decision.slot)
        else:
            taken.append(Planned(decision.starts_at, decision.ends_at))
            kept.append(decision)
    return (*kept, *(Refuse(tuple(slots), *why) for why, slots in refused.items()))


def _refusal(wanted: Create, taken: Sequence[Planned], limits: Limits) -> tuple[str, str] | None:
    on_that_day = sum(one.starts_at.date() == wanted.starts_at.date() for one in taken)
    if limits.joins_per_day and on_that_day >= limits.joins_per_day:
        return (
            "joins_per_day",
            f"the bot goes to at most {limits.joins_per_day} meetings a day for one inviter",
        )
    at_once = sum(one.starts_at < wanted.ends_at and wanted.starts_at < one.ends_at for one in taken)
    if limits.concurrent and at_once >= limits.concurrent:
        return (
            "concurrent",
            f"the bot goes to at most {limits.concurrent} meetings at the same time for one inviter",
        )
    return None


def _time(decision: Decision) -> tuple[bool, float]:
    return (True, decision.starts_at.timestamp()) if isinstance(decision, Create) else (False, 0.0)
