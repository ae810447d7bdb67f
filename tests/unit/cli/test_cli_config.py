import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli.main import app
from agent.config.load import load
from agent.errors import Conflict, Invalid, Misconfigured


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_init_writes_a_file_that_is_good_and_private(run):
    done = run("init", "--yes", "--email", "bot@example.com", "--set", "mail.from=robot@example.com")
    assert done.exit_code == 0
    assert Path("meetbot.toml").stat().st_mode & 0o777 == 0o600
    assert load(Path("meetbot.toml"), None, {}).mail_sender == "robot@example.com"
    assert "meetbot config check --config meetbot.toml" in done.stdout
    assert run("config", "check").exit_code == 0


def test_init_keeps_an_existing_file_unless_forced(run):
    Path("meetbot.toml").write_text("# mine")
    assert isinstance(run("init", "--yes", "--email", "bot@example.com").exception, Conflict)
    assert Path("meetbot.toml").read_text() == "# mine"
    assert run("init", "--yes", "--force", "--email", "bot@example.com").exit_code == 0
    assert Path("meetbot.toml").stat().st_mode & 0o777 == 0o600


def test_init_refuses_a_bad_answer_before_it_writes(run):
    done = run("init", "--yes", "--email", "bot", "--set", "http.port=many")
    assert isinstance(done.exception, Misconfigured)
    assert "2 settings are wrong" in str(done.exception)
    assert not Path("meetbot.toml").exists()


def test_a_place_that_cannot_be_written_is_told(run):
    done = run("init", "--yes", "--email", "bot@example.com", "--config", "absent/meetbot.toml")
    assert "cannot be written" in str(done.exception)


def test_show_prints_what_is_in_force_without_secrets(run):
    run("init", "--yes", "--email", "bot@example.com", "--set", "okoro.service_token=svc_secret")
    as_json = json.loads(run("config", "show", "--json", "--set", "http.port=81").stdout)
    as_toml = tomllib.loads(run("config", "show", "--set", "http.port=81").stdout)
    assert as_json == {"webhooks": []} | as_toml
    assert as_json["http"]["port"] == 81
    assert as_json["okoro"]["service_token"] == "••••••"


@pytest.mark.parametrize("text", ["http.port", "port=1", "=1"])
def test_a_setting_on_the_command_line_needs_key_and_value(run, text):
    assert isinstance(run("config", "check", "--set", text).exception, Invalid)


def test_reference_prints_the_page_and_the_example(run):
    assert run("config", "reference").stdout.startswith("# Configuration")
    assert "[bot]" in tomllib_keys(run("config", "reference", "--example").stdout)


def tomllib_keys(text: str) -> list[str]:
    return [f"[{name}]" for name in tomllib.loads(text)]


def test_a_pattern_that_is_not_run_on_strangers_names_is_named(run):
    text = "[bot]\nemail = 'bot@example.com'\n[rivals]\nextra_patterns = ['(a+)+$']\n"
    Path("meetbot.toml").write_text(text)
    refused = run("config", "check").exception
    assert isinstance(refused, Misconfigured)
    assert "rivals.extra_patterns: '(a+)+$' repeats a group" in refused.safe
