"""What happens at once in a call: gestures that take long, and verdicts that wait for nobody."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from agent.meet import chat
from agent.model.call import PlatformNotice
from tests.meet_stage import Stage
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.asyncio(loop_scope="module")
LONG_LINE = "This line says in many words who the bot is, who invited it and what it will keep. " * 5
AT_ONCE = 12
FAR_TOO_LONG_SECONDS = 600.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with Stage(tmp_path_factory.mktemp("call")) as stage:
        yield stage


async def test_a_removal_is_told_while_a_line_is_still_being_written(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "ECHO_SECONDS", FAR_TOO_LONG_SECONDS)
    bot = await stage.bot(chat_drops=9)
    await stage.enter(bot)
    writing = asyncio.create_task(bot.caller.say("nobody will see this"))
    await stage.teller.wait(bot.code, "log:chat_dropped")
    await stage.teller.step(bot.code, {"do": "remove_bot"})
    await bot.see("CallOver", reason="removed")
    assert await asyncio.wait_for(writing, PATIENCE_SECONDS) is False
    await bot.close()


async def test_many_bots_write_long_lines_at_once_and_each_line_stands_there_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "TAKEN_SECONDS", PATIENCE_SECONDS)
    bots = [await stage.bot(access="open") for _ in range(AT_ONCE)]
    await asyncio.gather(*(bot.caller.knock() for bot in bots))
    await asyncio.gather(*(bot.see("Admitted") for bot in bots))
    assert await asyncio.gather(*(bot.caller.say(LONG_LINE[:480]) for bot in bots)) == [True] * AT_ONCE
    for bot in bots:
        assert len((await stage.teller.observed(bot.code))["chat"]) == 1
        await bot.close()


async def test_a_line_that_the_page_only_takes_key_by_key_is_typed_so(stage: Stage) -> None:
    bot = await stage.bot(chat_drops=1)
    await stage.enter(bot)
    assert await bot.caller.say("second try, by keys")
    assert [line["text"] for line in (await stage.teller.observed(bot.code))["chat"]] == [
        "second try, by keys"
    ]
    await bot.close()


async def test_a_decline_is_told_once_however_long_the_page_shows_it(stage: Stage) -> None:
    bot = await stage.bot()
    await stage.enter(bot)
    await stage.teller.step(bot.code, {"do": "dialog", "kind": "declined"})
    await stage.teller.wait(bot.code, "log:dialog_ok")
    assert await bot.caller.say("still here")
    assert sum(isinstance(event, PlatformNotice) for event in bot.events) == 1
    await bot.close()
