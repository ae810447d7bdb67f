"""A fake world that every test finds fresh, a clock that never waits, and a client that speaks through both."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from time import monotonic
from typing import Any

import pytest
import pytest_asyncio

from agent.okoro.client import OkoroClient
from agent.okoro.retries import Bounds
from agent.sandbox.world import World

CODE = "abc-defg-hij"
INTENT = "Summarise the planning meeting for its participants"


@dataclass
class PatientClock:
    """Real time, but sleeping is only written down."""

    skew: timedelta = timedelta()
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.skew

    def monotonic(self) -> float:
        return monotonic() + sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def clock() -> PatientClock:
    return PatientClock()


@pytest_asyncio.fixture(loop_scope="module")
async def client(world: World, clock: PatientClock) -> AsyncIterator[OkoroClient]:
    async with OkoroClient(
        **world.settings()["okoro"],
        clock=clock,
        timeout_seconds=30,
        chance=Random(7),
        retries=Bounds(attempts=4),
    ) as running:
        yield running


@pytest.fixture
def ended() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=5)


@pytest.fixture
def order(ended: datetime) -> dict[str, Any]:
    """A conference of two people with a transcript of 250 entries: three pages."""
    return conference(ended - timedelta(minutes=30), ended, 250)


def conference(
    start: datetime, end: datetime | None, lines: int, *, code: str = CODE, **transcript: Any
) -> dict[str, Any]:
    entries = [
        {
            "speaker": ("Host Person", "Guest Person")[n % 2],
            "text": f"Line {n} of the meeting.",
            "start_offset_seconds": n,
            "end_offset_seconds": n + 0.9,
        }
        for n in range(lines)
    ]
    return {
        "code": code,
        "start_time": start.isoformat(),
        "end_time": end.isoformat() if end else None,
        "participants": [{"name": "Host Person"}, {"name": "Guest Person", "kind": "anonymous"}],
        "transcripts": [{"entries": entries, **transcript}],
    }


def calls(requests: list[dict[str, Any]], kind: str, ending: str = "") -> list[dict[str, Any]]:
    """The requests of a kind (`call`, `token`) that the proxy answered, by the end of their path."""
    return [one for one in requests if one["kind"] == kind and one["path"].endswith(ending)]
