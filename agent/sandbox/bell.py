"""Waiting for something to be observed, without polling."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


class Bell:
    """Rung whenever a fake observes something; whoever waits then looks again."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()
        self._rung = asyncio.Event()

    async def until(self, look: Callable[[], Found | None], timeout_seconds: float) -> Found | None:
        """What `look` finds, as soon as it finds something; None when the time is over."""
        deadline = time.monotonic() + timeout_seconds
        while (found := look()) is None:
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    await self._rung.wait()
            except TimeoutError:
                return look()
        return found

    async def pause(self, seconds: float) -> bool:
        """Sleeps; True when the bell was rung before the time was over."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return False
        return True
