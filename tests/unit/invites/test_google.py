"""The poller against a Google Calendar v3 on a real socket, and the reading of its events."""

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from agent.errors import Denied, Misconfigured, Missing, Temporary
from agent.invites.google import GoogleCalendar, load_credentials
from agent.invites.google_events import read_events
from agent.rules.ical import Context
from agent.rules.reconcile import Cancel, Create, Known, decide
from agent.rules.series import ended
from agent.sandbox.world import World
from tests.waiting import PATIENCE_SECONDS

NOW = datetime.now(UTC).replace(microsecond=0, second=0)
NINE = (NOW + timedelta(days=2)).replace(hour=9, minute=0)
LINK = "https://meet.google.com/abc-defg-hij"
BOT = "meetbot@sandbox.example"


def when(instant, zone="UTC"):
    return {"dateTime": instant.isoformat(), "timeZone": zone}


def event(starts_at=NINE, **more):
    return {
        "summary": "Standup",
        "start": when(starts_at),
        "end": when(starts_at + timedelta(minutes=30)),
        "hangoutLink": LINK,
        "attendees": [{"email": BOT}, {"email": "host@example.com", "responseStatus": "accepted"}],
        **more,
    }


def stamped(instant):
    return instant.strftime("%Y%m%dT%H%M%SZ")


