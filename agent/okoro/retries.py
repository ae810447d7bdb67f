"""Trying again inside one call: few times, within a budget, as the other side asks, with jitter."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from random import Random
from typing import TypeVar

from agent.errors import Temporary
from agent.ports import Clock

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long one call may be insisted on: `attempts` in all, no new one after `budget_seconds`."""

    attempts: int = 4
    first_pause_seconds: float = 0.5
    longest_pause_seconds: float = 8.0
    budget_seconds: float = 60.0


class Retries:
    """Repeats calls that ended in `Temporary`."""

    def __init__(self, clock: Clock, bounds: Bounds, chance: Random) -> None:
        self._clock = clock
        self._bounds = bounds
        self._chance = chance

    async def insist(self, call: Callable[[], Awaitable[Result]], *, repeatable: bool = True) -> Result:
        """Return the call's result. Raises its last `Temporary` when the bounds are reached, other errors at once."""
        deadline = self._clock.monotonic() + self._bounds.budget_seconds
        for attempt in count(1):
            try:
                return await call()
            except Temporary as error:
                pause = self._pause_seconds(attempt, error.retry_after_seconds)
                too_late = self._clock.monotonic() + pause > deadline
                if not repeatable or too_late or attempt >= self._bounds.attempts:
                    raise
            await self._clock.sleep(pause)
        raise AssertionError("the loop above only ends by returning or raising")

    def _pause_seconds(self, attempt: int, asked_seconds: float | None) -> float:
        backoff = min(
            self._bounds.longest_pause_seconds, self._bounds.first_pause_seconds * 2.0 ** (attempt - 1)
        )
        jitter = self._chance.uniform(0.5, 1.0) * backoff
        # Asked to wait, nobody comes earlier; the jitter on top keeps callers from coming all at once.
        return jitter if asked_seconds is None else asked_seconds + min(jitter, 0.1 * asked_seconds)


def retry_after_seconds(header: str, now: datetime) -> float | None:
    """Read a Retry-After header, seconds or a date, as seconds from `now`; None where it says nothing."""
    value = header.strip()
    if value.isascii() and value.isdigit() and len(value) < 10:
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
