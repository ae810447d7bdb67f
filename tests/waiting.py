"""Waiting for what comes in its own time: long enough for a busy machine, and no longer than it takes."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

PATIENCE_SECONDS = 40.0
LOOK_SECONDS = 0.02


async def until(holds: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """Return what `holds` says, awaited where need be, as soon as that is true; the test fails if it never is."""
    async with asyncio.timeout(seconds):
        while not (found := await _look(holds)):
            await asyncio.sleep(LOOK_SECONDS)
    return found


async def _look(holds: Callable[[], Any]) -> Any:
    found = await asyncio.to_thread(holds)
    return await found if inspect.isawaitable(found) else found
