"""Many bots in a few browsers: each bot has a context of its own, a crash hurts one browser's bots."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Error, Playwright, StorageState, async_playwright

from agent.errors import NoPlace, Temporary
from agent.meet.browser import (
    VIEWPORT_HEIGHT,
    VIEWPORT_WIDTH,
    Launch,
    Starter,
    choose_browser,
    installed_browser,
)
from agent.meet.remains import Remains
from agent.meet.seating import VISITS_PER_BROWSER, Seats, choose

CLOSE_SECONDS = 6.0
CONTEXT_SECONDS = 20.0
LOCALE = "en-US"
log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Shared:
    """One browser, how many bots sit in it, and how many ever have."""

    browser: Browser
    bots: int = 0
    visits: int = 0
    closing: bool = False

    @property
    def usable(self) -> bool:
        """Whether another bot may be put here."""
        return self.browser.is_connected() and not self.closing


@dataclass(eq=False, slots=True)
class Lease:
    """One bot's place: its context, given back by `release`."""

    context: BrowserContext
    _pool: "Pool"
    _shared: Shared
    _then: Callable[[], None]
    _given_back: bool = False

    async def release(self) -> None:
        """Close the context; safe to call twice."""
        if self._given_back:
            return
        self._given_back = True
        self._then()
        await self._pool.take_back(self.context, self._shared)


@dataclass(eq=False)
class Pool:
    """Starts browsers as they are needed and ends those nobody uses. `data_dir` keeps the list of what to sweep.

    After `visits_per_browser` bots a browser takes no further one, and ends with the last of those it has.
    """

    launch: Launch
    bots_per_browser: int
    max_bots: int
    data_dir: Path
    visits_per_browser: int = VISITS_PER_BROWSER
    _playwright: Playwright | None = None
    _shared: list[Shared] = field(default_factory=list)
    _bots: int = 0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _stopped: bool = False

    def __post_init__(self) -> None:
        self._remains = Remains(self.data_dir / "browsers.json")
        self._starter = Starter(self.launch)

    @property
    def bots(self) -> int:
        """How many places are taken."""
        return self._bots

    def full(self) -> str:
        """Why no further bot fits in, or ''."""
        if self._bots < self.max_bots:
            return ""
        if not self.max_bots:
            return "No bots run on this machine ([browser] max_bots = 0); a worker takes them."
        return f"All {self.max_bots} places for bots are taken ([browser] max_bots)."

    async def start(self) -> None:
        """Sweep what an earlier run left behind. Raises `Misconfigured` when there is no browser to start later."""
        self._stopped = False
        self._remains.sweep()
        if self.max_bots and installed_browser(self.launch.executable) is None:
            choose_browser(self.launch, await self._driver())

    async def lease(self, state: StorageState | None, then: Callable[[], None] = lambda: None) -> Lease:
        """A place for one bot; `then` is called when it is given back.

        Raises `NoPlace` when all are taken, `Misconfigured` without a browser.
        """
        if self._stopped:
            raise Temporary("The browsers are being closed.")
        if full := self.full():
            raise NoPlace(full)
        self._bots += 1
        try:
            shared = await self._seat()
        except BaseException:  # a cancelled start must not keep its place
            self._bots -= 1
            raise
        return Lease(await self._furnish(shared, state), self, shared, then)

    async def _furnish(self, shared: Shared, state: StorageState | None) -> BrowserContext:
        try:
            async with asyncio.timeout(CONTEXT_SECONDS):
                return await shared.browser.new_context(
                    locale=LOCALE,
                    viewport={"width": VIEWPORT_WIDTH, "height": VIEWPORT_HEIGHT},
                    storage_state=state,
                    accept_downloads=False,
                    service_workers="block",
                )
        except (Error, TimeoutError) as error:
            await self._leave_seat(shared)
            raise Temporary(
                "The browser gave no place for the bot.", full=str(error), retry_after_seconds=5
            ) from error

    async def take_back(self, context: BrowserContext, shared: Shared) -> None:
        """Close a bot's context, and the browser with its last bot."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await context.close()
        except (Error, TimeoutError):
            log.warning("a bot's context did not close; its browser is ended with its last bot")
        await self._leave_seat(shared)

    async def _seat(self) -> Shared:
        async with self._lock:
            self._shared = [shared for shared in self._shared if shared.usable]
            seats = [Seats(shared.bots, shared.visits) for shared in self._shared]
            chosen = choose(seats, self.bots_per_browser, self.visits_per_browser)
            shared = await self._add_browser() if chosen is None else self._shared[chosen]
            shared.bots += 1
            shared.visits += 1
            return shared

    async def _add_browser(self) -> Shared:
        shared = Shared(await self._starter.start(await self._driver()))
        await self._remains.note(shared.browser)
        self._shared.append(shared)
        return shared

    async def _driver(self) -> Playwright:
        if self._playwright is None:
            self._playwright = await async_playwright().start()
        return self._playwright

    async def _leave_seat(self, shared: Shared) -> None:
        shared.bots -= 1
        self._bots -= 1
        if shared.bots == 0:
            await self._end(shared)

    async def _end(self, shared: Shared) -> None:
        """Close one browser; what does not close in time is killed with its profile."""
        if shared.closing:
            return
        shared.closing = True
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await shared.browser.close()
        except (Error, TimeoutError):
            log.warning("a browser did not close in %s s and is killed", CLOSE_SECONDS)
        self._remains.clear(shared.browser)

    async def stop(self) -> None:
        """End all browsers and the driver."""
        self._stopped = True
        async with self._lock:
            await asyncio.gather(*(self._end(shared) for shared in self._shared))
            self._shared.clear()
            if self._playwright is not None:
                await self._playwright.stop()
                self._playwright = None
        self._remains.sweep()
