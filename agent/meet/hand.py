"""The bot's hand on one page: real pointer and keys, at what the script found."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

from playwright.async_api import Page

from agent.meet.watcher import Watcher

# A page that hangs is given up sooner (`Patience.hang_seconds`); one that is merely slow gets there.
GESTURE_SECONDS = 20.0
WAKE_POINTS = ((640, 300), (660, 320))


class Hand:
    """Presses controls by name. `strategies` tells which strategy found each of them last.

    `lock` is held over a gesture of several presses, so that two of them do not meet on one page.
    """

    def __init__(self, page: Page, watcher: Watcher) -> None:
        self._page = page
        self._watcher = watcher
        self.lock = asyncio.Lock()
        self.strategies: dict[str, str] = {}

    async def find(self, control: str, within: str | None = None) -> dict[str, Any] | None:
        """Where the control is, or None. A toolbar that hid itself is woken by the pointer first."""
        spot: dict[str, Any] | None = await self._watcher.ask("whereIs", control, within)
        if spot is not None and not spot["visible"]:
            await self.wake()
            spot = await self._watcher.ask("whereIs", control, within)
        if spot is not None:
            self.strategies[control] = spot["by"]
        return spot

    async def press(self, control: str, within: str | None = None) -> bool:
        """Click the control; False when it is not there, hidden, disabled or covered by something else."""
        return await self._click(await self.find(control, within))

    async def press_selector(self, selector: str) -> bool:
        """Click the first visible match of a structural selector."""
        return await self._click(await self._watcher.ask("whereIsSelector", selector))

    async def press_folded_group(self) -> bool:
        """Unfold people who share a microphone; False when nobody is folded away."""
        return await self._click(await self._watcher.ask("whereIsFoldedGroup"))

    async def wait_for(self, control: str, seconds: float) -> dict[str, Any] | None:
        """The control as soon as it is visible, None when the time is over."""
        await self.wake()
        spot: dict[str, Any] | None = await self._watcher.until("whereIsVisible", control, seconds=seconds)
        return spot

    async def wake(self) -> None:
        """Move the pointer, as somebody who looks for the buttons does."""
        async with self._gesture():
            for x, y in WAKE_POINTS:
                await self._page.mouse.move(x, y)

    async def put_line(self, text: str) -> None:
        """Put the line into what has the focus in one go, as an input method does, its last key and Enter by hand.

        Key by key a line of 400 characters is 800 round trips, with twenty bots on a small machine 20 s.
        """
        async with self._gesture():
            await self._page.keyboard.insert_text(text[:-1])
            await self._page.keyboard.type(text[-1:])
            await self._page.keyboard.press("Enter")

    async def type_line(self, text: str) -> None:
        """Type into what has the focus key by key, then Enter; a slow page gets the time that each key takes."""
        for at, word in enumerate(text.split(" ")):
            async with self._gesture():
                await self._page.keyboard.type(f" {word}" if at else word)
        async with self._gesture():
            await self._page.keyboard.press("Enter")

    async def press_key(self, key: str) -> None:
        """Press one key, by its name."""
        async with self._gesture():
            await self._page.keyboard.press(key)

    async def replace_text(self, text: str) -> None:
        """Type over all that is in the focused field."""
        async with self._gesture():
            await self._page.keyboard.press("ControlOrMeta+a")
            if text:
                await self._page.keyboard.type(text)
            else:
                await self._page.keyboard.press("Delete")

    async def _click(self, spot: dict[str, Any] | None) -> bool:
        if spot is None or not spot["visible"] or not spot["enabled"] or spot["covered"]:
            return False
        async with self._gesture():
            await self._page.mouse.click(spot["x"], spot["y"])
        return True

    def _gesture(self) -> AbstractAsyncContextManager[None]:
        return self._watcher.bounded("a gesture", GESTURE_SECONDS)
