"""Users, keys and copies of the database, without a server."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agent.cli.main import app
from agent.errors import Conflict, Invalid, MeetbotError, Misconfigured, Temporary
from agent.store.database import Database


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "meetbot.toml"
    path.write_text(f'[bot]\nemail = "bot@example.com"\ndata_dir = "{tmp_path}/data"\n', encoding="utf-8")
    return str(path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def tell(*arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


def refusal(*arguments: str) -> MeetbotError:
    result = run(*arguments)
    assert isinstance(result.exception, MeetbotError), result.output
    return result.exception


def test_the_first_user_and_key_are_made_before_any_server_runs(config: str) -> None:
    made = tell("users", "create", "Host@example.com", "--operator", "--config", config)
    assert (made["email"], made["operator"]) == ("host@example.com", True)
    key = tell("keys", "create", "--user", "host@example.com", "--name", "demo", "--json", "--config", config)
    assert key["key"].startswith("mb_live_")
    assert [user["email"] for user in tell("users", "list", "--config", config)] == ["host@example.com"]
    listed = tell("keys", "list", "--user", "host@example.com", "--config", config)
    assert [(found["name"], found["revokedAt"]) for found in listed] == [("demo", None)]
    assert datetime.fromisoformat(listed[0]["createdAt"]).tzinfo, (
        "JSON is for programs: an instant, not a local time"
    )
    assert key["key"] not in json.dumps(listed)
    tell("keys", "revoke", str(key["id"]), "--config", config)
    assert tell("keys", "list", "--user", "host@example.com", "--config", config)[0]["revokedAt"]


def test_mistakes_are_told_in_a_sentence(config: str) -> None:
    tell("users", "create", "host@example.com", "--config", config)
    assert isinstance(refusal("users", "create", "host@example.com", "--config", config), Conflict)
    assert isinstance(refusal("users", "create", "nobody", "--config", config), Invalid)
    unknown = refusal("keys", "create", "--user", "other@example.com", "--name", "x", "--config", config)
    assert "meetbot users create other@example.com" in unknown.safe
    scope = ("--scope", "dance", "--config", config)
    assert "dance" in refusal("keys", "create", "--user", "host@example.com", "--name", "x", *scope).safe


def test_a_copy_brings_everything_back(config: str, tmp_path: Path) -> None:
    tell("users", "create", "host@example.com", "--config", config)
    copy = tmp_path / "copy.db"
    assert tell("db", "backup", str(copy), "--config", config)["bytes"] == copy.stat().st_size
    assert copy.stat().st_mode & 0o777 == 0o600
    assert isinstance(refusal("db", "backup", str(copy), "--config", config), Invalid), (
        "nothing is overwritten"
    )
    tell("users", "create", "later@example.com", "--config", config)
    assert tell("db", "restore", str(copy), "--config", config)["schema"]
    assert [user["email"] for user in tell("users", "list", "--config", config)] == ["host@example.com"]
    assert (tmp_path / "data" / "meetbot.db.before-restore").exists()


def test_a_copy_that_cannot_be_written_is_told(config: str, tmp_path: Path) -> None:
    refused = refusal("db", "backup", str(tmp_path / "none" / "copy.db"), "--config", config)
    assert isinstance(refused, Invalid)
    assert "cannot be written" in refused.safe


def test_a_place_where_no_database_can_be_kept_is_told(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    path = tmp_path / "meetbot.toml"
    path.write_text(f'[bot]\nemail = "bot@example.com"\ndata_dir = "{taken}/data"\n', encoding="utf-8")
    refused = refusal("users", "list", "--config", str(path))
    assert isinstance(refused, Misconfigured)
    assert "set bot.data_dir" in refused.safe


def test_what_is_no_database_is_told(config: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meetbot.db").write_bytes(b"not a database" * 100)
    refused = refusal("users", "list", "--config", config)
    assert isinstance(refused, Misconfigured)
    assert "Restore a backup" in refused.safe


def test_a_database_that_is_away_is_told_without_its_password(
    config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETBOT_DATABASE__URL", "postgresql+psycopg://bot:hush@127.0.0.1:1/meetbot")
    refused = refusal("users", "list", "--config", config)
    assert isinstance(refused, Temporary)
    assert "127.0.0.1:1/meetbot cannot be opened" in refused.safe
    assert "hush" not in refused.safe


def test_what_is_no_copy_is_not_put_back(config: str, tmp_path: Path) -> None:
    tell("db", "upgrade", "--config", config)
    wrong = tmp_path / "wrong.db"
    wrong.write_bytes(b"not a database" * 100)
    assert "no backup" in refusal("db", "restore", str(wrong), "--config", config).safe
    assert "no file" in refusal("db", "restore", str(tmp_path / "none.db"), "--config", config).safe
    tell("users", "create", "host@example.com", "--config", config)


def test_nothing_is_put_back_under_a_running_server(config: str, tmp_path: Path) -> None:
    tell("db", "upgrade", "--config", config)
    copy = tmp_path / "copy.db"
    tell("db", "backup", str(copy), "--config", config)
    running = Database(f"sqlite:///{tmp_path}/data/meetbot.db")
    running.lock()
    try:
        assert isinstance(refusal("db", "restore", str(copy), "--config", config), Misconfigured)
    finally:
        running.close()
