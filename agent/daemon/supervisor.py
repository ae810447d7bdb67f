"""Starts the parts in order, watches them, and stops them in reverse within one grace period.

The first SIGTERM or SIGINT asks for an orderly end, the second forces it. A part that ends by itself ends the whole, so
that the service manager starts it anew.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from agent.daemon.logging import full_text
from agent.errors import Temporary

SIGNALS = (signal.SIGTERM, signal.SIGINT)
log = structlog.get_logger("daemon")


async def _nothing() -> None:
    """What a part does that needs no start or no stop."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the daemon. `task` runs from start to stop as a background task of that name; it must not end before.

    `stop` is called even when `start` failed half-way.
    """

    name: str
    start: Callable[[], Awaitable[None]] = _nothing
    stop: Callable[[], Awaitable[None]] = _nothing
    task: Callable[[], Coroutine[Any, Any, None]] | None = None


class Supervisor:
    """Runs `parts` until asked to stop. `on_ready` is called once all have started, `on_stopping` before the first stop."""

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        grace_seconds: float = 60.0,
        on_ready: Callable[[], object] = lambda: None,
        on_stopping: Callable[[], object] = lambda: None,
    ) -> None:
        self._parts = tuple(parts)
        self._grace_seconds = grace_seconds
        self._on_ready = on_ready
        self._on_stopping = on_stopping
        self._asked = asyncio.Event()
        self._forced = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failure: BaseException | None = None

    def stop(self) -> None:
        """Ask for the end; asked twice, force it."""
        (self._forced if self._asked.is_set() else self._asked).set()

    async def run(self) -> None:
        """Run until asked to stop. Raises what kept a part from starting, or what ended one before its time."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.stop)
        started: list[Part] = []
        try:
            await self._start(started)
            await self._asked.wait()
        finally:
            self._asked.set()
            self._on_stopping()
            await self._stop_within_grace(started)
            for number in SIGNALS:
                loop.remove_signal_handler(number)
        if self._failure is not None:
            raise self._failure

    async def _start(self, started: list[Part]) -> None:
        for part in self._parts:
            if self._asked.is_set():
                return
            started.append(part)
            await part.start()
            if part.task is not None:
                self._tasks[part.name] = asyncio.create_task(part.task(), name=part.name)
                self._tasks[part.name].add_done_callback(partial(self._ended, part.name))
            log.debug("started", part=part.name)
        self._on_ready()
        log.info("ready", parts=[part.name for part in self._parts])

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        """The watcher of every background task."""
        if task.cancelled() or self._asked.is_set():
            return
        self._failure = task.exception() or Temporary(f"{name} ended by itself")
        log.error("part failed", part=name, error=full_text(self._failure))
        self._asked.set()

    async def _stop_within_grace(self, started: list[Part]) -> None:
        stopping = asyncio.create_task(self._stop_all(started), name="stopping")
        forced = asyncio.create_task(self._forced.wait(), name="forced")
        await asyncio.wait(
            {stopping, forced}, timeout=self._grace_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if not stopping.done():
            log.warning("stop forced", left=[part.name for part in started])
        for task in (stopping, forced, *self._tasks.values()):
            task.cancel()
        await asyncio.gather(stopping, forced, *self._tasks.values(), return_exceptions=True)

    async def _stop_all(self, started: list[Part]) -> None:
        """Stop in reverse; what is stopped leaves the list."""
        while started:
            part = started[-1]
            task = self._tasks.pop(part.name, None)
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            try:
                await part.stop()
            except Exception as error:  # noqa: BLE001 - the parts below must be stopped all the same
                log.error("stop failed", part=part.name, error=full_text(error))
            started.pop()
            log.debug("stopped", part=part.name)
