"""The command line against a real server, from another process's point of view."""

import asyncio
import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agent.cli import login, session
from agent.cli.main import app
from agent.client import ApiError, Meetbot
from agent.errors import Denied, Kind, MeetbotError, Temporary
from tests.web_stage import LINK, WebStage


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def run(*arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=given)


async def tell(*arguments: str, given: str = "") -> Any:
    """Run a command that must succeed, and return the JSON it prints."""
    result = await asyncio.to_thread(run, *arguments, given=given)
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
    assert json.loads(kept.read_text()) == {"server": stage.url, "key": key, "email": "alice@example.com"}
    assert (await tell("whoami"))["email"] == "alice@example.com"
    assert run("logout").exit_code == 0
    assert not kept.exists()
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
    made = await tell("jobs", "add", LINK, "--at", "2026-12-24T09:00:00+01:00", "--title", "Weekly", "--json")
    assert made["title"] == "Weekly"
    assert [job["id"] for job in await tell("jobs", "list", "--status", "queued")] == [made["id"]]
    assert (await tell("jobs", "show", made["id"], "--json"))["timeline"][0]["kind"] == "job_created"
    assert (await tell("jobs", "explain", made["id"], "--json"))["invitations"] == []
    assert await tell("jobs", "deliveries", made["id"]) == []
    assert (await tell("jobs", "cancel", made["id"], "--json"))["cancelled"] is True
    again = await asyncio.to_thread(run, "jobs", "cancel", made["id"])
    assert isinstance(again.exception, MeetbotError)
    assert again.exception.kind is Kind.CONFLICT
    assert [job["id"] for job in await tell("meetings", "list")] == [made["id"]]


async def test_bots_webhooks_and_keys_are_managed(stage: WebStage) -> None:
    await signed_in(stage)
    bot = await tell("bots", "add", LINK, "--title", "Weekly")
    assert [found["id"] for found in await tell("bots", "list")] == [bot["id"]]
    assert (await tell("bots", "show", str(bot["id"])))["status"] == "READY_TO_DEPLOY"
    assert (await tell("bots", "deploy", str(bot["id"])))["id"] == bot["id"]
    hook = await tell(
        "webhooks", "add", "https://example.com/hook", "--event", "job.failed", "--family", "jobs"
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
    made = await tell("jobs", "add", LINK, "--json")
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
    wrong = run("login", "--server", "example.com", "--with-key", given="k\n")
    assert "is not a server's address" in str(wrong.exception)
