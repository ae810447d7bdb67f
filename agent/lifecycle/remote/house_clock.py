"""The house's time on a machine whose own clock may be wrong: bots knock, and date what is said, by the house's clock."""

from datetime import datetime, timedelta

import structlog

from agent.ports import Clock

CLOSE_ENOUGH = timedelta(seconds=5)  # less may be the wire's doing
log = structlog.get_logger("clock")


class HouseClock:
    """Implements `ports.Clock`: the machine's clock, put right by what the house says."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = timedelta()

    def hear(self, now: datetime) -> None:
        """Take over the house's present instant where this clock is off."""
        off = now - self.now()
        if abs(off) <= CLOSE_ENOUGH:
            return
        log.warning("clock.wrong", action="clock.set", off_seconds=round(off.total_seconds(), 1))
        self._ahead += off

    def now(self) -> datetime:
        """Return the house's present instant, as far as it is known."""
        return self._clock.now() + self._ahead

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        await self._clock.sleep(seconds)
