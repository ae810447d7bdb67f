"""The bot's eyes on one page: a script in a world of its own, which the page's scripts cannot see or touch."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

from playwright.async_api import CDPSession, Error

from agent.errors import Temporary
from agent.meet.selectors import BINDING, page_script

WORLD = "meetbot"
# A page that hangs is given up sooner (`Patience.hang_seconds`); on a busy machine an answer takes seconds.
ANSWER_SECONDS = 20.0
log = logging.getLogger(__name__)
Told = dict[str, Any]


class Watcher:
    """Puts the script into every document of the page, hands on what it tells, and asks it questions."""

    def __init__(self, session: CDPSession, tell: Callable[[Told], None]) -> None:
        self._session = session
        self._tell = tell
        self._world: int | None = None
        self._ready = asyncio.Event()
        self._given_up = False
        self._waits: set[asyncio.Timeout] = set()

    async def install(self) -> None:
        """Must be called before the page goes to its address."""
        self._session.on("Runtime.bindingCalled", self._hear)
        await self._session.send("Page.enable")
        await self._session.send("Runtime.enable")
        await self._session.send("Runtime.addBinding", {"name": BINDING, "executionContextName": WORLD})
        script = {"source": page_script(), "worldName": WORLD, "runImmediately": True}
        await self._session.send("Page.addScriptToEvaluateOnNewDocument", script)

    def _hear(self, called: Told) -> None:
        if called["name"] != BINDING:
            return
        self._world = called["executionContextId"]
        self._ready.set()
        self._tell(json.loads(called["payload"]))

    @contextlib.asynccontextmanager
    async def bounded(self, what: str, seconds: float) -> AsyncIterator[None]:
        """Anything done with the page: it ends in time, and at once when the page is given up, as `Temporary`."""
        if self._given_up:
            raise Temporary("The meeting's page is gone.", full=f"{what} was not tried")
        try:
            async with asyncio.timeout(seconds) as wait:
                self._waits.add(wait)
                try:
                    yield
                finally:
                    self._waits.discard(wait)
        except TimeoutError as error:
            raise Temporary(
                "The meeting's page does not answer.", full=f"{what} took over {seconds} s"
            ) from error
        except Error as error:
            raise Temporary("The meeting's page is gone.", full=f"{what}: {error.message}") from error

    def give_up(self) -> None:
        """The page crashed or hangs: nobody waits for it any longer."""
        self._given_up = True
        for wait in self._waits:
            wait.reschedule(asyncio.get_running_loop().time())

    async def ask(self, function: str, *arguments: object, seconds: float = ANSWER_SECONDS) -> Any:
        """What the script's function answers. Raises `Temporary` when the page is gone or does not answer."""
        async with self.bounded(function, seconds):
            await self._ready.wait()
            return await self._evaluate(function, arguments)

    async def until(self, function: str, *arguments: object, seconds: float) -> Any:
        """What the function answers as soon as that is something; None when the time is over."""
        waited = (function, list(arguments), int(seconds * 1000))
        return await self.ask("until", *waited, seconds=seconds + ANSWER_SECONDS)

    async def _evaluate(self, function: str, arguments: tuple[object, ...]) -> Any:
        call = f"meetbot.{function}({', '.join(json.dumps(one) for one in arguments)})"
        question = {
            "expression": call,
            "contextId": self._world,
            "returnByValue": True,
            "awaitPromise": True,
            "userGesture": True,
        }
        answer = await self._session.send("Runtime.evaluate", question)
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"]
            raise Temporary("The meeting's page could not be read.", full=json.dumps(thrown)[:2000])
        return answer["result"].get("value")
