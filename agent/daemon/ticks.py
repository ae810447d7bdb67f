"""The bells: each calls its function at its interval, and does no work of its own.

Nothing durable lives here: a bell that was missed rings once when it can. A clock that is put back, as a machine's is that
started with a wrong one, silences no bell until it is that late again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from agent.daemon.logging import full_text

LOOK_SECONDS = 10.0
PUT_BACK = timedelta(seconds=5)  # less is a clock that is kept right
log = structlog.get_logger("ticks")


@dataclass(frozen=True, slots=True)
class Tick:
    """A bell: `ring` is called every `interval_seconds`, the first time at the start."""

    name: str
    interval_seconds: float
    ring: Callable[[], Awaitable[None]]


class Slots:
    """Names the rings of one bell: alike on every machine by the clock, so that one run comes of them."""

    def __init__(self, period_seconds: float) -> None:
        self._period_seconds = period_seconds
        self._newest = -1

    def name(self, now: datetime, machine: str) -> str:
        """Return the name of a ring; one that was given before the clock was put back is made the machine's own."""
        slot = int(now.timestamp() // self._period_seconds)
        if slot <= self._newest:
            return f"{slot}:{machine}"
        self._newest = slot
        return str(slot)


class Ticks:
    """Rings all bells between `start` and `stop`. A bell never rings while its last ring still goes on."""

    def __init__(
        self, ticks: Sequence[Tick], now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._now = now
        self._looking: asyncio.Task[None] | None = None
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        for tick in ticks:
            self._scheduler.add_job(
                _Bell(tick).ring,
                "interval",
                seconds=tick.interval_seconds,
                id=tick.name,
                name=tick.name,
                next_run_time=datetime.now(UTC),
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
            )

    async def start(self) -> None:
        """Ring each bell now, and from now on."""
        self._looking = asyncio.create_task(self._look_at_clock(self._began()), name="ticks.clock")
        self._scheduler.start()

    async def _look_at_clock(self, began: datetime) -> None:
        """Ring at once when the clock was put back: bells are waited for by it."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if began - self._began() > PUT_BACK:
                log.warning("clock.put_back", by_seconds=round((began - self._began()).total_seconds()))
                for bell in self._scheduler.get_jobs():
                    bell.modify(next_run_time=datetime.now(UTC))
            began = self._began()

    def _began(self) -> datetime:
        """When the monotonic clock began, by the other: the same for ever, unless that is set."""
        return self._now() - timedelta(seconds=time.monotonic())

    async def stop(self) -> None:
        """Ring no more; rings under way are cancelled."""
        if self._looking:
            self._looking.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)


class _Bell:
    """One bell, which says once that it fails and once that it works again."""

    def __init__(self, tick: Tick) -> None:
        self._tick = tick
        self._down = False

    async def ring(self) -> None:
        try:
            await self._tick.ring()
        except Exception as error:  # noqa: BLE001 - a bell rings on whatever one ring met
            if not self._down:
                log.error("down", tick=self._tick.name, error=full_text(error))
            self._down = True
        else:
            if self._down:
                log.info("recovered", tick=self._tick.name)
            self._down = False
