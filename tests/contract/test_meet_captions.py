"""Captions on the real page: over a thousand updates, nothing lost, nothing repeated."""

import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from agent.model.call import Captioned
from tests.meet_stage import Bot, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")
SPEAKERS = ("Host Person", "Guest Person", "Third Person")
SEED = 20


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with Stage(tmp_path_factory.mktemp("captions")) as stage:
        yield stage


async def in_call_with_captions(stage: Stage, **options: object) -> Bot:
    bot = await stage.bot(access="open", **options)
    await bot.caller.knock()
    await bot.see("Admitted")
    await bot.caller.start_capture()
    return bot


class Conversation:
    """Speaks at random: several people at once, growing, correcting, even late; remembers what was really said."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._open: dict[str, str] = {}
        self.said: dict[str, str] = {}
        self.updates = 0

    def word(self) -> str:
        return f"word{self._chance.randrange(100000)}"

    def update(self) -> dict[str, object]:
        """One step: most of the time somebody's utterance grows."""
        self.updates += 1
        speaker = self._chance.choice(SPEAKERS)
        known = self._open.get(speaker)
        if known is None or len(self.said[known].split()) > 30:
            known = self._open[speaker] = f"u{len(self.said)}"
            self.said[known] = self.word()
        elif self._chance.random() < 0.15 and len(self.said[known].split()) > 4:
            self.said[known] = self.corrected(self.said[known])
        else:
            self.said[known] += f" {self.word()}"
        return {"do": "caption", "id": known, "speaker": speaker, "text": self.said[known], "replace": True}

    def corrected(self, text: str) -> str:
        """One of the last words was heard wrongly."""
        words = text.split()
        words[-self._chance.randrange(1, 4)] = self.word()
        return " ".join(words)


def last_words(bot: Bot) -> dict[str, str]:
    """The utterances as they stand after everything that was told."""
    return {event.id: event.text for event in bot.events if isinstance(event, Captioned)}


@pytest.mark.parametrize("nodes", ["fresh", "recycled"])
async def test_a_thousand_updates_lose_nothing_and_repeat_nothing(stage: Stage, nodes: str) -> None:
    conversation = Conversation(random.Random(SEED))
    bot = await in_call_with_captions(stage, caption_nodes=nodes, caption_blocks=6)
    for _ in range(60):
        await stage.teller.step(bot.code, *(conversation.update() for _ in range(20)))
    last = conversation.update()
    await stage.teller.step(bot.code, last)
    await bot.see("Captioned", text=last["text"])
    assert conversation.updates > 1000
    assert sorted(last_words(bot).values()) == sorted(conversation.said.values())
    await bot.close()


async def test_words_cut_off_the_front_of_a_block_are_kept(stage: Stage) -> None:
    bot = await in_call_with_captions(stage)
    text = "one two three four five six seven eight"
    await stage.teller.step(bot.code, {"do": "caption", "id": "c", "speaker": "Host Person", "text": text})
    await bot.see("Captioned", text=text)
    await stage.teller.step(bot.code, {"do": "captions_trim", "keep": 1, "words": 3})
    await stage.teller.step(
        bot.code, {"do": "caption", "id": "c", "speaker": "Host Person", "text": f"{text} nine"}
    )
    await bot.see("Captioned", text=f"{text} nine", id="caption-1")
    assert list(last_words(bot)) == ["caption-1"]
    await bot.close()


async def test_captions_that_go_off_and_on_repeat_nothing(stage: Stage) -> None:
    bot = await in_call_with_captions(stage)
    said = {"do": "caption", "id": "c", "speaker": "Host Person", "text": "what was said before"}
    await stage.teller.step(bot.code, said)
    await bot.see("Captioned", text="what was said before")
    await stage.teller.step(
        bot.code, {"do": "captions", "mode": "disabled"}, {"do": "captions", "mode": "on"}
    )
    await bot.caller.stop_capture()
    await bot.caller.start_capture()
    await stage.teller.step(bot.code, {**said, "text": "what was said before and after"})
    await bot.see("Captioned", text="what was said before and after", id="caption-1")
    await bot.close()


async def test_the_same_words_said_twice_are_two_utterances(stage: Stage) -> None:
    bot = await in_call_with_captions(stage)
    for number in range(2):
        said = {"do": "caption", "id": f"c{number}", "speaker": "Host Person", "text": "yes of course"}
        await stage.teller.step(bot.code, said)
        await bot.see("Captioned", text="yes of course", id=f"caption-{number + 1}")
    await bot.close()


async def test_words_are_told_as_they_are_said_and_wait_for_no_further_ones(stage: Stage) -> None:
    bot = await in_call_with_captions(stage)
    for number in range(40):
        said = {"do": "caption", "speaker": "Host Person", "text": f"utterance {number}"}
        await stage.teller.step(bot.code, said)
        await bot.see("Captioned", text=f"utterance {number}")
    await bot.close()
