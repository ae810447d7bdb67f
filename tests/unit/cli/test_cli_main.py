import os
import stat
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from agent.cli import main as table
from agent.errors import Conflict, Denied, Invalid, Misconfigured, Missing, Temporary


def meetbot(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent", *arguments],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"} | environment,
        check=False,
    )


@pytest.fixture(autouse=True)
def _own_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_what_is_written_is_for_its_own_user_only(tmp_path):
    data = tmp_path / "data"
    settings = {"MEETBOT_BOT__EMAIL": "bot@example.com", "MEETBOT_BOT__DATA_DIR": str(data)}
    done = meetbot("users", "create", "host@example.com", **settings)
    assert done.returncode == 0, done.stderr
    kept = [data, *data.rglob("*")]
    assert len(kept) > 1
    assert [path for path in kept if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Misconfigured("x"), 78),
        (Invalid("x"), 65),
        (Denied("x"), 77),
        (Missing("x"), 66),
        (Conflict("x"), 69),
        (Temporary("x"), 75),
    ],
)
def test_an_error_ends_in_one_sentence_and_a_status_by_its_kind(error, status, monkeypatch, capsys):
    def fail(**_options):
        raise error

    monkeypatch.setattr(table, "app", fail)
    with pytest.raises(SystemExit) as ended:
        table.main()
    assert ended.value.code == status
    assert capsys.readouterr().err == "meetbot: x\n"


def test_a_bad_config_tells_everything_without_a_traceback(tmp_path):
    path = tmp_path / "meetbot.toml"
    path.write_text('[rivals]\npolicy = "laeve"\n[http]\nprot = 1')
    done = meetbot("config", "check", "--config", str(path))
    assert done.returncode == 78
    assert done.stdout == ""
    assert "3 settings are wrong" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", table.COMMANDS)
def test_the_table_says_of_a_command_what_it_says_of_itself(name):
    where, line = table.COMMANDS[name]
    assert " ".join(table._load(name, where).help.partition("\n\n")[0].split()) == line


def test_help_loads_no_command():
    look = "import sys; from agent.cli.main import app; app(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1].split()
    assert "agent.cli.main" in loaded
    assert not {f"agent.cli.{name}" for name in ("serve", "jobs", "users")} & set(loaded)


def test_the_version_is_told():
    assert meetbot("--version").stdout.startswith("meetbot ")


def test_the_environment_alone_is_enough():
    done = meetbot("config", "check", MEETBOT_BOT__EMAIL="bot@example.com")
    assert (done.returncode, done.stdout) == (0, "The settings are good (no file, environment only).\n")


def test_help_names_every_command():
    told = meetbot("--help").stdout
    assert all(f" {name} " in told for name in table.COMMANDS)


@pytest.mark.parametrize("name", table.COMMANDS)
def test_every_command_says_what_it_does(name):
    done = CliRunner().invoke(table.app, [name, "--help"])
    assert done.exit_code == 0
    assert f"{name} [OPTIONS]" in done.output


def test_a_command_does_not_load_what_others_need():
    program = "import sys, agent.cli.main; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert not {"fastapi", "sqlalchemy", "openai", "mcp"} & set(loaded.split())
