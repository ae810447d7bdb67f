"""Who asked what of the API, and how it went: kept in memory for a moment, then written in batches."""

import asyncio
from collections import deque
from datetime import datetime
from typing import Any

import structlog

from agent.errors import Temporary
from agent.lifecycle.house import House
from agent.model.account import Principal
from agent.store import requests

MOST_WAITING = 10_000
Line = dict[str, Any]  # the columns of one RequestLine: plain, for there is one a request
log = structlog.get_logger("requests")


class RequestBook:
    """Never slows a request down: lines wait in memory, the oldest are lost when the database is away too long."""

    def __init__(self, house: House, every_seconds: float = 1.0) -> None:
        self.house = house
        self.every_seconds = every_seconds
        self._waiting: deque[Line] = deque(maxlen=MOST_WAITING)

    def note(self, by: Principal, *, method: str, route: str, status: int, duration_ms: int) -> None:
        """Remember one request of a known caller. `route` is the path's template."""
        self._waiting.append(
            {
                "at": self.house.now(),
                "method": method,
                "route": route,
                "status": status,
                "duration_ms": duration_ms,
                "user_id": by.user_id,
                "key_id": by.key_id,
            }
        )

    async def run(self) -> None:
        """Write now and then, until cancelled."""
        while True:
            await asyncio.sleep(self.every_seconds)
            await self.flush()

    async def flush(self) -> None:
        """Write what waits; what cannot be written now waits on."""
        lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not lines:
            return
        try:
            await asyncio.to_thread(self._write, lines)
        except Temporary as error:
            log.warning("requests.unwritten", action="requests.write", lines=len(lines), error=error.full)
            self._waiting.extendleft(reversed(lines))

    def _write(self, lines: list[Line]) -> None:
        used: dict[int, datetime] = {
            line["key_id"]: line["at"] for line in lines if line["key_id"] is not None
        }
        with self.house.database.write() as session:
            requests.add(session, lines)
            for key_id, at in used.items():
                requests.key_used(session, key_id, at)
