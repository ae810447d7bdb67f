"""The parts of a whole daemon: what is opened with them is closed with them, in order, and what is amiss is said."""

import asyncio
import gc
import socket
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from agent.app import App, build
from agent.config.load import load
from agent.daemon.clock import SystemClock
from agent.daemon.parts import parts
from agent.daemon.supervisor import Supervisor
from agent.daemon.systemd import Systemd
from agent.errors import Temporary
from agent.sandbox.world import World

MODEL = {"summary.engine": "openai", "summary.model": "m", "summary.transcription_model": "whisper-1"}


def assembled(world: World, folder: Path, **wanted: str) -> App:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    chosen = {
        "bot.email": "bot@example.com",
        "bot.data_dir": str(folder / "data"),
        "http.port": "0",
        "smtp_intake.port": str(port),
        "meet.url": f"{world.base_url}/meet",
        "mail.port": str(world.smtp_port),
        "summary.base_url": world.settings()["summary"]["base_url"],
    }
    return build(load(None, chosen | wanted, environment={}), SystemClock())


async def run_and_stop(app: App) -> None:
    """Start the daemon, wait until it is ready, and stop it."""
    ready = asyncio.Event()
    supervisor = Supervisor(parts(app, Systemd({})), on_ready=ready.set)
    serving = asyncio.create_task(supervisor.run())
    waiting = asyncio.ensure_future(ready.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    supervisor.stop()
    await serving


@pytest.fixture
async def world(tmp_path: Path) -> Any:
    async with World(directory=tmp_path / "world") as running:
        yield running


async def test_the_clients_of_all_models_are_closed_with_the_daemon(world: World, tmp_path: Path) -> None:
    app = assembled(world, tmp_path, **MODEL)
    closed: list[str] = []
    for name in ("summariser", "answerer", "transcriber"):
        note_closing(getattr(app.house, name), name, closed)
    note_closing(app.house.engine, "engine", closed, "stop")
    await run_and_stop(app)
    assert closed == ["engine", "summariser", "answerer", "transcriber"]
    del app
    gc.collect()  # a client left open would warn here, and warnings are errors


def note_closing(part: Any, name: str, closed: list[str], method: str = "aclose") -> None:
    """Let a part's end be written down once it is complete."""
    really = getattr(type(part), method)

    async def noted() -> None:
        await really(part)
        closed.append(name)

    setattr(part, method, noted)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({}, True),
        ({"transcript.sources": "captions"}, False),
        ({"okoro.service_token": "svc_1"}, False),
    ],
    ids=["no token", "not wanted", "token"],
)
async def test_transcripts_that_are_out_of_reach_are_said_once(
    world: World, tmp_path: Path, wanted: dict[str, str], said: bool
) -> None:
    app = assembled(world, tmp_path, **wanted)
    with capture_logs() as logs:
        await run_and_stop(app)
    advice = [line["advice"] for line in logs if line["event"] == "transcripts.out_of_reach"]
    assert len(advice) == said
    assert all("okoro.service_token" in line for line in advice)


async def test_a_database_that_is_away_for_a_moment_is_no_reason_to_end(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, looks = assembled(world, tmp_path), 0

    def answers() -> bool:
        nonlocal looks
        looks += 1
        if looks < 3:
            raise Temporary("The database cannot take this now.")
        return True

    monkeypatch.setattr(app.queries, "database_answers", answers)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        told = Systemd({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "20000"})
        watchdog = next(part for part in parts(app, told) if part.name == "watchdog")
        assert watchdog.task is not None
        watching = asyncio.create_task(watchdog.task())
        async with asyncio.timeout(30):
            assert await asyncio.get_running_loop().sock_recv(systemd, 100) == b"WATCHDOG=1"
        watching.cancel()
    assert looks >= 3
