"""Every behaviour of `meet_matrix.toml` on real Chromium, and the main ones in every language."""

import asyncio
import tomllib
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.meet_stage import Bot, Stage
from tests.waiting import PATIENCE_SECONDS, until

TABLE = tomllib.loads(Path(__file__).with_name("meet_matrix.toml").read_text("utf-8"))["behaviour"]
AT_ONCE = 4


def in_language(language: str) -> list[dict[str, Any]]:
    """The door, the lobby, the panels, the chat, the captions and the end; and a denial, a block and a wrong code."""
    options = {"language": language, "join_label": "absent"}
    whole = [
        "enter",
        {"see": "RosterSeen", "names": ["Host Person"], "hosts": ["Host Person"]},
        {"say": "hello", "ok": True},
        "capture",
        {"do": "caption", "speaker": "Host Person", "text": "one two three"},
        {"see": "Captioned", "text": "one two three"},
        {"do": "remove_bot"},
        {"see": "CallOver", "reason": "removed"},
    ]
    denied = [
        "knock",
        {"see": "InLobby"},
        {"do": "deny"},
        {"see": "Refused", "code": "host_denied_admission"},
    ]
    blocked = [{"see": "Refused", "code": "blocked_by_platform"}]
    asked = {"media_dialog": "before", "consent_dialog": "recording", "lobby_text": "host_brings"}
    return [
        {"name": f"the whole visit in {language}", "options": options | asked, "story": whole},
        {"name": f"a denial in {language}", "options": options, "story": denied},
        {"name": f"a block in {language}", "options": options | {"access": "blocked"}, "story": blocked},
    ]


BEHAVIOURS = [*TABLE, *(one for language in ("de", "fr", "es", "pt", "ja") for one in in_language(language))]
NAMES = [behaviour["name"] for behaviour in BEHAVIOURS]


class Telling:
    """One behaviour while it is told."""

    def __init__(self, stage: Stage, bot: Bot) -> None:
        self.stage = stage
        self.bot = bot

    async def tell(self, story: list[Any]) -> None:
        for line in story:
            await (self.verb(line) if isinstance(line, str) else self.line(dict(line)))

    async def verb(self, verb: str) -> None:
        match verb:
            case "knock":
                await self.bot.caller.knock()
                await self.bot.see("Knocked")
            case "admit":
                await self.stage.teller.step(self.bot.code, {"do": "admit"})
            case "enter":
                await self.tell(["knock", {"see": "InLobby"}, "admit", {"see": "Admitted"}])
            case "capture":
                await self.bot.caller.start_capture()
            case "stop":
                await self.bot.caller.stop_capture()
            case "crash":
                await self.crash()
            case "leave":
                await self.bot.caller.leave()
            case _:
                raise AssertionError(f"no verb {verb}")

    async def crash(self) -> None:
        """The renderer ends itself; nobody answers the order to do so."""
        place = self.bot.caller._place
        session = await place.lease.context.new_cdp_session(place.page)
        ordered = asyncio.create_task(session.send("Page.crash"))
        await until(lambda: self.bot.caller._telling.page_gone)
        ordered.cancel()
        await asyncio.gather(ordered, return_exceptions=True)

    async def line(self, line: dict[str, Any]) -> None:
        match line:
            case {"do": str()}:
                await self.stage.teller.step(self.bot.code, line)
            case {"see": "Admitted"}:
                await self.sees_admission()
            case {"see": str(kind), **wanted}:
                await self.bot.see(kind, **wanted)
            case {"say": str(text), "ok": bool(ok)}:
                assert await self.bot.caller.say(text) is ok, self.bot.told()
            case {"absent": str(words)}:
                assert words not in self.bot.told()
            case {"heard": str(text)}:
                await self.stage.teller.wait(self.bot.code, f"chat:{text}", timeout=PATIENCE_SECONDS)
            case {"logged": str(what)}:
                await self.stage.teller.wait(self.bot.code, f"log:{what}", timeout=PATIENCE_SECONDS)
            case {"page": dict(wanted)}:
                await self.page_shows(wanted)
            case _:
                raise AssertionError(f"no such line: {line}")

    async def sees_admission(self) -> None:
        """Not a moment before the server let the bot in."""
        told = await self.bot.see("Admitted")
        admitted_at = (await self.stage.visitor(self.bot))["admitted_at"]
        assert admitted_at
        assert told.at >= datetime.fromisoformat(admitted_at), self.bot.told()

    async def page_shows(self, wanted: dict[str, Any]) -> None:
        """The server hears of a press a moment after it."""

        async def shown() -> bool:
            visitor = await self.stage.visitor(self.bot)
            return wanted == {name: visitor[name] for name in wanted}

        await until(shown)


async def carry_out(stage: Stage, places: asyncio.Semaphore, behaviour: dict[str, Any]) -> None:
    async with places:
        bot = await stage.bot(
            create=behaviour.get("create", True), visit=behaviour.get("visit"), **behaviour.get("options", {})
        )
        if behaviour.get("impatient"):
            bot.lose_patience()
        try:
            await Telling(stage, bot).tell(behaviour["story"])
        finally:
            await bot.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[dict[str, asyncio.Task[None]]]:
    """The chosen behaviours run some at a time, because most of a visit is waiting; each test awaits its own."""
    chosen = {
        item.callspec.params["name"] for item in request.session.items if item.module.__name__ == __name__
    }
    async with Stage(tmp_path_factory.mktemp("matrix")) as stage:
        places = asyncio.Semaphore(AT_ONCE)
        tasks = {
            one["name"]: asyncio.create_task(carry_out(stage, places, one))
            for one in BEHAVIOURS
            if one["name"] in chosen
        }
        yield tasks
        await asyncio.gather(*tasks.values(), return_exceptions=True)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", NAMES)
async def test_the_page_is_understood(running: dict[str, asyncio.Task[None]], name: str) -> None:
    await running[name]
