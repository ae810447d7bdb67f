"""A whole meeting by each client, from a process of its own: the Python client in both forms, and the command line."""

import asyncio
import json
import os
import re
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from agent.sandbox.demo import cast
from agent.sandbox.demo.stage import HOOK, Stage
from agent.sandbox.world import HOOK_SECRET
from tests.told_meeting import PATIENCE_SECONDS, hold, open_door

pytestmark = pytest.mark.timeout(180)
JOB, BOT, CALLED_OFF = "aaa-aaaa-aaa", "bbb-bbbb-bbb", "ccc-cccc-ccc"
QUESTION = "What was decided about the price?"

# What a person's own program does. It knows the server by its address and a key, and tells what it did on lines of JSON.
BEGIN = """
import json, sys
from agent.client import {client}, bots, jobs, verification, webhooks

server, key, job_url, bot_url = sys.argv[1:]

def tell(**facts):
    print(json.dumps(facts), flush=True)

def over(job):
    return job["status"] in ("completed", "failed") and all(sent["state"] == "done" for sent in job["deliveries"])

"""
# The same program for both: `wait` stands for nothing or for `await`.
BODY = """
made = {wait}meetbot.send(jobs.create(job_url, title="Pricing review", external_id="crm-7"))
bot = {wait}meetbot.send(bots.create(bot_url, title="Pricing review", display_name="Notes"))
{wait}meetbot.send(bots.deploy(bot["id"]))
tell(job=made["id"], bot=bot["id"])
while not over(job := {wait}meetbot.send(jobs.get(made["id"]))):
    {wait}sleep(0.2)
while (found := {wait}meetbot.send(bots.get(bot["id"])))["status"] not in ("DONE", "FATAL"):
    {wait}sleep(0.2)
entries = [entry["text"] {asynchronous}for entry in meetbot.each(jobs.transcript(made["id"]))]
notes = {wait}meetbot.send(jobs.summary(made["id"]))
answer = {wait}meetbot.send(jobs.ask(made["id"], {question!r}))
sent = ({wait}meetbot.send(jobs.deliveries(made["id"])))["deliveries"]
again = next(one["id"] for one in sent if one["event"] == "job.finalized")
{wait}meetbot.send(jobs.resend(again))
tell(
    job=job, bot=found, entries=entries, notes=notes["summary"], answer=answer, resent=again,
    hits=[hit["jobId"] {asynchronous}for hit in meetbot.each(jobs.search("starter plan"))],
)
"""
WAITS = "from time import sleep\nwith Meetbot(server, key) as meetbot:\n"
AWAITS = "import asyncio\nfrom asyncio import sleep\nasync def main():\n  async with AsyncMeetbot(server, key) as meetbot:\n"
VERIFIES = """
import json, sys
from agent.client import verification

secret = sys.argv[1]
request = json.load(sys.stdin)
event = verification.standard(secret, request["headers"], request["body"].encode())
assert verification.jobs(secret, request["headers"], request["body"].encode()) == event
print(json.dumps(event))
"""


def program(asynchronous: bool) -> str:
    words = {"wait": "await ", "asynchronous": "async "} if asynchronous else {"wait": "", "asynchronous": ""}
    body = textwrap.indent(BODY.format(question=QUESTION, **words), "    ")
    begin = BEGIN.format(client="AsyncMeetbot" if asynchronous else "Meetbot")
    return begin + (AWAITS + body + "asyncio.run(main())\n" if asynchronous else WAITS + body)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path / "stage", lambda _: None) as stage:
        yield stage


@pytest.mark.parametrize("asynchronous", [False, True], ids=["synchronous", "asynchronous"])
async def test_a_program_of_its_own_runs_a_whole_meeting(stage: Stage, asynchronous: bool) -> None:
    links = [await open_door(stage, JOB), await open_door(stage, BOT)]
    key = stage.api.headers["authorization"].removeprefix("Bearer ")
    arguments = [sys.executable, "-c", program(asynchronous), stage.base_url, key, *links]
    child = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    assert child.stdout
    async with asyncio.timeout(PATIENCE_SECONDS * 2):
        begun = json.loads(await child.stdout.readline())
        await asyncio.gather(hold(stage, JOB), hold(stage, BOT))
        told = json.loads(await child.stdout.readline())
        assert await child.wait() == 0
    assert told["job"]["id"] == begun["job"]
    assert (told["job"]["status"], told["job"]["externalId"]) == ("completed", "crm-7")
    assert [entry["outcome"] for entry in told["job"]["consent"]] == ["asked", "granted"]
    assert told["bot"]["status"] == "DONE"
    assert told["entries"] == [text for _, text, _, _ in cast.DIALOGUE]
    assert told["notes"]["decisions"]
    assert "19 euros" in " ".join(statement["text"] for statement in told["answer"]["statements"])
    assert begun["job"] in told["hits"]
    arrived = await resent(stage, told["resent"])
    assert (await verified(arrived))["data"]["jobId"] == begun["job"]


