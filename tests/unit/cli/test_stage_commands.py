"""`meetbot demo` and `meetbot sandbox`: what they print, and what keeps them from starting."""

import io
import socket
import tomllib
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from agent.cli import demo, sandbox
from agent.cli.main import app
from agent.errors import Invalid, MeetbotError
from agent.sandbox.world import World

RESULT: dict[str, Any] = {
    "ok": True,
    "job": {"status": "completed", "end_reason": "ended_by_host"},
    "transcript": {"source": "meet"},
    "summary": {"engine": "extractive", "decisions": 2, "action_items": 1},
    "mail": [{"subject": "Recap [x]", "to": "host@example.com", "path": f"/tmp/{'deep/' * 20}mail"}],
    "webhooks": [{"signature_ok": True}],
    "urls": {"dashboard": "http://127.0.0.1:8080/", "api_docs": "http://127.0.0.1:8080/docs"},
    "seconds": {"total": 9.5, "left_to_mail": None},
}


def refusal(*arguments: str) -> MeetbotError:
    result = CliRunner().invoke(app, list(arguments))
    assert isinstance(result.exception, MeetbotError), (result.output, result.exception)
    return result.exception


@pytest.mark.parametrize("keep", [False, True])
def test_the_demo_cuts_no_place_short_however_narrow_the_screen(keep: bool) -> None:
    screen = io.StringIO()
    kept = {"webhooks": Path("/tmp/a/webhooks.json"), "log": Path("/tmp/a/daemon.log")}
    demo._show(Console(file=screen, width=30), RESULT, kept, keep=keep)
    lines = [line.strip() for line in screen.getvalue().splitlines()]
    assert {RESULT["mail"][0]["path"], "/tmp/a/webhooks.json", "/tmp/a/daemon.log"} <= set(lines)
    assert ("http://127.0.0.1:8080/docs" in lines) is keep, "nobody answers there when the demo is over"


def test_the_demo_plays_in_an_empty_directory_only(tmp_path: Path) -> None:
    (tmp_path / "meetbot.db").write_text("of somebody")
    refused = refusal("demo", "--directory", str(tmp_path))
    assert isinstance(refused, Invalid)
    assert "new or empty" in refused.safe
    assert "cannot be used" in refusal("demo", "--directory", str(tmp_path / "meetbot.db" / "x")).safe


@pytest.mark.parametrize("option", ["--port", "--smtp-port"])
def test_the_sandbox_says_that_a_port_is_taken(option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        refused = refusal("sandbox", "--port", "0", "--smtp-port", "0", option, port)
    assert isinstance(refused, Invalid)
    assert "already in use" in refused.safe
    assert "--port 0" in refused.safe


async def test_the_sandbox_prints_settings_that_a_file_can_hold(capsys: pytest.CaptureFixture[str]) -> None:
    async with World() as world:
        sandbox.show(world, as_json=False)
        assert tomllib.loads(capsys.readouterr().out) == world.settings()
