"""The assistant's door, spoken to over its real standard input and output by the protocol's own client."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from agent.cli import session
from agent.model.states import State
from agent.model.tables import SummaryVersion, TranscriptEntry
from tests.web_stage import LINK, WebStage

TOOLS = {"list_meetings", "read_transcript", "read_summary", "ask_meeting", "search_meetings", "send_bot"}


def said(result: Any) -> Any:
    assert not result.is_error, result.content
    return result.structured_content.get("result", result.structured_content)


@pytest.mark.timeout(90)
async def test_an_assistant_reads_meetings_and_sends_the_bot(
    stage: WebStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    session.save(session.Session(stage.url, stage.key("alice@example.com")))
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "agent", "mcp"],
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)},
    )
    async with stdio_client(command) as streams, ClientSession(*streams) as assistant:
        await assistant.initialize()
        assert {tool.name for tool in (await assistant.list_tools()).tools} == TOOLS
        made = said(await assistant.call_tool("send_bot", {"meeting_url": LINK, "title": "Weekly"}))
        assert [job["id"] for job in said(await assistant.call_tool("list_meetings", {}))] == [made["id"]]
        missing = await assistant.call_tool("read_summary", {"job_id": made["id"]})
        assert missing.is_error
        assert "no such summary" in missing.content[0].text
        _finish(stage, made["id"])
        words = said(await assistant.call_tool("read_transcript", {"job_id": made["id"]}))
        assert [entry["text"] for entry in words] == ["We ship on Friday."]
        notes = said(await assistant.call_tool("read_summary", {"job_id": made["id"]}))
        assert json.dumps(notes["summary"]) == '{"tldr": "Ship"}'
        found = said(await assistant.call_tool("search_meetings", {"words": "friday"}))
        assert [hit["jobId"] for hit in found] == [made["id"]]


def _finish(stage: WebStage, job_id: str) -> None:
    job = stage.put(job_id, State.COMPLETED, transcript_source="meet")
    now = datetime(2026, 1, 5, 9, tzinfo=UTC)
    with stage.database.write() as session:
        session.add(
            TranscriptEntry(
                job_id=job.id or 0,
                source="meet",
                ordinal=1,
                key="1",
                speaker="Host Person",
                text="We ship on Friday.",
                started_at=now,
                ended_at=now,
            )
        )
        session.add(SummaryVersion(job_id=job.id or 0, version=1, created_at=now, body={"tldr": "Ship"}))
