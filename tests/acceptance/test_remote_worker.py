"""Bots at a worker in a process of its own, with a real browser and without a database: seen from outside."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from agent.sandbox.demo import cast, stories
from agent.sandbox.demo.stage import HOOK, Stage

PATIENCE_SECONDS = 120.0
SILENCE_SECONDS = 20.0  # a busy machine may keep a worker waiting for seconds
pytestmark = pytest.mark.timeout(400)


class Workers:
    """Starts `meetbot worker` processes for a stage whose own daemon has no place for bots."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.running: list[asyncio.subprocess.Process] = []

    async def start(self, name: str) -> asyncio.subprocess.Process:
        """Start one; what it writes lies in a directory of its own."""
        home = self.stage.directory / name
        home.mkdir()
        made = await self.stage.command(
            "keys", "create", "--user", cast.HOST, "--name", name, "--scope", "ingest", "--json"
        )
        token = home / "token"
        token.write_text(json.loads(made)["key"])
        with (home / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "agent", "worker", "--server", self.stage.base_url),
                *("--token-file", str(token), "--places", "2", "--config", str(self.stage.config)),
                *("--set", f"bot.data_dir={home}"),
                stdout=log,
                stderr=log,
            )
        self.running.append(process)
        return process

    async def kill(self, process: asyncio.subprocess.Process) -> None:
        """End one as a power cut would, together with its browsers."""
        for one in (*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)):
            os.kill(one.pid, signal.SIGKILL)
        await process.wait()

    async def stop(self, process: asyncio.subprocess.Process) -> int:
        """End one as a service manager does, and return its exit status."""
        process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(process.wait(), PATIENCE_SECONDS)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    overrides = {
        "browser": {"max_bots": 0, "worker_silence_seconds": SILENCE_SECONDS},
        "transcript": {"poll_seconds": [1.0], "wait_hours": 0.05},
    }
    async with Stage(tmp_path, lambda _: None, overrides) as stage:
        yield stage


@pytest.fixture
async def workers(stage: Stage) -> AsyncIterator[Workers]:
    workers = Workers(stage)
    yield workers
    for process in workers.running:
        if process.returncode is None:
            await workers.kill(process)


async def back_in_call(stage: Stage, time: int) -> None:
    """The bot knocks for the `time`-th time and is let in."""
    await stage.teller.wait(cast.CODE, "knocked", count=time, timeout=PATIENCE_SECONDS)
    await stage.teller.step(cast.CODE, {"do": "admit"})
    await stage.teller.wait(cast.CODE, "log:in_call", count=time, timeout=PATIENCE_SECONDS)
    await stage.until_job("capture", lambda job: job["status"] == "recording", PATIENCE_SECONDS)


async def test_a_meeting_survives_the_death_and_the_end_of_its_workers(
    stage: Stage, workers: Workers
) -> None:
    first = await workers.start("one")
    await stories.enter(stage)
    await stories.host_says(stage, "yes")
    await stories.talk(stage, 2)
    await workers.kill(first)
    second = await workers.start("two")
    await back_in_call(stage, 2)
    await workers.start("three")
    assert await workers.stop(second) == 0
    await back_in_call(stage, 3)
    await stories.end_meeting(stage)
    await stories.keep_record(stage)
    job = await stories.until_over(stage)
    await stage.teller.wait_deliveries(HOOK, "job.finalized", timeout=PATIENCE_SECONDS)
    mails, hooks = await asyncio.gather(stage.teller.mails(), stage.teller.deliveries(HOOK))

    assert (job["status"], job["end_reason"]) == ("completed", "ended_by_host")
    kinds = Counter(line["kind"] for line in job["timeline"])
    assert [kinds[kind] for kind in ("transcript_ready", "summary_ready", "consent_answered")] == [1, 1, 1]
    assert kinds["rejoined"] == 1, "one worker died; the other one handed its bot back"
    recaps = [mail for mail in mails if mail["subject"].startswith("Recap")]
    assert len(recaps) == 1
    assert len({hook["id"] for hook in hooks if hook["event"] == "job.finalized"}) == 1
    assert not (stage.directory / "data" / "browsers.json").exists(), "no browser ran beside the server"


async def test_a_cancelled_job_takes_its_bot_out_of_a_call_elsewhere(stage: Stage, workers: Workers) -> None:
    await workers.start("one")
    await stories.enter(stage)
    job = await stage.job()
    answer = await stage.api.delete(f"/api/v1/jobs/{job['id']}")
    assert answer.is_success, answer.text
    await stage.until_job("the end", lambda job: bool(job.get("cancelled")), 20)
    visitor = (await stage.teller.observed(cast.CODE))["visitors"][-1]
    assert visitor["how_left"] == "clicked"
