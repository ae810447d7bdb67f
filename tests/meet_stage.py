"""A stage for tests of the real browser: the fake world, the adapter, and bots whose events can be waited for."""

import asyncio
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from agent.daemon.clock import SystemClock
from agent.meet import BrowserMeet, Patience
from agent.meet.call import PageCaller
from agent.model.call import Event, Visit
from agent.sandbox.teller import Teller
from agent.sandbox.world import World
from tests.waiting import PATIENCE_SECONDS

CHROMIUM = "/usr/bin/chromium"
IMPATIENT = Patience(unknown_seconds=3, offline_seconds=3, hang_seconds=9)
SEEN_WITHIN_SECONDS = 60.0  # how fast a verdict comes is measured in bench/meet.py, on a machine of its own


class Bot:
    """A caller and everything it told; `see` reads on from what was seen before."""

    def __init__(self, code: str, caller: PageCaller) -> None:
        self.code = code
        self.caller = caller
        self.events: list[Event] = []
        self.over = False
        self._read = 0
        self._more = asyncio.Event()
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for event in self.caller.events():
            self.events.append(event)
            self._more.set()
        self.over = True
        self._more.set()

    async def see(self, kind: str, **wanted: Any) -> Event:
        """The next event of this kind with these fields; events before it are passed over."""
        deadline = time.monotonic() + SEEN_WITHIN_SECONDS
        while True:
            while self._read < len(self.events):
                event = self.events[self._read]
                self._read += 1
                if type(event).__name__ == kind and fits(event, wanted):
                    return event
            left = deadline - time.monotonic()
            if left <= 0 or self.over:
                raise AssertionError(f"no {kind} {wanted} in {self.told()}")
            self._more.clear()
            try:
                await asyncio.wait_for(self._more.wait(), left)
            except TimeoutError:
                continue

    def told(self) -> str:
        return "\n".join(str(event) for event in self.events)

    def lose_patience(self) -> None:
        """From now on give an unclear page few seconds."""
        self.caller._course.patience = IMPATIENT

    async def close(self) -> None:
        await self.caller.close()
        await asyncio.wait_for(self._listening, PATIENCE_SECONDS)


def fits(event: Event, wanted: dict[str, Any]) -> bool:
    """Plain fields are compared, `has` looks into the words, `names` is the people who are neither self nor pseudo rows."""
    for name, value in wanted.items():
        if name == "has":
            if value not in str(event):
                return False
        elif name == "names":
            people = getattr(event, "people", None)
            if people is None or sorted(
                p.name for p in people if not p.is_self and p.kind == "person"
            ) != sorted(value):
                return False
        elif name == "hosts":
            if sorted(p.name for p in getattr(event, "people", None) or () if p.is_host) != sorted(value):
                return False
        elif getattr(event, name) != value:
            return False
    return True


class Stage:
    """The fake world and one BrowserMeet for a module's tests."""

    def __init__(self, data_dir: Path, *, bots_per_browser: int = 20) -> None:
        self.data_dir = data_dir
        self.world = World()
        self._meet_options: dict[str, Any] = {
            "executable": CHROMIUM,
            "headless": True,
            "sandbox": None,
            "bots_per_browser": bots_per_browser,
            "max_bots": 40,
            "data_dir": data_dir,
            "clock": SystemClock(),
        }
        self._codes = 0

    def new_meet(self, **changes: Any) -> BrowserMeet:
        return BrowserMeet(**({"profile_dir": None} | self._meet_options | changes))

    async def __aenter__(self) -> "Stage":
        await self.world.__aenter__()
        self.teller = Teller(self.world.base_url)
        self.meet = self.new_meet()
        await self.meet.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.meet.stop()
        await self.teller.__aexit__(None, None, None)
        await self.world.__aexit__(None, None, None)

    async def bot(
        self,
        *,
        meet: BrowserMeet | None = None,
        create: bool = True,
        visit: dict[str, Any] | None = None,
        **options: Any,
    ) -> Bot:
        """A new meeting with these options, with its host in it, and a bot before its door."""
        self._codes += 1
        letters = "".join("abcdefghij"[int(digit)] for digit in f"{self._codes:04d}")
        code = f"abc-{letters}-xyz"
        if create:
            await self.teller.create_meeting(code, **options)
            await self.teller.step(
                code, {"do": "join_person", "id": "host", "name": "Host Person", "host": True}
            )
        asked = {"display_name": "Meetbot", "evidence_dir": f"evidence/{code}", **(visit or {})}
        url = f"{self.world.base_url}/meet/{code}"
        return Bot(code, await (meet or self.meet).open(Visit(code, url, **asked)))

    async def enter(self, bot: Bot) -> None:
        """Knock and be let in."""
        await bot.caller.knock()
        await self.teller.wait(bot.code, "state:lobby")
        await self.teller.step(bot.code, {"do": "admit"})
        await bot.see("Admitted")
        await bot.see("RosterSeen")

    async def visitor(self, bot: Bot) -> dict[str, Any]:
        """The bot as the fake Meet sees it."""
        return dict((await self.teller.observed(bot.code))["visitors"][-1])
