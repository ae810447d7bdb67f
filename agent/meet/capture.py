"""What is taken from the call, and only after it was asked for: captions, and the recording where the visit wants one."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime

from agent.errors import Temporary
from agent.meet.captions import CaptionLog
from agent.meet.hand import Hand
from agent.meet.recording import Recording
from agent.meet.selectors import load_table
from agent.meet.watcher import Told, Watcher
from agent.model.call import CaptionsUnavailable, Event, Visit
from agent.ports import Clock

ON_SECONDS = 1.5
ON_TRIES = 2
AGAIN_SECONDS = 10.0
MENU_SECONDS = 2.0


class Capture:
    """Switches captions on and off and tells their utterances."""

    def __init__(
        self,
        visit: Visit,
        hand: Hand,
        watcher: Watcher,
        clock: Clock,
        recording: Recording,
        emit: Callable[[Event], None],
        surprised: Callable[[str], Awaitable[None]],
    ) -> None:
        self._visit = visit
        self._hand = hand
        self._watcher = watcher
        self._clock = clock
        self._recording = recording
        self._emit = emit
        self._surprised = surprised
        self._captions = CaptionLog(visit.caption_language)
        self._wanted = False
        self._flushing = False
        self._tried_at = 0.0
        self._problem = ""
        self._switching = asyncio.Lock()

    def hear(self, told: Told) -> None:
        """Blocks changed, or a piece of the recording came; neither counts once capture is to stop."""
        if told["kind"] == "piece":
            self._recording.hear(told)
        elif self._wanted or self._flushing:
            now: datetime = self._clock.now()
            for utterance in self._captions.hear(told, now):
                self._emit(utterance)

    async def start(self) -> None:
        """Turn captions on, and the recording where it is wanted; what cannot be had is told."""
        if self._wanted:
            return
        self._wanted = True
        async with self._switching:
            await self._turn_captions_on()
            # A stop may have come meanwhile.
            if self._wanted and (problem := await self._recording.start()):
                await self._surprised(f"no recording: {problem}")

    async def keep_up(self, *, heard: bool) -> None:
        """Turn captions on again where they went off by themselves, or could not be had before."""
        if heard:
            self._problem = ""
        if heard or not self._wanted or self._switching.locked():
            return
        if self._clock.monotonic() - self._tried_at < AGAIN_SECONDS:
            return
        async with self._switching:
            if self._wanted:
                await self._turn_captions_on()

    async def _turn_captions_on(self) -> None:
        """The same problem is told once."""
        before, self._problem = self._problem, await self._start_captions()
        self._tried_at = self._clock.monotonic()
        if self._problem and self._problem != before:
            self._emit(CaptionsUnavailable(self._clock.now(), self._problem))
            await self._surprised(f"no captions: {self._problem}")

    async def _start_captions(self) -> str:
        """'' once they are on, else why not."""
        problem = "the page did not answer"
        with contextlib.suppress(Temporary):
            async with self._hand.lock:
                problem = await self._captions_on()
                if not problem and self._visit.caption_language:
                    await self._choose_language(self._visit.caption_language)
        return problem

    async def stop(self, *, call_over: bool = False) -> None:
        """Hear the words said until now, end the recording, turn captions off where there still is a button for it."""
        if not self._wanted:
            return
        self._wanted = False
        async with self._switching:
            await self._flush()
            await self._recording.stop()
            if call_over:
                return
            with contextlib.suppress(Temporary):
                async with self._hand.lock:
                    await self._hand.press("captions_off")

    async def _flush(self) -> None:
        self._flushing = True
        try:
            with contextlib.suppress(Temporary):
                await self._watcher.ask("wantCaptions", False)
        finally:
            self._flushing = False

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
