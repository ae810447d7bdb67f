"""A bot that is not wanted any more is gone: out of the call by its button, and off the machine within 15 seconds."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from agent.sandbox.demo import cast
from agent.sandbox.demo.stage import Stage
from tests.waiting import PATIENCE_SECONDS, until

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    overrides = {"recording": {"mode": "audio"}, "consent": {"who": "anyone"}}
    async with Stage(tmp_path, lambda _: None, overrides) as stage:
        yield stage


async def at_work(stage: Stage) -> tuple[list[psutil.Process], list[Path]]:
    """A bot in a call that records; the browser's processes, and its profile directories."""
    await stage.teller.create_meeting(cast.CODE, access="open")
    await stage.teller.step(
        cast.CODE, {"do": "join_person", "id": "host", "name": "Host Person", "host": True}
    )
    made = await stage.api.post("/api/v1/jobs", json={"meetingUrl": stage.meet_url()})
    assert made.status_code == 201, made.text
    await stage.until_job("the question", lambda job: bool(job["consent"]), PATIENCE_SECONDS)
    await stage.teller.step(cast.CODE, {"do": "say", "name": "Host Person", "text": "yes"})
    await stage.until_job("capture", lambda job: job["status"] == "recording", PATIENCE_SECONDS)
    kept = stage.directory / "data" / "browsers.json"
    traces = json.loads(kept.read_text())
    family = [
        process
        for trace in traces
        for process in (psutil.Process(trace["pid"]), *psutil.Process(trace["pid"]).children(recursive=True))
    ]
    return family, [Path(trace["profile"]) for trace in traces]


def all_gone(stage: Stage, family: list[psutil.Process], profiles: list[Path]) -> bool:
    """No process, no profile, and no note of a browser to clear away at the next start."""
    alive = [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    left = [*profiles, stage.directory / "data" / "browsers.json"]
    return not alive and not any(path.exists() for path in left)


async def how_left(stage: Stage) -> str:
    return str((await stage.teller.observed(cast.CODE))["visitors"][-1]["how_left"])


async def test_a_bot_that_was_asked_to_leave_is_off_the_machine(stage: Stage) -> None:
    family, profiles = await at_work(stage)
    assert family
    assert all(profile.exists() for profile in profiles)
    job = await stage.job()
    answer = await stage.api.delete(f"/api/v1/jobs/{job['id']}")
    assert answer.is_success, answer.text
    await until(lambda: all_gone(stage, family, profiles))
    assert await how_left(stage) == "clicked"


async def test_a_daemon_that_is_stopped_takes_its_bots_along(stage: Stage) -> None:
    family, profiles = await at_work(stage)
    assert await stage.stop_daemon() == 0, stage.last_words()
    await until(lambda: all_gone(stage, family, profiles))
    assert await how_left(stage) == "clicked"
