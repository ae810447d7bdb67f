"""Clocks that go as a test wants."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass
class StandingClock:
    """Stands where the test puts it; who waits moves it on."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
