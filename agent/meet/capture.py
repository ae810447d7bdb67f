"""What is taken from the call, and only after it was asked for: captions, and the recording where the visit wants one."""

import contextlib
from collections.abc import Callable
from datetime import datetime

from agent.errors import Temporary
from agent.meet.captions import CaptionLog
from agent.meet.hand import Hand
from agent.meet.selectors import load_table
from agent.meet.watcher import Told, Watcher
from agent.model.call import CaptionsUnavailable, Event, Visit
from agent.ports import Clock

ON_SECONDS = 1.5
ON_TRIES = 2
MENU_SECONDS = 2.0


class Capture:
    """Switches captions on and off and tells their utterances."""

    def __init__(
        self, visit: Visit, hand: Hand, watcher: Watcher, clock: Clock, emit: Callable[[Event], None]
    ) -> None:
        self._visit = visit
        self._hand = hand
        self._watcher = watcher
        self._clock = clock
        self._emit = emit
        self._captions = CaptionLog(visit.caption_language)
        self._on = False

    def hear(self, told: Told) -> None:
        """Blocks changed; heard until the moment capture is stopped."""
        if self._on and told["kind"] == "captions":
            now: datetime = self._clock.now()
            for utterance in self._captions.hear(told, now):
                self._emit(utterance)

    async def start(self) -> None:
        """Turn captions on; a page without them is told as CaptionsUnavailable."""
        if self._on:
            return
        self._on = True
        problem = "the page did not answer"
        with contextlib.suppress(Temporary):
            async with self._hand.lock:
                problem = await self._captions_on()
                if not problem and self._visit.caption_language:
                    await self._choose_language(self._visit.caption_language)
        if problem:
            self._emit(CaptionsUnavailable(self._clock.now(), problem))

    async def stop(self) -> None:
        """Hear the last words, turn captions off, hear nothing more."""
        if not self._on:
            return
        with contextlib.suppress(Temporary):
            await self._watcher.ask("wantCaptions", False)
        self._on = False
        with contextlib.suppress(Temporary):
            async with self._hand.lock:
                await self._hand.press("captions_off")

    async def _captions_on(self) -> str:
        """'' once the captions' region is there, else why not."""
        if await self._watcher.ask("wantCaptions", True):
            return ""
        for _ in range(ON_TRIES):
            button = await self._hand.find("captions_on")
            if button is None:
                return "there is no captions button"
            if not button["enabled"]:
                return "captions are turned off by the host"
            await self._hand.press("captions_on")
            if await self._watcher.until("wantCaptions", True, seconds=ON_SECONDS):
                return ""
        return "captions did not come on"

    async def _choose_language(self, language: str) -> None:
        """Through the page's settings, because the page's own language is pinned."""
        await self._hand.press("more_options")
        if await self._hand.wait_for("settings", MENU_SECONDS):
            await self._hand.press("settings")
        if await self._hand.wait_for("captions_tab", MENU_SECONDS):
            await self._hand.press("captions_tab")
        item = load_table().structure["caption_language_item"].format(code=language)
        await self._watcher.until("whereIsSelector", item, seconds=MENU_SECONDS)
        if not await self._hand.press_selector(item):
            self._emit(
                CaptionsUnavailable(self._clock.now(), f"the captions cannot be switched to {language}")
            )
        await self._hand.press("close_dialog")