class Wired:
    """A calendar of the sandbox with the poller in front of it."""

    def __init__(self, world, http):
        self.world = world
        self.http = http
        path = world.settings()["google_calendar"]["credentials_file"]
        self.path = world.directory.joinpath(path)
        self.endpoint = f"{world.base_url}/calendar/v3/"
        self.calendar = GoogleCalendar(load_credentials(self.path), api_endpoint=self.endpoint)

    async def tell(self, method, path, body=None):
        answer = await self.http.request(method, f"{self.world.base_url}/control/{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def put(self, name, body):
        await self.tell("PUT", f"calendar/primary/events/{name}", body)

    async def drop(self, name):
        await self.tell("DELETE", f"calendar/primary/events/{name}")

    async def fault(self, fault, **more):
        await self.tell(
            "POST", "faults", {"service": "calendar", "match": "GET *events*", "fault": fault, **more}
        )


@pytest.fixture
async def wired():
    async with World() as world, httpx2.AsyncClient() as http:
        yield Wired(world, http)


async def test_a_window_holds_single_events_and_series_as_components(wired):
    await wired.put("one", event())
    await wired.put("many", event(NINE + timedelta(hours=2), recurrence=["RRULE:FREQ=DAILY;COUNT=3"]))
    await wired.put("old", event(NOW - timedelta(days=9)))
    listing = await wired.calendar.window(NOW)
    found = {component.uid: component for component in listing.components}
    assert set(found) == listing.uids == {"one@google.com", "many@google.com"}
    assert [slot.slot for slot in found["one@google.com"].slots] == [""]
    assert len(found["many@google.com"].slots) == 3
    assert found["many@google.com"].links == (LINK,)
    assert found["one@google.com"].attendees[0].email == BOT
    assert found["one@google.com"].organizer.email == "host@example.com"
    assert found["one@google.com"].snapshot


async def test_pages_that_are_short_or_empty_are_read_to_the_end(wired):
    for number in range(5):
        await wired.put(f"e{number}", event(NINE + timedelta(hours=number)))
    await wired.tell("PUT", "calendar/primary/paging", {"page_size": 2, "empty_pages": 2})
    assert len((await wired.calendar.window(NOW)).components) == 5


async def test_moved_and_cancelled_instances_are_told(wired):
    await wired.put("many", event(recurrence=["RRULE:FREQ=DAILY;COUNT=4"]))
    second, third = NINE + timedelta(days=1), NINE + timedelta(days=2)
    await wired.put(f"many_{stamped(second)}", event(second + timedelta(hours=1)))
    await wired.drop(f"many_{stamped(third)}")
    (component,) = (await wired.calendar.window(NOW)).components
    assert [
        (slot.starts_at, slot.cancelled) for slot in component.slots if slot.slot in component.recurrence_ids
    ] == [
        (second + timedelta(hours=1), False),
        (third, True),
    ]
    decisions = decide(Known(), component, NOW).decisions
    assert sum(isinstance(decision, Create) for decision in decisions) == 3


async def test_a_deleted_event_is_gone_and_its_end_outranks_it(wired):
    await wired.put("one", event(sequence=4))
    (component,) = (await wired.calendar.window(NOW)).components
    series = decide(Known(), component, NOW).series
    await wired.drop("one")
    listing = await wired.calendar.window(NOW)
    assert listing.gone == {"one@google.com"}
    outcome = decide(Known(series), ended(series, NOW), NOW)
    assert outcome.series.master.cancelled


async def test_an_instance_taken_back_by_google_comes_back(wired):
    third = NINE + timedelta(days=2)
    await wired.put("many", event(recurrence=["RRULE:FREQ=DAILY;COUNT=4"]))
    await wired.drop(f"many_{stamped(third)}")
    (without,) = (await wired.calendar.window(NOW)).components
    series = decide(Known(), without, NOW).series
    whole = without.model_copy(
        update={
            "recurrence_ids": (),
            "slots": tuple(slot.model_copy(update={"cancelled": False}) for slot in without.slots),
        }
    )
    assert sum(isinstance(d, Create) for d in decide(Known(series), whole, NOW).decisions) == 4


async def test_the_gate_opens_on_changes_only(wired):
    assert await wired.calendar.changed()
    await wired.calendar.window(NOW)
    assert not await wired.calendar.changed()
    await wired.put("one", event())
    assert await wired.calendar.changed()
    assert await wired.calendar.changed(), "a change is not forgotten before a look succeeded"
    await wired.calendar.window(NOW)
    assert not await wired.calendar.changed()


async def test_a_sync_token_that_expired_is_given_up_for_a_full_look(wired):
    await wired.calendar.changed()
    await wired.calendar.window(NOW)
    await wired.tell("POST", "calendar/primary/expire-sync-tokens")
    assert await wired.calendar.changed()
    await wired.calendar.window(NOW)
    assert await wired.calendar.changed()  # the new token is taken now
    await wired.calendar.window(NOW)
    assert not await wired.calendar.changed()


async def test_a_conference_still_being_made_is_looked_at_again(wired):
    pending = {"createRequest": {"requestId": "x", "status": {"statusCode": "pending"}}}
    await wired.put("one", event(hangoutLink=None, conferenceData=pending))
    await wired.calendar.changed()
    listing = await wired.calendar.window(NOW)
    assert listing.pending == {"one@google.com"}
    assert listing.components == ()
    assert await wired.calendar.changed()


async def test_one_event_is_read_again_by_its_uid(wired):
    await wired.put("one", event())
    await wired.put("two", event())
    listing = await wired.calendar.reread("one@google.com", NOW)
    assert [component.uid for component in listing.components] == ["one@google.com"]
    assert (await wired.calendar.reread("none@google.com", NOW)).gone == {"none@google.com"}


async def test_an_invitation_is_answered_once(wired):
    await wired.put("one", event())
    assert await wired.calendar.respond("one@google.com", "", "accepted")
    assert not await wired.calendar.respond("one@google.com", "", "accepted")
    stored = await wired.tell("GET", "calendar/primary/events/one")
    answers = {row["email"]: row["responseStatus"] for row in stored["attendees"]}
    assert answers == {BOT: "accepted", "host@example.com": "accepted"}


async def test_one_occurrence_is_declined_with_a_reason(wired):
    await wired.put("many", event(recurrence=["RRULE:FREQ=DAILY;COUNT=4"]))
    slot = (NINE + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert await wired.calendar.respond("many@google.com", slot, "declined", "no Google Meet link")
    stored = await wired.tell("GET", f"calendar/primary/events/many_{stamped(NINE + timedelta(days=1))}")
    own = next(row for row in stored["attendees"] if row["email"] == BOT)
    assert (own["responseStatus"], own["comment"]) == ("declined", "no Google Meet link")


async def test_what_the_bot_is_no_guest_of_is_not_answered(wired):
    await wired.put("one", event(attendees=[{"email": "host@example.com"}]))
    assert not await wired.calendar.respond("one@google.com", "", "accepted")
    assert not await wired.calendar.respond("none@google.com", "", "accepted")


async def test_a_setting_that_hides_invitations_is_told_with_what_to_do(wired):
    assert await wired.calendar.settings_warning() == ""
    await wired.tell("PUT", "calendar/settings", {"hideInvitationsSetting": "UNRESPONDED"})
    assert "From everyone" in await wired.calendar.settings_warning()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"fault": "status", "status": 500}, Temporary),
        ({"fault": "status", "status": 503, "retry_after": 7}, Temporary),
        ({"fault": "status", "status": 429}, Temporary),
        ({"fault": "status", "status": 403}, Temporary),  # the quota, as the reason says
        ({"fault": "status", "status": 401}, Denied),
        ({"fault": "status", "status": 404}, Missing),
        ({"fault": "reset"}, Temporary),
        ({"fault": "garbage"}, Temporary),
        ({"fault": "truncate"}, Temporary),
    ],
)
async def test_each_failure_has_its_kind_and_the_next_look_works(wired, fault, kind):
    await wired.put("one", event())
    await wired.fault(**fault, times=9)
    with pytest.raises(kind) as caught:
        await wired.calendar.window(NOW)
    if "retry_after" in fault:
        assert caught.value.retry_after_seconds == 7
    await wired.tell("DELETE", "faults")
    assert len((await wired.calendar.window(NOW)).components) == 1


