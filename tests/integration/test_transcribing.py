"""A recording put into words at somebody's wish: over the API, through the audio endpoint, back as a transcript."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agent.lifecycle.aftermath import bot_files
from agent.model.tables import Job
from agent.sandbox.teller import Teller
from agent.sandbox.world import World
from agent.summary.listening import OpenAITranscriber
from tests.bots_stage import BotsStage, entries
from tests.unit.rules.test_webm_pieces import film

ME = "host@example.com"
LIMIT_BYTES = 4_000


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(directory=tmp_path / "world") as running:
        yield running


@pytest.fixture
async def teller(world: World) -> AsyncIterator[Teller]:
    async with Teller(world.base_url) as telling:
        yield telling


@pytest.fixture
async def stage(tmp_path: Path, world: World) -> AsyncIterator[BotsStage]:
    server = world.settings()["summary"]["base_url"]
    listening = OpenAITranscriber(server, "whisper-1", "key", upload_limit_bytes=LIMIT_BYTES)
    stage = BotsStage(tmp_path)
    stage.house = replace(stage.house, transcriber=listening)
    async with stage:
        yield stage
    await listening.aclose()


async def transcribed(stage: BotsStage, client: httpx2.AsyncClient, job: Job, **wish: str) -> dict[str, Any]:
    """Ask for the transcript, and wait for how it ends."""
    begun = await client.post(f"/v1/transcripts/{job.id}/transcribe", json=wish)
    assert (begun.status_code, begun.json()["status"]) == (202, "PROCESSING")

    async def settled() -> dict[str, Any] | None:
        answer: dict[str, Any] = (await client.get(f"/v1/transcripts/{job.id}/status")).json()
        return answer if answer["status"] != "PROCESSING" else None

    found: dict[str, Any] = await stage.until(settled)
    return found


async def met(stage: BotsStage, *, clusters: int) -> tuple[httpx2.AsyncClient, Job]:
    """A meeting that left a recording of a minute for each cluster, and captions of its first minute."""
    client, job = await stage.client(stage.key(ME)), stage.finished(ME, words=False)
    stage.record(job, film(*(60_000 * n for n in range(clusters)), sound=b"x" * 900))
    ended = stage.clock.now()
    began = ended - timedelta(seconds=60 * (clusters - 1))
    with stage.database.write() as session:
        bot_files.keep(session, stage.house, job, ended)
        session.add_all(entries(job.id or 0, began, source="captions"))
    return client, job


async def test_a_recording_becomes_text_under_the_names_of_the_captions(
    stage: BotsStage, teller: Teller
) -> None:
    client, job = await met(stage, clusters=2)
    await teller.audio_says((11.0, 17.0, "Welcome to the planning."), (300.0, 301.0, "So long."))
    done = await transcribed(stage, client, job, language="en")
    assert (done["status"], done["source"], done["entries"]) == ("DONE", "recording", 2)
    found = (await client.get(f"/v1/transcripts/{job.id}")).json()
    assert [(entry["speaker"], entry["text"]) for entry in found["entries"]] == [
        ("Host Person", "Welcome to the planning."),
        ("Unknown speaker", "So long."),
    ]
    assert (await teller.model_requests())[0]["body"]["language"] == "en"


async def test_a_recording_too_large_for_one_upload_is_heard_to_its_end(
    stage: BotsStage, teller: Teller
) -> None:
    client, job = await met(stage, clusters=10)
    await teller.audio_says((1.0, 2.0, "Heard."), limit_bytes=LIMIT_BYTES)
    assert (await transcribed(stage, client, job))["entries"] == 3
    found = (await client.get(f"/v1/transcripts/{job.id}")).json()
    assert [entry["startTime"] for entry in found["entries"]] == [0.0, 240.0, 480.0]


async def test_a_service_that_refuses_is_told_and_the_next_wish_may_succeed(
    stage: BotsStage, teller: Teller
) -> None:
    client, job = await met(stage, clusters=1)
    await teller.add_fault("llm", "status", status=401)
    failed = await transcribed(stage, client, job)
    assert failed["status"] == "FAILED"
    assert "refuses the key" in failed["error"]
    assert (await transcribed(stage, client, job))["status"] == "DONE"
