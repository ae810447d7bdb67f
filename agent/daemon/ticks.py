"""The bells: each calls its function at its interval, and does no work of its own.

Nothing durable lives here: a bell that was missed rings once when it can.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from agent.daemon.logging import full_text

log = structlog.get_logger("ticks")


@dataclass(frozen=True, slots=True)
class Tick:
    """A bell: `ring` is called every `interval_seconds`, the first time at the start."""

    name: str
    interval_seconds: float
    ring: Callable[[], Awaitable[None]]


class Ticks:
    """Rings all bells between `start` and `stop`. A bell never rings while its last ring still goes on."""

    def __init__(self, ticks: Sequence[Tick]) -> None:
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
        self._scheduler.start()

    async def stop(self) -> None:
        """Ring no more; rings under way are cancelled."""
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
