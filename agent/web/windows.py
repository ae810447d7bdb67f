"""Moving windows in memory: when each caller asked, as far back as the longest window reaches."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from limits import RateLimitItem

MOST_CALLERS = 10_000


@dataclass(frozen=True, slots=True)
class Room:
    """What is left in one window: `reset_at` (Unix seconds) is when its oldest request leaves it."""

    amount: int
    remaining: int
    reset_at: float


class Windows:
    """Counts by exact times, so that no burst slips through where two windows meet."""

    def __init__(self) -> None:
        self._times: dict[str, list[float]] = {}

    def spend(self, who: str, windows: Sequence[RateLimitItem], now: float) -> tuple[list[Room], list[Room]]:
        """Count one request if every window has room; return what is left in each, and those that had none."""
        if who not in self._times and len(self._times) >= MOST_CALLERS:
            self._forget_idle(now)
        times = self._times.setdefault(who, [])
        del times[: bisect_right(times, now - max(window.get_expiry() for window in windows))]
        began = [bisect_right(times, now - window.get_expiry()) for window in windows]
        full = [len(times) - start >= window.amount for start, window in zip(began, windows, strict=True)]
        if not any(full):
            times.append(now)
        rooms = [
            Room(
                window.amount,
                max(0, window.amount - (len(times) - start)),
                (times[start] if start < len(times) else now) + window.get_expiry(),
            )
            for start, window in zip(began, windows, strict=True)
        ]
        return rooms, [room for room, is_full in zip(rooms, full, strict=True) if is_full]

    def _forget_idle(self, now: float) -> None:
        """Drop who has not asked within an hour; when that frees nothing, those who have waited longest."""
        ordered = sorted(self._times, key=lambda who: self._times[who][-1] if self._times[who] else 0.0)
        idle = [who for who in ordered if not self._times[who] or self._times[who][-1] < now - 3600]
        for who in idle or ordered[: MOST_CALLERS // 10]:
            del self._times[who]
