"""The command line against a real server, from another process's point of view."""

import asyncio
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agent.cli import login, session
from agent.cli.main import app
from agent.client import ApiError, Meetbot
from agent.errors import Denied, Invalid, Kind, MeetbotError, Temporary
from tests.web_stage import LINK, WebStage

AS_JSON = ("--json",)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def run(*arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=given)


async def tell(*arguments: str, given: str = "") -> Any:
    """Run a command that must succeed, and return the JSON it prints."""
    result = await asyncio.to_thread(run, *arguments, *AS_JSON, given=given)
    assert result.exit_code == 0, (arguments, result.output, result.exception)
    return json.loads(result.stdout)


async def signed_in(stage: WebStage, email: str = "alice@example.com") -> str:
    key = stage.key(email)
    await tell("login", "--server", stage.url + "/", "--with-key", given=key + "\n")
    return key


async def test_a_key_signs_in_and_is_kept_for_its_owner_alone(stage: WebStage) -> None:
    key = await signed_in(stage)
    kept = session.path()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    told = {"server": stage.url, "key": key, "email": "alice@example.com", "by_device": False}
    assert json.loads(kept.read_text()) == told
    assert (await tell("whoami"))["email"] == "alice@example.com"
    assert (await asyncio.to_thread(run, "logout")).exit_code == 0
    assert not kept.exists()
    assert stage.desk.accounts.who_has(key).email == "alice@example.com", "a key that was brought stays good"
    refused = run("whoami")
    assert isinstance(refused.exception, MeetbotError)
    assert "meetbot login" in str(refused.exception)


async def test_a_bad_key_is_not_kept(stage: WebStage) -> None:
    result = await asyncio.to_thread(run, "login", "--server", stage.url, "--with-key", given="mb_live_no\n")
    assert isinstance(result.exception, Denied)
    assert not session.path().exists()


async def test_a_device_signs_in_once_somebody_approves(
    stage: WebStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await stage.client(stage.key("alice@example.com"))
    said: list[str] = []
    monkeypatch.setattr(login, "say", said.append)
    loop = asyncio.get_running_loop()

    def sleep(seconds: float) -> None:
        code = re.search(r"[A-Z]{4}-[A-Z]{4}", said[1])
        assert code
        sent = alice.post("/api/v1/cli-auth/complete", json={"userCode": code[0]})
        assert asyncio.run_coroutine_threadsafe(sent, loop).result(10).status_code == 200

    wait_for_key = login.wait_for_key
    monkeypatch.setattr(
        login, "wait_for_key", lambda meetbot, begun: wait_for_key(meetbot, begun, sleep=sleep)
    )
    assert (await tell("login", "--server", stage.url))["email"] == "alice@example.com"
    assert stage.url in said[0]
    assert (await tell("jobs", "list")) == []
    made = session.load().key
    assert (await asyncio.to_thread(run, "logout")).exit_code == 0
    with pytest.raises(Denied):
        stage.desk.accounts.who_has(made)


def test_waiting_for_a_key_heeds_what_the_server_says() -> None:
    waits: list[float] = []
    told = iter(["authorization_pending", "slow_down", "", "authorization_pending", "access_denied"])

    class Server(Meetbot):
        def send(self, call: Any) -> Any:
            code = next(told)
            raise ApiError("no", status=400 if code else 0, code=code)

    begun: Any = {"interval": 5, "expires_in": 600, "nonce": "n"}
    with Server("http://127.0.0.1:1") as meetbot, pytest.raises(Denied):
        login.wait_for_key(meetbot, begun, sleep=waits.append, now=lambda: 0.0)
    assert waits == [5, 5, 10, 20, 20]
    clock = iter([0.0, 0.0, 601.0])
    told = iter(["authorization_pending"])
    with Server("http://127.0.0.1:1") as meetbot, pytest.raises(Temporary):
        login.wait_for_key(meetbot, begun, sleep=waits.append, now=lambda: next(clock))


async def test_a_job_is_sent_watched_and_called_back(stage: WebStage) -> None:
    await signed_in(stage)
    made = await tell("jobs", "create", LINK, "--at", "2026-12-24T09:00:00+01:00", "--title", "Weekly")
    assert made["title"] == "Weekly"
    assert [job["id"] for job in await tell("jobs", "list", "--status", "queued")] == [made["id"]]
    assert (await tell("jobs", "show", made["id"]))["timeline"][0]["kind"] == "job_created"
    assert (await tell("jobs", "explain", made["id"]))["invitations"] == []
    assert await tell("jobs", "deliveries", made["id"]) == []
    assert (await tell("jobs", "cancel", made["id"]))["cancelled"] is True
    again = await asyncio.to_thread(run, "jobs", "cancel", made["id"])
    assert isinstance(again.exception, MeetbotError)
    assert again.exception.kind is Kind.CONFLICT
    assert [job["id"] for job in await tell("meetings", "list")] == [made["id"]]


async def test_bots_webhooks_and_keys_are_managed(stage: WebStage) -> None:
    await signed_in(stage)
    bot = await tell("bots", "create", LINK, "--title", "Weekly")
    assert [found["id"] for found in await tell("bots", "list")] == [bot["id"]]
    assert (await tell("bots", "show", str(bot["id"])))["status"] == "READY_TO_DEPLOY"
    assert (await tell("bots", "deploy", str(bot["id"])))["id"] == bot["id"]
    hook = await tell(
        "webhooks", "create", "https://example.com/hook", "--event", "job.failed", "--family", "jobs"
    )
    assert [found["url"] for found in await tell("webhooks", "list")] == ["https://example.com/hook"]
    assert await tell("webhooks", "deliveries", str(hook["id"])) == []
    assert (await tell("webhooks", "remove", str(hook["id"])))["removed"]
    made = await tell("keys", "create", "--name", "ci", "--scope", "read")
    assert made["key"].startswith("mb_live_")
    listed = await tell("keys", "list")
    assert "ci" in [key["name"] for key in listed]
    assert made["key"] not in json.dumps(listed)
    assert (await tell("keys", "revoke", str(made["id"])))["revoked"]


async def test_a_meeting_that_left_nothing_says_so(stage: WebStage) -> None:
    await signed_in(stage)
    made = await tell("jobs", "create", LINK)
    for command in ("transcript", "summary"):
        result = await asyncio.to_thread(run, "meetings", command, made["id"])
        assert isinstance(result.exception, MeetbotError)
        assert result.exception.kind is Kind.MISSING
    assert await tell("meetings", "search", "nothing") == []


async def test_a_server_that_is_away_is_a_passing_trouble() -> None:
    result = await asyncio.to_thread(
        run, "login", "--server", "http://127.0.0.1:9", "--with-key", given="k\n"
    )
    assert isinstance(result.exception, Temporary)
    assert "See that the server runs" in result.exception.safe
    wrong = run("login", "--server", "example.com", "--with-key", given="k\n")
    assert "is not a server's address" in str(wrong.exception)


@pytest.mark.parametrize(
    "address", ["example.com", "ftp://example.com", "http://[::1", "http://a b", "http://h:99999", "https://"]
)
def test_what_is_no_address_is_told_before_anything_is_sent(address: str) -> None:
    refused = run("login", "--server", address)
    assert isinstance(refused.exception, Invalid), refused.output
    assert "is not a server's address" in refused.exception.safe


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, {"Content-Type": "text/html"}, b"<h1>It works!</h1>"), "not as a Meetbot server does"),
        ((200, {"Content-Type": "application/json"}, b'{"hello": "world"}'), "not as a Meetbot server does"),
        ((404, {}, b"nothing here"), "not as a Meetbot server does"),
        (
            (301, {"Location": "https://meetbot.example.com/"}, b""),
            "stands elsewhere: https://meetbot.example.com/",
        ),
        ((500, {}, b"broken"), "answered 500"),
    ],
)
async def test_another_kind_of_server_is_recognised(answer: Any, words: str) -> None:
    status, headers, body = answer

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    refused = await asyncio.to_thread(run, "login", "--server", address)
    server.close()
    assert isinstance(refused.exception, MeetbotError), refused.output
    assert words in refused.exception.safe


