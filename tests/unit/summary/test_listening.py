"""Recordings put into words, against a server that can refuse."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from agent.errors import Denied, Invalid, MeetbotError, Misconfigured, Temporary
from agent.sandbox.teller import Teller
from agent.sandbox.world import World
from agent.summary.listening import OpenAITranscriber
from tests.unit.rules.test_webm_pieces import film

pytestmark = pytest.mark.asyncio(loop_scope="module")

BEGAN = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest_asyncio.fixture(loop_scope="module")
async def transcriber(world: World) -> AsyncIterator[OpenAITranscriber]:
    chosen = world.settings()["summary"]
    listening = OpenAITranscriber(chosen["base_url"], "whisper-1", "key", timeout_seconds=30)
    yield listening
    await listening.aclose()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "recording.webm"
    path.write_bytes(film(0, 30_000))
    return path


async def test_segments_become_entries_at_their_own_time(transcriber, teller: Teller, recording: Path):
    await teller.audio_says((0.5, 2.0, " Good morning. "), (3.0, 4.0, "  "), (61.0, 63.5, "Let us begin."))
    heard = await transcriber.transcribe(recording, BEGAN, language="en")
    assert [(one.text, (one.started_at - BEGAN).total_seconds()) for one in heard] == [
        ("Good morning.", 0.5),
        ("Let us begin.", 61.0),
    ]
    assert heard[1].ended_at - heard[1].started_at == timedelta(seconds=2.5)
    (asked,) = await teller.model_requests()
    sent = {name: asked["body"][name] for name in ("model", "response_format", "language", "file")}
    assert sent == {
        "model": "whisper-1",
        "response_format": "verbose_json",
        "language": "en",
        "file": "recording.webm",
    }
    assert asked["authorization"] == "Bearer key"


async def test_a_recording_larger_than_the_service_takes_is_sent_in_pieces(
    world: World, teller: Teller, tmp_path: Path
):
    long = tmp_path / "long.webm"
    long.write_bytes(film(*range(0, 600_000, 60_000), sound=b"x" * 900))
    await teller.audio_says((1.0, 2.0, "Heard."), limit_bytes=4_000)
    listening = OpenAITranscriber(
        world.settings()["summary"]["base_url"], "whisper-1", "key", upload_limit_bytes=4_000
    )
    heard = await listening.transcribe(long, BEGAN, language=None)
    await listening.aclose()
    assert [(one.started_at - BEGAN).total_seconds() for one in heard] == [1.0, 241.0, 481.0]
    assert all(one["body"]["bytes"] <= 4_000 for one in await teller.model_requests())


@pytest.mark.parametrize(
    ("fault", "error", "advice"),
    [
        ({"status": 401}, Denied, "summary.api_key"),
        ({"status": 403}, Denied, "summary.api_key"),
        ({"status": 404}, Misconfigured, "summary.transcription_model"),
        ({"status": 413}, Invalid, "larger"),
        ({"status": 400}, Invalid, "cannot use"),
        ({"status": 429}, Temporary, "now"),
        ({"status": 503}, Temporary, "now"),
    ],
    ids=lambda value: str(value.get("status")) if isinstance(value, dict) else None,
)
async def test_refusals_are_told_apart_and_say_what_to_do(
    transcriber,
    teller: Teller,
    recording: Path,
    fault: dict[str, int],
    error: type[MeetbotError],
    advice: str,
):
    await teller.add_fault("llm", "status", times=None, **fault)
    with pytest.raises(error, match=advice) as caught:
        await transcriber.transcribe(recording, BEGAN, language=None)
    assert type(caught.value) is error


@pytest.mark.parametrize("fault", ["reset", "truncate", "garbage", "wrong_type"])
async def test_an_answer_that_is_none_is_an_error_of_ours(
    transcriber, teller: Teller, recording: Path, fault
):
    await teller.add_fault("llm", fault, times=None)
    with pytest.raises((Temporary, Invalid)):
        await transcriber.transcribe(recording, BEGAN, language=None)


async def test_what_passes_is_tried_again(transcriber, teller: Teller, recording: Path):
    await teller.add_fault("llm", "status", status=503, times=1)
    assert await transcriber.transcribe(recording, BEGAN, language=None)


@pytest.mark.parametrize("there", [True, False])
async def test_an_empty_or_missing_file_is_never_sent(
    transcriber, teller: Teller, tmp_path: Path, there: bool
):
    path = tmp_path / "empty.webm"
    if there:
        path.touch()
    with pytest.raises(Invalid):
        await transcriber.transcribe(path, BEGAN, language=None)
    assert await teller.model_requests() == []
