"""A fake world with a language model in it, and a small meeting."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest_asyncio

from agent.model.summary import Brief
from agent.model.transcript import Entry
from agent.sandbox.world import World
from agent.summary.adapter import OpenAISummariser

TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
BRIEF = Brief(
    meeting_title="Launch plan", roster=("Host Person", "Guest Person", "Third Person"), template="auto"
)
SAID = [
    (
        "Host Person",
        "Welcome everyone, the goal of this meeting is to plan the launch of the billing service.",
    ),
    ("Guest Person", "The database migration is the biggest risk, and the rollback plan is not written yet."),
    ("Host Person", "We decided to launch on Friday the 14th of March with the new pricing page."),
    ("Guest Person", "I'll send the rollback plan by Wednesday."),
    ("Host Person", "Who owns the status page?"),
    ("Host Person", "Third Person, can you prepare the customer mail?"),
    ("Third Person", "Sure, I will prepare the customer mail before the launch on Friday."),
    ("Guest Person", "Thanks, bye."),
]


def entries(
    said: Sequence[tuple[str, str]] = SAID, language: str | None = "en-US", step: float = 20.0
) -> list[Entry]:
    return [
        Entry(
            speaker,
            text,
            TEN + timedelta(seconds=step * n),
            TEN + timedelta(seconds=step * n + step * 0.75),
            language,
        )
        for n, (speaker, text) in enumerate(said)
    ]


def answer(**parts: Any) -> str:
    """A valid answer of a model, with the given parts instead."""
    whole = {
        "title": "Launch plan",
        "language": "en",
        "tldr": [{"text": "The billing service will be launched on Friday.", "cites": [3]}],
        "topics": [],
        "decisions": [],
        "action_items": [],
        "open_questions": [],
    }
    return json.dumps(whole | parts)


@pytest_asyncio.fixture(loop_scope="module")
async def summariser(world: World) -> AsyncIterator[OpenAISummariser]:
    settings = world.settings()["summary"]
    made = OpenAISummariser(settings["base_url"], settings["model"], settings["api_key"], timeout_seconds=30)
    yield made
    await made.aclose()