async def resent(stage: Stage, delivery_id: str) -> dict[str, Any]:
    """Return the request that brought a delivery for the second time."""

    async def look() -> list[dict[str, Any]]:
        found = [one for one in await stage.teller.deliveries(HOOK) if one["id"] == delivery_id]
        return found[1:]

    found: list[dict[str, Any]] = await stage.until("the delivery to come again", look, PATIENCE_SECONDS)
    return found[0]


async def verified(arrived: dict[str, Any]) -> dict[str, Any]:
    """Let a program with nothing but the secret check a webhook as it came."""
    given = json.dumps({"headers": arrived["headers"], "body": arrived["body"]}).encode()
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        VERIFIES,
        HOOK_SECRET,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await child.communicate(given)
    assert child.returncode == 0
    return dict(json.loads(out))


class CommandLine:
    """`meetbot` as a person types it, with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.environment = {**os.environ, "XDG_CONFIG_HOME": str(home)}

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "agent", *arguments, stdout=pipe, stderr=pipe, env=self.environment
        )

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        child = await self.start(*arguments)
        out, err = await child.communicate()
        return child.returncode or 0, out.decode(), err.decode()

    async def tell(self, *arguments: str) -> Any:
        status, out, err = await self.run(*arguments, "--json")
        assert status == 0, (arguments, err)
        return json.loads(out)

    async def refuse(self, *arguments: str) -> str:
        status, out, err = await self.run(*arguments)
        assert status not in {0, 1}, (arguments, out, err)
        assert err.count("\n") == 1, err
        assert err.startswith("meetbot: "), err
        return err

    async def login(self, stage: Stage) -> dict[str, Any]:
        """Sign in by a code that somebody approves who is signed in elsewhere."""
        child = await self.start("login", "--server", stage.base_url, "--json")
        assert child.stderr
        said = (await child.stderr.readline()) + (await child.stderr.readline())
        code = re.search(r"[A-Z]{4}-[A-Z]{4}", said.decode())
        assert code, said
        assert f"{stage.base_url}/cli-auth" in said.decode()
        decided = await stage.api.post("/api/v1/cli-auth/complete", json={"userCode": code[0]})
        decided.raise_for_status()
        out, err = await child.communicate()
        assert child.returncode == 0, err
        return dict(json.loads(out))


async def test_the_command_line_alone_runs_a_whole_meeting(stage: Stage, tmp_path: Path) -> None:
    meetbot = CommandLine(tmp_path / "home")
    assert "meetbot login" in await meetbot.refuse("jobs", "list")
    assert (await meetbot.login(stage))["email"] == cast.HOST
    made = await meetbot.tell("jobs", "create", await open_door(stage, JOB), "--title", "Pricing review")
    hook = await meetbot.tell("webhooks", "create", f"{stage.world.base_url}/hooks/own", "--family", "jobs")
    await hold(stage, JOB)

    async def over() -> Any:
        job = await meetbot.tell("jobs", "show", made["id"])
        return job if job["summary"] and all(sent["state"] == "done" for sent in job["deliveries"]) else None

    job = await stage.until("the meeting to be over", over, PATIENCE_SECONDS)
    assert job["status"] == "completed"
    await _reads_what_was_left(meetbot, made["id"])
    await _asks_as_an_assistant(meetbot, made["id"])
    await _sends_webhooks_again(stage, meetbot, hook["id"])
    await _calls_bots_off(stage, meetbot)
    await _makes_and_revokes_keys(meetbot)
    assert (await meetbot.run("logout"))[0] == 0
    assert "meetbot login" in await meetbot.refuse("whoami")


async def _reads_what_was_left(meetbot: CommandLine, job_id: str) -> None:
    assert [job["id"] for job in await meetbot.tell("jobs", "list", "--status", "completed")] == [job_id]
    assert [job["id"] for job in await meetbot.tell("meetings", "list")] == [job_id]
    why = await meetbot.tell("jobs", "explain", job_id)
    assert (why["source"], why["end_reason"]) == ("api", "ended_by_host")
    assert (await meetbot.tell("meetings", "show", job_id))["id"] == job_id
    spoken = await meetbot.tell("meetings", "transcript", job_id)
    assert [said["text"] for said in spoken] == [text for _, text, _, _ in cast.DIALOGUE]
    assert (await meetbot.tell("meetings", "summary", job_id))["summary"]["decisions"]
    assert [entry["outcome"] for entry in await meetbot.tell("meetings", "ledger", job_id)] == [
        "asked",
        "granted",
    ]
    assert (await meetbot.tell("meetings", "ask", job_id, QUESTION))["statements"]
    assert {hit["jobId"] for hit in await meetbot.tell("meetings", "search", "starter plan")} == {job_id}
    status, page, _ = await meetbot.run("meetings", "show", job_id)
    assert (status, "Action items" in page) == (0, True)
    assert "failed" in await meetbot.refuse("jobs", "retry", job_id)
    assert "There is no" in await meetbot.refuse("jobs", "show", "job_01J00000000000000000000000")


async def _asks_as_an_assistant(meetbot: CommandLine, job_id: str) -> None:
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "agent", "mcp"], env=meetbot.environment
    )
    async with stdio_client(command) as streams, ClientSession(*streams) as assistant:
        await assistant.initialize()
        answer = await assistant.call_tool("ask_meeting", {"job_id": job_id, "question": QUESTION})
        assert not answer.is_error
        assert "19 euros" in json.dumps(answer.structured_content)


async def _sends_webhooks_again(stage: Stage, meetbot: CommandLine, hook_id: int) -> None:
    assert hook_id in [hook["id"] for hook in await meetbot.tell("webhooks", "list")]
    await stage.teller.wait_deliveries("own", "job.finalized", timeout=PATIENCE_SECONDS)
    sent = await meetbot.tell("webhooks", "deliveries", str(hook_id))
    final = next(one["id"] for one in sent if one["event"] == "job.finalized")
    assert (await meetbot.tell("webhooks", "resend", str(hook_id), final))["id"] == final
    await stage.teller.wait_deliveries("own", "job.finalized", count=2, timeout=PATIENCE_SECONDS)
    assert (await meetbot.tell("webhooks", "test", str(hook_id)))["success"]
    assert (await meetbot.tell("webhooks", "remove", str(hook_id)))["removed"]


async def _calls_bots_off(stage: Stage, meetbot: CommandLine) -> None:
    later = ("--at", "2030-01-31T09:00:00+01:00")
    refused = await meetbot.refuse("jobs", "create", stage.meet_url(CALLED_OFF), *later)
    assert "days ahead" in refused
    bot = await meetbot.tell("bots", "create", stage.meet_url(BOT), "--title", "Later")
    assert (await meetbot.tell("bots", "show", str(bot["id"])))["status"] == "READY_TO_DEPLOY"
    assert (await meetbot.tell("bots", "kill", str(bot["id"])))["status"] == "DONE"
    assert bot["id"] in [found["id"] for found in await meetbot.tell("bots", "list")]
    assert (await meetbot.tell("bots", "delete", str(bot["id"])))["deleted"]
    await stage.teller.create_meeting(CALLED_OFF, access="not_found")
    lost = await meetbot.tell("jobs", "create", stage.meet_url(CALLED_OFF))

    async def failed() -> bool:
        return (await meetbot.tell("jobs", "show", lost["id"]))["failure_code"] == "meeting_not_found"

    await stage.until("the bot to find no meeting", failed, PATIENCE_SECONDS)
    await open_door(stage, CALLED_OFF)
    assert (await meetbot.tell("jobs", "retry", lost["id"]))["status"] == "queued"
    await stage.teller.wait(CALLED_OFF, "in_call", timeout=PATIENCE_SECONDS)
    assert (await meetbot.tell("jobs", "cancel", lost["id"]))["id"] == lost["id"]

    async def cancelled() -> bool:
        return bool((await meetbot.tell("jobs", "show", lost["id"]))["cancelled"])

    await stage.until("the bot to leave", cancelled, PATIENCE_SECONDS)


async def _makes_and_revokes_keys(meetbot: CommandLine) -> None:
    made = await meetbot.tell("keys", "create", "--name", "ci", "--scope", "read")
    assert made["key"].startswith("mb_live_")
    assert made["id"] in [key["id"] for key in await meetbot.tell("keys", "list")]
    assert (await meetbot.tell("keys", "revoke", str(made["id"])))["revoked"]
