"""`meetbot worker` says what is missing before it opens anything."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agent.cli.main import app
from agent.errors import Misconfigured


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key").write_text("mb_live_key\n")
    return tmp_path


def run(*arguments: str, **options: str) -> Result:
    wanted = {"--server": "https://meetbot.example.com", "--token-file": "key"} | options
    given: list[Any] = [part for pair in wanted.items() for part in pair]
    return CliRunner().invoke(app, ["worker", *given, *arguments])


@pytest.mark.parametrize(
    ("arguments", "options", "advice"),
    [
        ((), {"--token-file": "absent"}, "write the key into it"),
        ((), {"--token-file": "empty"}, "meetbot keys create"),
        ((), {"--server": "meetbot.example.com"}, "write https://"),
        (("--set", "browser.max_bots=0"), {}, "give --places"),
    ],
)
def test_what_is_missing_is_said_with_what_to_do(
    here: Path, arguments: tuple[str, ...], options: dict[str, str], advice: str
) -> None:
    (here / "empty").write_text("\n")
    done = run(*arguments, **options)
    assert isinstance(done.exception, Misconfigured)
    assert advice in str(done.exception)


def test_a_worker_needs_a_server(here: Path) -> None:
    done = CliRunner().invoke(app, ["worker", "--token-file", "key"])
    assert done.exit_code == 2
    assert "--server" in done.output
