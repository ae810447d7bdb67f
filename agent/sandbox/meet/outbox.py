"""What waits to be told to one open page."""

import asyncio
from collections.abc import Callable
from typing import Any

Message = dict[str, Any]


class Outbox:
    """At most one view (the newest), and every event in the order it happened.

    Views are made when they are sent: a hundred changes in one turn of the loop cost one view.
    """

    def __init__(self, make_view: Callable[[], Message]) -> None:
        self._make_view = make_view
        self._stale = False
        self._closing: int | None = None
        self._events: list[Message] = []
        self._ready = asyncio.Event()

    def refresh(self) -> None:
        """Have the page told how things stand."""
        self._stale = True
        self._ready.set()

    def add(self, event: Message) -> None:
        """Have the page told one thing."""
        self._events.append(event)
        self._ready.set()

    def close(self, code: int) -> None:
        """End the connection with this WebSocket close code, whatever still waits."""
        self._closing = code
        self._ready.set()

    @property
    def closing(self) -> int | None:
        """The close code asked for, if any."""
        return self._closing

    async def take(self) -> list[Message]:
        """Wait for something to say, then take all of it: the view first."""
        await self._ready.wait()
        self._ready.clear()
        messages = [self._make_view()] if self._stale else []
        messages += self._events
        self._stale, self._events = False, []
        return messages
