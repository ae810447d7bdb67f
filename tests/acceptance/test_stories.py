"""Every story that the demo can play, with the daemon as its own process, ends as it must."""

import time
from pathlib import Path

import pytest

from agent.sandbox.demo import stories
from agent.sandbox.demo.result import gather
from agent.sandbox.demo.stage import Stage


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", stories.STORIES)
async def test_a_story_ends_as_it_must(name: str, tmp_path: Path) -> None:
    story = stories.STORIES[name]
    happened: list[str] = []
    async with Stage(tmp_path, happened.append, story.overrides) as stage:
        began = time.monotonic()
        told = await stories.tell(stage, story)
        seconds = time.monotonic() - began
        result = await gather(stage, story, told, seconds)
        assert result["problems"] == [], happened
        assert await stage.stop_daemon() == 0, stage.last_words()
