"""Polling through the real adapter against a Google Calendar on a real socket that loses pages, tokens and patience."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agent.invites.google import GoogleCalendar, load_credentials
from agent.lifecycle.invitations.intake import Intake
from agent.lifecycle.invitations.polling import LOOK, POLL, Polling
from agent.model.tables import CalendarChannel
from agent.sandbox.world import World
from tests.intake_stage import IntakeStage
from tests.waiting import PATIENCE_SECONDS

NOW = datetime.now(UTC).replace(microsecond=0)
NINE = (NOW + timedelta(days=2)).replace(hour=9, minute=0, second=0)
HOUR = timedelta(hours=1)
BOT = "meetbot@sandbox.example"
CODES = "abcdefghij"


def event(number: int = 0, start: datetime = NINE, **more: Any) -> dict[str, Any]:
    return {
        "summary": f"Meeting {number}",
        "start": {"dateTime": start.isoformat(), "timeZone": "UTC"},
        "end": {"dateTime": (start + timedelta(minutes=30)).isoformat(), "timeZone": "UTC"},
        "hangoutLink": f"https://meet.google.com/aaa-bbbb-cc{CODES[number]}",
        "organizer": {"email": "host@example.com"},
        "attendees": [{"email": BOT}, {"email": "host@example.com", "responseStatus": "accepted"}],
        **more,
    }


class Wired:
    """A stage whose calendar is the sandbox's, by Google's own client."""

    def __init__(self, stage: IntakeStage, world: World, http: httpx2.AsyncClient) -> None:
        self.stage, self.world, self.http = stage, world, http
        path = world.directory / world.settings()["google_calendar"]["credentials_file"]
        feed = GoogleCalendar(load_credentials(path), api_endpoint=f"{world.base_url}/calendar/v3/")
        stage.clock.at = NOW
        stage.house = replace(stage.house, calendars=(feed,))
        stage.intake = Intake(stage.house)
        stage.polling = Polling(stage.house, stage.intake)

    async def tell(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.http.request(method, f"{self.world.base_url}/control/{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def put(self, number: int, body: dict[str, Any]) -> None:
        await self.tell("PUT", f"calendar/primary/events/event{number}", body)

    async def fault(self, fault: str, **more: Any) -> None:
        await self.tell("POST", "faults", {"service": "calendar", "fault": fault, **more})


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    habits = {"bot_email": BOT, "calendar_push": False}
    async with (
        World() as world,
        httpx2.AsyncClient(trust_env=False) as http,
        IntakeStage(tmp_path, **habits) as stage,
    ):
        yield Wired(stage, world, http)


async def test_an_invitation_is_joined_and_accepted_for_everybody_to_see(wired: Wired) -> None:
    await wired.put(0, event())
    await wired.stage.polling()
    assert wired.stage.starts() == [NINE]
    await wired.stage.run("respond")
    seen = await wired.tell("GET", "calendar/primary/events/event0")
    assert [guest["responseStatus"] for guest in seen["attendees"] if guest["email"] == BOT] == ["accepted"]
    await wired.stage.polling()
    assert len(wired.stage.engine.named("respond")) == 1


async def test_a_series_with_exceptions_follows_its_organizer(wired: Wired) -> None:
    await wired.put(0, event(recurrence=["RRULE:FREQ=DAILY;COUNT=3"]))
    await wired.stage.polling()
    assert len(wired.stage.jobs()) == 3
    second = NINE + timedelta(days=1)
    moved = event(
        start=second + HOUR, recurringEventId="event0", originalStartTime={"dateTime": second.isoformat()}
    )
    await wired.put(1, moved | {"iCalUID": "event0@google.com"} | {"hangoutLink": event()["hangoutLink"]})
    await wired.stage.polling()
    assert wired.stage.starts() == [NINE, second + HOUR, NINE + timedelta(days=2)]


async def test_a_forgotten_sync_token_ends_nothing_and_finds_what_changed(wired: Wired) -> None:
    for number in range(3):
        await wired.put(number, event(number, NINE + number * HOUR))
    await wired.stage.polling()
    await wired.tell("POST", "calendar/primary/expire-sync-tokens")
    await wired.put(1, event(1, NINE + 5 * HOUR))
    await wired.stage.polling()
    assert wired.stage.starts() == [NINE, NINE + 2 * HOUR, NINE + 5 * HOUR]


async def test_short_and_empty_pages_lose_no_event(wired: Wired) -> None:
    for number in range(5):
        await wired.put(number, event(number, NINE + number * HOUR))
    await wired.tell("PUT", "calendar/primary/paging", {"page_size": 2, "empty_pages": 2})
    await wired.stage.polling()
    await wired.stage.polling(LOOK)
    assert len(wired.stage.jobs()) == 5


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "status": 403, "reason": "rateLimitExceeded"},
        {"fault": "status", "status": 429},
        {"fault": "status", "status": 503},
        {"fault": "status", "status": 410},
        {"fault": "reset"},
        {"fault": "truncate"},
        {"fault": "garbage"},
    ],
    ids=["rate", "busy", "outage", "gone", "reset", "truncated", "garbage"],
)
@pytest.mark.parametrize("skip", [0, 1, 2], ids=["first", "second", "third"])
async def test_trouble_at_any_page_ends_nothing_and_is_made_up_for(
    wired: Wired, fault: dict[str, Any], skip: int
) -> None:
    await wired.put(0, event(0))
    await wired.put(1, event(1, NINE + HOUR))
    await wired.tell("PUT", "calendar/primary/paging", {"page_size": 1, "empty_pages": 0})
    await wired.stage.polling()
    await wired.fault(**fault, match="GET *events*", skip=skip, times=3)
    await wired.put(2, event(2, NINE + 2 * HOUR))
    await wired.stage.polling()
    assert {NINE, NINE + HOUR} <= set(wired.stage.starts())
    await wired.tell("DELETE", "faults")
    await wired.stage.polling()
    assert wired.stage.starts() == [NINE, NINE + HOUR, NINE + 2 * HOUR]


async def test_a_deleted_event_is_ended_whether_or_not_its_deletion_was_seen(wired: Wired) -> None:
    await wired.put(0, event(0))
    await wired.put(1, event(1, NINE + HOUR))
    await wired.stage.polling()
    await wired.tell("DELETE", "calendar/primary/events/event0")
    await wired.stage.polling()
    assert wired.stage.starts() == [NINE + HOUR]


async def test_refused_credentials_end_nothing(wired: Wired) -> None:
    await wired.put(0, event(0))
    await wired.stage.polling()
    await wired.fault("status", match="*", status=401, times=None)
    await wired.stage.polling(LOOK)
    await wired.stage.polling.recheck(1)
    assert wired.stage.starts() == [NINE]


async def test_a_ping_over_a_channel_of_the_calendar_makes_the_bot_look(wired: Wired, tmp_path: Path) -> None:
    heard: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        writer.write(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        lines = [line.partition(": ") for line in head.split("\r\n")[1:] if line]
        heard.put_nowait({name.lower(): value for name, _, value in lines} | {"path": head.split()[1]})

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        habits = replace(wired.stage.house.habits, calendar_push=True, public_url=f"http://127.0.0.1:{port}")
        house = replace(wired.stage.house, habits=habits)
        polling = Polling(house, Intake(house))
        await polling()
        await wired.put(0, event(0))
        async with asyncio.timeout(PATIENCE_SECONDS):
            pings = [await heard.get(), await heard.get()]
    assert [ping["x-goog-resource-state"] for ping in pings] == ["sync", "exists"]
    assert {ping["path"] for ping in pings} == {"/google-calendar/changed"}
    (row,) = wired.stage.rows(CalendarChannel)
    ping = pings[1]
    assert row.id == ping["x-goog-channel-id"]
    known = polling.channels.pinged(
        row.id, ping["x-goog-channel-token"], ping["x-goog-message-number"], poll=POLL
    )
    assert known
    assert await wired.stage.run("poll") == 1
    assert wired.stage.starts() == [NINE]
