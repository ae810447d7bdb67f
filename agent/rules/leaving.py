"""When the bot leaves by itself, and why. Every rule is one line of `RULES`: a name, a reason, and the instant it falls due.

Timers that watch for people start anew whenever a person comes or speaks. None of them runs while it is unknown who is
there: only the ends of patience (overrun, longest stay, lobby) do not ask who is there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.model.states import EndReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The settings of `[auto_leave]`. A zero for silence, overrun and longest stay turns that rule off."""

    lobby_seconds: float = 540.0
    nobody_seconds: float = 900.0
    alone_seconds: float = 60.0
    bots_only_seconds: float = 60.0
    bots_only_after_seconds: float = 300.0
    silence_seconds: float = 900.0
    silence_after_seconds: float = 1200.0
    max_overrun_minutes: float = 60.0
    max_seconds: float = 14400.0


@dataclass(frozen=True, slots=True)
class Watch:
    """What the rules look at.

    `humans` is None while nobody can tell; `empty_since` is when the roster was first seen without people since the last
    one was there; `heard_at` is the
    last sign of life of a person, None while the bot cannot hear. `starts_at` and `ends_at` are the schedule's.
    """

    lobby_since: datetime | None = None
    joined_at: datetime | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    humans: int | None = None
    rivals: int = 0
    human_seen: bool = False
    empty_since: datetime | None = None
    heard_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """A rule and the instant at which it makes the bot leave if nothing changes."""

    at: datetime
    rule: str
    reason: EndReason


def due(watch: Watch, limits: Limits) -> tuple[Due, ...]:
    """Return every rule that is running, the earliest first."""
    running = ((rule, reason, deadline(watch, limits)) for rule, reason, deadline in RULES)
    return tuple(
        sorted(
            (Due(at, rule, reason) for rule, reason, at in running if at is not None), key=lambda one: one.at
        )
    )


def next_deadline(watch: Watch, limits: Limits) -> datetime | None:
    """Return the earliest instant at which a rule can make the bot leave."""
    return next((one.at for one in due(watch, limits)), None)


def verdict(watch: Watch, limits: Limits, now: datetime) -> Due | None:
    """Return the rule by which the bot leaves now, if any."""
    return next((one for one in due(watch, limits) if one.at <= now), None)


def _lobby(watch: Watch, limits: Limits) -> datetime | None:
    if watch.joined_at or not watch.lobby_since:
        return None
    return watch.lobby_since + timedelta(seconds=limits.lobby_seconds)


def _nobody(watch: Watch, limits: Limits) -> datetime | None:
    if not _empty(watch) or watch.human_seen or watch.rivals or not watch.empty_since:
        return None
    return max(watch.empty_since, _begin(watch)) + timedelta(seconds=limits.nobody_seconds)


def _alone(watch: Watch, limits: Limits) -> datetime | None:
    if not _empty(watch) or not watch.human_seen or watch.rivals or not watch.empty_since:
        return None
    return watch.empty_since + timedelta(seconds=limits.alone_seconds)


def _bots_only(watch: Watch, limits: Limits) -> datetime | None:
    if not _empty(watch) or not watch.rivals or not watch.empty_since:
        return None
    counted_from = max(watch.empty_since, _begin(watch) + timedelta(seconds=limits.bots_only_after_seconds))
    return counted_from + timedelta(seconds=limits.bots_only_seconds)


def _silence(watch: Watch, limits: Limits) -> datetime | None:
    if not watch.joined_at or not watch.heard_at or not watch.humans or not limits.silence_seconds:
        return None
    counted_from = max(watch.heard_at, watch.joined_at + timedelta(seconds=limits.silence_after_seconds))
    return counted_from + timedelta(seconds=limits.silence_seconds)


def _overrun(watch: Watch, limits: Limits) -> datetime | None:
    if not watch.joined_at or not watch.ends_at or not limits.max_overrun_minutes:
        return None
    return max(watch.joined_at, watch.ends_at + timedelta(minutes=limits.max_overrun_minutes))


def _longest(watch: Watch, limits: Limits) -> datetime | None:
    if not watch.joined_at or not limits.max_seconds:
        return None
    return watch.joined_at + timedelta(seconds=limits.max_seconds)


def _empty(watch: Watch) -> bool:
    return watch.joined_at is not None and watch.humans == 0


def _begin(watch: Watch) -> datetime:
    assert watch.joined_at is not None
    return max(watch.joined_at, watch.starts_at or watch.joined_at)


Deadline = Callable[[Watch, Limits], datetime | None]
RULES: tuple[tuple[str, EndReason, Deadline], ...] = (
    ("lobby_seconds", EndReason.NOT_ADMITTED, _lobby),
    ("nobody_seconds", EndReason.NOBODY_JOINED, _nobody),
    ("alone_seconds", EndReason.EVERYONE_LEFT, _alone),
    ("bots_only_seconds", EndReason.ONLY_BOTS, _bots_only),
    ("silence_seconds", EndReason.SILENCE, _silence),
    ("max_overrun_minutes", EndReason.SCHEDULE_OVERRUN, _overrun),
    ("max_seconds", EndReason.MAX_DURATION, _longest),
)