async def test_a_revoked_key_is_told_with_the_way_back_in(stage: WebStage) -> None:
    await signed_in(stage)
    made = await tell("keys", "list")
    await tell("keys", "revoke", str(made[0]["id"]))
    refused = await asyncio.to_thread(run, "jobs", "list")
    assert isinstance(refused.exception, Denied)
    assert f"meetbot login --server {stage.url}" in refused.exception.safe


async def test_a_pipe_gets_one_line_a_row_and_no_colour(stage: WebStage) -> None:
    await signed_in(stage)
    title = "A title that is longer than a terminal is wide, so that a table would have to break it somewhere"
    made = await tell("jobs", "create", LINK, "--title", title)
    listed = await asyncio.to_thread(run, "jobs", "list")
    head, row = listed.stdout.splitlines()
    assert head.split() == ["id", "status", "join", "at", "title"]
    assert made["id"] in row
    assert title in row
    assert "\x1b" not in listed.stdout


@pytest.mark.parametrize(
    ("shell", "variables"),
    [
        ("bash", {"COMP_WORDS": "meetbot jobs li", "COMP_CWORD": "2"}),
        ("zsh", {"_TYPER_COMPLETE_ARGS": "meetbot jobs li"}),
        ("fish", {"_TYPER_COMPLETE_ARGS": "meetbot jobs li", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
    ],
)
def test_each_shell_completes_commands(shell: str, variables: dict[str, str]) -> None:
    environment = {**os.environ, **variables, "_MEETBOT_COMPLETE": f"complete_{shell}"}
    done = subprocess.run(
        [sys.executable, "-m", "agent"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "list" in done.stdout
    assert "show" not in done.stdout


def test_a_status_is_completed() -> None:
    environment = {"COMP_WORDS": "meetbot jobs list --status co", "COMP_CWORD": "4"}
    command = {**os.environ, **environment, "_MEETBOT_COMPLETE": "complete_bash"}
    done = subprocess.run(
        [sys.executable, "-m", "agent"], env=command, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["completed"]
