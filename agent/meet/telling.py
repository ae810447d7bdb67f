"""What one visit has to tell: its events in order up to the last, and evidence of what surprised the bot."""

import asyncio
import logging
from collections.abc import AsyncIterator

from agent.meet.evidence import Album
from agent.meet.hand import Hand
from agent.model.call import Event, Evidence
from agent.ports import Clock

log = logging.getLogger(__name__)


class Telling:
    """The events of one visit. `over` is set by the last one; `page_gone` means that there is nothing left to photograph."""

    def __init__(self, job_id: str, clock: Clock, album: Album, hand: Hand) -> None:
        self.over = False
        self.page_gone = ""
        self._job_id = job_id
        self._clock = clock
        self._album = album
        self._hand = hand
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._drifted: set[str] = set()

    async def stream(self) -> AsyncIterator[Event]:
        """The events in order, up to and including the last."""
        while (event := await self._events.get()) is not None:
            yield event
        self._events.put_nowait(None)

    def emit(self, event: Event) -> None:
        """Tell it, unless all is over."""
        if not self.over:
            self._events.put_nowait(event)

    def finish(self, last: Event | None = None) -> None:
        """Nothing is told after this."""
        if last is not None:
            self.emit(last)
        self.over = True
        self._events.put_nowait(None)

    async def surprise(self, why: str) -> None:
        """Keep what a surprising page looks like."""
        log.warning("surprised in the meeting of job %s: %s", self._job_id, why)
        files = () if self.page_gone else await self._album.keep(why, self._hand.strategies)
        if files:
            self.emit(Evidence(self._clock.now(), why, files))

    async def report_drift(self) -> None:
        """A control that only its structure gave away is about to be lost: its name has changed."""
        for control, strategy in sorted(self._hand.strategies.items()):
            if strategy == "structure" and control not in self._drifted:
                self._drifted.add(control)
                await self.surprise(f"the name of {control} has changed")
