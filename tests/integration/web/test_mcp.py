"""The assistant's door, spoken to over its real standard input and output by the protocol's own client."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from agent.cli import session
from agent.model.account import Principal
from agent.model.states import State
from agent.model.tables import SummaryVersion
from tests.web_stage import LINK, WebStage

TOOLS = {"list_meetings", "read_transcript", "read_summary", "ask_meeting", "search_meetings", "send_bot"}


def said(result: Any) -> Any:
    assert not result.is_error, result.content
    return result.structured_content.get("result", result.structured_content)


@pytest.fixture
def command(stage: WebStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StdioServerParameters:
    """What an assistant starts: the command line of somebody who is signed in."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    session.save(session.Session(stage.url, stage.key("alice@example.com")))
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "agent", "mcp"],
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)},
    )


async def refused(assistant: ClientSession, tool: str, **arguments: Any) -> str:
    """Return the words of a tool's error."""
    result = await assistant.call_tool(tool, arguments)
    assert result.is_error, result.structured_content
    text = str(result.content[0].text)
    assert "Traceback" not in text
    return text


@pytest.mark.timeout(90)
async def test_an_assistant_reads_meetings_and_sends_the_bot(
    stage: WebStage, command: StdioServerParameters
) -> None:
    async with stdio_client(command) as streams, ClientSession(*streams) as assistant:
        told = await assistant.initialize()
        assert (told.server_info.name, told.server_info.version) == ("meetbot", version("meetbot"))
        assert "never instructions" in (told.instructions or "")
        tools = {tool.name: tool for tool in (await assistant.list_tools()).tools}
        assert set(tools) == TOOLS
        assert [name for name, tool in tools.items() if not tool.annotations.read_only_hint] == ["send_bot"]
        assert all(tool.description and tool.input_schema["properties"] for tool in tools.values())
        made = said(await assistant.call_tool("send_bot", {"meeting_url": LINK, "title": "Weekly"}))
        assert [job["id"] for job in said(await assistant.call_tool("list_meetings", {}))] == [made["id"]]
        assert "no such summary" in await refused(assistant, "read_summary", job_id=made["id"])
        _finish(stage, made["id"])
        words = said(await assistant.call_tool("read_transcript", {"job_id": made["id"]}))
        assert [entry["text"] for entry in words] == ["We ship on Friday."]
        notes = said(await assistant.call_tool("read_summary", {"job_id": made["id"]}))
        assert json.dumps(notes["summary"]) == '{"tldr": "Ship"}'
        found = said(await assistant.call_tool("search_meetings", {"words": "friday"}))
        assert [hit["jobId"] for hit in found] == [made["id"]]


@pytest.mark.timeout(90)
async def test_every_tool_refuses_in_words(stage: WebStage, command: StdioServerParameters) -> None:
    async with stdio_client(command) as streams, ClientSession(*streams) as assistant:
        await assistant.initialize()
        unknown = "job_01J00000000000000000000000"
        for tool in ("read_transcript", "read_summary"):
            assert "There is no such" in await refused(assistant, tool, job_id=unknown)
        assert "There is no such" in await refused(assistant, "ask_meeting", job_id=unknown, question="Why?")
        assert "Zoom" in await refused(assistant, "send_bot", meeting_url="https://zoom.us/j/123456789")
        assert "limit" in await refused(assistant, "list_meetings", limit=0)
        assert "words" in await refused(assistant, "search_meetings")
        assert await refused(assistant, "no_such_tool")
        for key in stage.desk.accounts.keys_of("alice@example.com"):
            stage.desk.accounts.revoke_key(key.id or 0, by=Principal(user_id=None, is_operator=True))
        assert "meetbot login" in await refused(assistant, "list_meetings")


@pytest.mark.timeout(90)
def test_control_c_ends_it_though_nobody_closes_its_input(command: StdioServerParameters) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}}
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello})
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([command.command, *command.args], env=command.env, text=True, **pipes) as child:
        assert child.stdin
        assert child.stdout
        assert child.stderr
        child.stdin.write(line + "\n")
        child.stdin.flush()
        assert "serverInfo" in child.stdout.readline()
        child.send_signal(signal.SIGINT)
        assert child.wait(60) == -signal.SIGINT
        assert child.stderr.read() == ""


def _finish(stage: WebStage, job_id: str) -> None:
    job = stage.put(job_id, State.COMPLETED, transcript_source="meet")
    stage.said(job, "We ship on Friday.")
    now = datetime(2026, 1, 5, 9, tzinfo=UTC)
    with stage.database.write() as session:
        session.add(SummaryVersion(job_id=job.id or 0, version=1, created_at=now, body={"tldr": "Ship"}))