async def test_a_failure_is_told_once_and_its_end_once(wired, caplog):
    await wired.fault("status", status=500, times=3)
    with caplog.at_level(logging.INFO, "agent.invites.google"):
        for _ in range(3):
            with pytest.raises(Temporary):
                await wired.calendar.window(NOW)
        await wired.calendar.window(NOW)
        await wired.calendar.window(NOW)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_refused_credentials_say_what_to_do(wired):
    await wired.tell("POST", "calendar/token", {"error": "invalid_grant"})
    with pytest.raises(Denied, match=r"google_calendar\.credentials_file"):
        await wired.calendar.window(NOW)


@pytest.mark.parametrize("text", ["", "{}", "not json", '{"type": "service_account"}', "[]"])
def test_unusable_credentials_say_what_to_do(tmp_path, text):
    path = tmp_path / "credentials.json"
    path.write_text(text)
    with pytest.raises(Misconfigured, match="credentials_file"):
        load_credentials(path)


def test_a_service_account_acts_for_the_subject(tmp_path):
    world = World()
    info = world.calendar.tokens.service_account("http://127.0.0.1:1/token")
    path = tmp_path / "credentials.json"
    path.write_text(info if isinstance(info, str) else json.dumps(info))
    assert load_credentials(path, "bot@example.com")._subject == "bot@example.com"


async def test_a_channel_pings_at_changes_until_it_is_ended(wired):
    pinged = asyncio.Event()
    pings = []

    async def listen(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        pings.append(head)
        if "x-goog-resource-state: exists" in head.lower():
            pinged.set()
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        channel = await wired.calendar.watch(f"http://127.0.0.1:{port}/ping", "a-secret")
        assert timedelta(days=1) < channel.ends_at - NOW < timedelta(days=31)
        await wired.put("one", event())
        await asyncio.wait_for(pinged.wait(), PATIENCE_SECONDS)
        assert "a-secret" in pings[-1]
        await wired.calendar.unwatch(channel)
        await wired.calendar.unwatch(channel)


CONTEXT = Context(NOW)
FULL = {
    "id": "one",
    "iCalUID": "one@google.com",
    "status": "confirmed",
    "updated": NOW.isoformat(),
    **event(),
}


def one(**changed):
    (component,) = read_events([{**FULL, **changed}], CONTEXT).components
    return component


def test_the_conference_goes_before_the_text():
    conference = {
        "entryPoints": [
            {"entryPointType": "phone", "uri": "tel:+1"},
            {"entryPointType": "video", "uri": LINK},
        ]
    }
    found = one(
        conferenceData=conference, hangoutLink=None, description="https://meet.google.com/zzz-zzzz-zzz"
    )
    assert found.links == (LINK, "https://meet.google.com/zzz-zzzz-zzz")


def test_zones_days_and_odd_text_are_kept():
    berlin = one(
        start={"dateTime": "2026-12-01T09:00:00+01:00", "timeZone": "Europe/Berlin"}, summary="a;b,c\nd\\e"
    )
    assert berlin.slots[0].starts_at == datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert (berlin.timezone, berlin.title) == ("Europe/Berlin", "a;b,c d\\e")
    assert one(start={"date": "2026-12-01"}, end={"date": "2026-12-02"}).slots[0].all_day


def test_text_cannot_smuggle_properties():
    found = one(summary="x\r\nSTATUS:CANCELLED", location="y\nRRULE:FREQ=DAILY")
    assert not found.cancelled
    assert not found.recurring


@pytest.mark.parametrize(
    "odd",
    [
        {"id": "gone", "status": "cancelled"},
        {"status": "cancelled"},
        {"id": "x", "status": "confirmed"},
        {"id": "x", "iCalUID": "x", "start": {}, "end": {}},
        {"id": "x", "iCalUID": "x", "start": {"dateTime": "soon"}},
        {"id": "x", "iCalUID": "x", "start": "soon", "attendees": [1]},
        {
            "id": "s_1",
            "recurringEventId": "s",
            "status": "cancelled",
            "originalStartTime": {"dateTime": NOW.isoformat()},
        },
    ],
)
def test_odd_events_hurt_nobody(odd):
    listing = read_events([odd, FULL], CONTEXT)
    assert "one@google.com" in {component.uid for component in listing.components}


def test_an_event_by_poll_and_by_mail_is_one_job():
    polled = one()
    mailed = polled.model_copy(
        update={"snapshot": False, "stamped_at": NOW - timedelta(minutes=1), "ical": "mail"}
    )
    for first, second in ((polled, mailed), (mailed, polled)):
        outcome = decide(Known(), first, NOW)
        (create,) = outcome.decisions
        again = decide(Known(outcome.series), second, NOW)
        assert isinstance(create, Create)
        assert not any(isinstance(decision, Cancel) for decision in again.decisions)
