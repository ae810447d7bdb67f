"""How busy the machine is: bots are taken in only while something of the processors is left."""

import asyncio
import contextlib
from dataclasses import dataclass

import psutil

from agent.ports import Clock

SAMPLE_SECONDS = 1.0


@dataclass
class Load:
    """Busy once the processors were at `percent` or more in every sample of the last `seconds`; 0 percent turns it off."""

    percent: float
    seconds: float
    last_percent: float = 0.0
    _busy_since: float | None = None

    def hear(self, percent: float, now: float) -> None:
        """Take in a sample, the mean of all processors; `now` is monotonic seconds."""
        self.last_percent = percent
        if percent < self.percent:
            self._busy_since = None
        elif self._busy_since is None:
            self._busy_since = now

    def busy(self, now: float) -> bool:
        """Whether no further bot should be taken in."""
        return bool(self.percent) and self._busy_since is not None and now - self._busy_since >= self.seconds


class LoadGauge:
    """Samples the machine's load from `start` to `stop`."""

    def __init__(self, load: Load, clock: Clock) -> None:
        self._load = load
        self._clock = clock
        self._sampling: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to sample, where there is a limit to watch for."""
        if self._load.percent and self._sampling is None:
            self._sampling = asyncio.create_task(self._sample(), name="meet load")

    async def stop(self) -> None:
        """Sample no more."""
        if self._sampling is not None:
            self._sampling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sampling
            self._sampling = None

    def too_much(self) -> str:
        """Why the machine should bear no more bots, or ''."""
        if not self._load.busy(self._clock.monotonic()):
            return ""
        return f"The machine is busy ({self._load.last_percent:.0f} % of its processors)."

    async def _sample(self) -> None:
        psutil.cpu_percent()  # the first reading has nothing to compare with
        while True:
            await self._clock.sleep(SAMPLE_SECONDS)
            self._load.hear(psutil.cpu_percent(), self._clock.monotonic())
