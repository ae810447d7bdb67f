"""The fake calendar, over HTTP and through Google's own client."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from google.oauth2 import service_account
from googleapiclient.discovery import build

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCOPES = ["https://www.googleapis.com/auth/calendar.events"]
EVENTS = "/calendar/v3/calendars/primary/events"
BOT = "meetbot@sandbox.example"
REFRESH = {
    "grant_type": "refresh_token",
    "refresh_token": "1//sandbox",
    "client_id": "client",
    "client_secret": "secret",
}

Ask = Callable[..., Awaitable[Any]]


@pytest_asyncio.fixture(loop_scope="module")
async def token(http) -> dict[str, str]:
    answer = await http.post("/calendar/token", data=REFRESH)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest_asyncio.fixture(loop_scope="module")
async def listed(http, token) -> Ask:
    """events.list; the parsed page, or the error with its status."""

    async def ask(**query: Any) -> dict[str, Any]:
        answer = await http.get(EVENTS, params=query, headers=token)
        return {"code": answer.status_code, **answer.json()}

    return ask


def weekly(**changes: Any) -> dict[str, Any]:
    return {
        "summary": "Weekly",
        "start": {"dateTime": "2026-03-23T09:00:00+01:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-03-23T09:30:00+01:00", "timeZone": "Europe/Berlin"},
        "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"],
        "attendees": [{"email": BOT}, {"email": "host@example.com", "responseStatus": "accepted"}],
        **changes,
    }


def single(clock, hours: float = 1, **changes: Any) -> dict[str, Any]:
    start = clock() + timedelta(hours=hours)
    end = start + timedelta(minutes=30)
    return {
        "summary": "One-off",
        "start": {"dateTime": start.isoformat()},
        "end": {"dateTime": end.isoformat()},
        **changes,
    }


def ids(page: dict[str, Any]) -> list[str]:
    return [item["id"] for item in page["items"]]


async def test_googles_own_client_signs_in_lists_and_answers(world, teller, clock) -> None:
    await teller.put_event("e1", **single(clock, attendees=[{"email": BOT}, {"email": "host@example.com"}]))
    settings = world.settings()["google_calendar"]

    def client() -> tuple[list[str], dict[str, Any], str]:
        credentials = service_account.Credentials.from_service_account_file(
            settings["credentials_file"], scopes=SCOPES
        ).with_subject(BOT)
        options = {"api_endpoint": settings["api_endpoint"]}
        with build("calendar", "v3", credentials=credentials, client_options=options) as api:
            page = api.events().list(calendarId="primary", singleEvents=True).execute()
            answer = {"attendees": [{"email": BOT, "responseStatus": "accepted"}], "attendeesOmitted": True}
            patched = (
                api.events()
                .patch(calendarId="primary", eventId="e1", body=answer, sendUpdates="all")
                .execute()
            )
            hidden = api.settings().get(setting="hideInvitationsSetting").execute()
        return ids(page), patched, hidden["value"]

    found, patched, hidden = await asyncio.to_thread(client)
    assert (found, hidden) == (["e1"], "NONE")
    rows = {row["email"]: row for row in patched["attendees"]}
    assert rows[BOT] == {"email": BOT, "responseStatus": "accepted", "self": True}
    assert rows["host@example.com"]["responseStatus"] == "needsAction"
    patch = next(r for r in await teller.calendar_requests() if r["method"] == "PATCH")
    assert patch["query"]["sendUpdates"] == "all"


async def test_without_a_good_access_token_nothing_is_told(http, token, clock) -> None:
    assert (await http.get(EVENTS)).json()["error"]["errors"][0]["reason"] == "authError"
    assert (await http.get(EVENTS, headers=token)).status_code == 200
    clock.move(3599)
    assert (await http.get(EVENTS, headers=token)).status_code == 401


async def test_the_token_endpoint_can_refuse(http) -> None:
    await http.post("/control/calendar/token", json={"error": "invalid_grant"})
    answer = await http.post("/calendar/token", data=REFRESH)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("assertion", ["", "a.b.c", "e30.e30.e30"])
async def test_a_broken_assertion_is_an_invalid_grant(http, assertion) -> None:
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    answer = await http.post("/calendar/token", data={"grant_type": grant, "assertion": assertion})
    assert answer.json()["error"] == "invalid_grant"


async def test_a_series_expands_over_the_change_of_the_clocks(listed, teller) -> None:
    await teller.put_event("w", **weekly())
    page = await listed(singleEvents="true", timeMin="2026-03-01T00:00:00Z", timeMax="2026-05-01T00:00:00Z")
    assert ids(page) == [
        "w_20260323T080000Z",
        "w_20260330T070000Z",
        "w_20260406T070000Z",
        "w_20260413T070000Z",
    ]
    second = page["items"][1]
    assert second["start"]["dateTime"] == "2026-03-30T09:00:00+02:00"
    assert second["end"]["dateTime"] == "2026-03-30T09:30:00+02:00"
    assert second["recurringEventId"] == "w"
    assert "recurrence" not in second


async def test_an_exception_takes_the_place_of_its_instance(listed, teller) -> None:
    await teller.put_event("w", **weekly(recurrence=["RRULE:FREQ=WEEKLY", "EXDATE:20260406T070000Z"]))
    moved = {"dateTime": "2026-03-31T15:00:00+02:00"}
    await teller.change_event("w_20260330T070000Z", start=moved, end=moved)
    await teller.cancel_event("w_20260413T070000Z")
    window = {"timeMin": "2026-03-25T00:00:00Z", "timeMax": "2026-04-25T00:00:00Z"}
    page = await listed(singleEvents="true", orderBy="startTime", **window)
    assert ids(page) == ["w_20260330T070000Z", "w_20260420T070000Z"]
    assert page["items"][0]["originalStartTime"]["dateTime"] == "2026-03-30T09:00:00+02:00"
    deleted = await listed(singleEvents="true", showDeleted="true", **window)
    assert "w_20260413T070000Z" in ids(deleted)


async def test_unexpanded_listings_hold_masters_and_cancelled_exceptions(listed, teller) -> None:
    await teller.put_event("w", **weekly())
    await teller.cancel_event("w_20260330T070000Z")
    await teller.put_event("gone", **weekly())
    await teller.cancel_event("gone")
    page = await listed()
    assert ids(page) == ["w", "w_20260330T070000Z"]
    tombstone = page["items"][1]
    assert tombstone["status"] == "cancelled"
    assert tombstone.keys() == {
        "kind",
        "etag",
        "id",
        "status",
        "recurringEventId",
        "originalStartTime",
    }
    assert "gone" in ids(await listed(showDeleted="true"))


async def test_all_day_series_expand_by_date(listed, teller) -> None:
    day = {"start": {"date": "2026-01-05"}, "end": {"date": "2026-01-06"}}
    await teller.put_event("d", **day, recurrence=["RRULE:FREQ=DAILY;COUNT=2"])
    page = await listed(singleEvents="true")
    assert [(i["id"], i["start"], i["end"]) for i in page["items"]] == [
        ("d_20260105", {"date": "2026-01-05"}, {"date": "2026-01-06"}),
        ("d_20260106", {"date": "2026-01-06"}, {"date": "2026-01-07"}),
    ]


async def test_the_window_is_exclusive_on_both_sides(listed, teller) -> None:
    await teller.put_event("w", **weekly(recurrence=None))
    assert ids(await listed(timeMin="2026-03-23T08:30:00Z")) == []
    assert ids(await listed(timeMax="2026-03-23T08:00:00Z")) == []
    assert ids(await listed(timeMin="2026-03-23T08:29:59Z")) == ["w"]
    assert ids(await listed(timeMax="2026-03-23T08:00:01Z")) == ["w"]


async def test_only_the_last_page_carries_a_sync_token_and_pages_may_be_empty(
    listed, teller, http, clock
) -> None:
    for number in range(3):
        await teller.put_event(f"e{number}", **single(clock))
    await http.put("/control/calendar/primary/paging", json={"empty_pages": 1})
    pages = [await listed(maxResults=2)]
    while "nextPageToken" in pages[-1]:
        assert "nextSyncToken" not in pages[-1]
        pages.append(await listed(maxResults=2, pageToken=pages[-1]["nextPageToken"]))
    assert [ids(page) for page in pages] == [[], ["e0", "e1"], ["e2"]]
    assert "nextSyncToken" in pages[-1]


async def test_a_sync_token_brings_what_changed_and_what_was_deleted(listed, teller, clock) -> None:
    for name in ("kept", "changed", "deleted"):
        await teller.put_event(name, **single(clock))
    token = (await listed())["nextSyncToken"]
    await teller.change_event("changed", summary="New")
    await teller.cancel_event("deleted")
    page = await listed(syncToken=token)
    assert [(i["id"], i["status"]) for i in page["items"]] == [
        ("changed", "confirmed"),
        ("deleted", "cancelled"),
    ]
    assert ids(await listed(syncToken=page["nextSyncToken"])) == []


async def test_a_sync_token_remembers_the_window_of_its_listing(listed, teller, clock) -> None:
    edge = (clock() + timedelta(days=1)).isoformat()
    token = (await listed(timeMax=edge))["nextSyncToken"]
    await teller.put_event("inside", **single(clock))
    await teller.put_event("outside", **single(clock, hours=100))
    assert ids(await listed(syncToken=token)) == ["inside"]


async def test_a_changed_series_comes_back_as_its_instances(listed, teller) -> None:
    await teller.put_event("w", **weekly())
    token = (await listed(singleEvents="true"))["nextSyncToken"]
    await teller.change_event("w", summary="New")
    assert len(ids(await listed(singleEvents="true", syncToken=token))) == 4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeMin", "2026-01-01T00:00:00Z"),
        ("timeMax", "2026-01-01T00:00:00Z"),
        ("q", "x"),
        ("iCalUID", "x"),
        ("orderBy", "updated"),
        ("updatedMin", "2026-01-01T00:00:00Z"),
        ("showDeleted", "false"),
    ],
)
async def test_a_sync_token_does_not_go_with_other_restrictions(listed, name, value) -> None:
    token = (await listed())["nextSyncToken"]
    assert (await listed(syncToken=token, **{name: value}))["code"] == 400


@pytest.mark.parametrize(
    "query",
    [
        {"orderBy": "startTime"},
        {"timeMin": "2026-01-01T00:00:00"},
        {"timeMin": "2026-01-02T00:00:00Z", "timeMax": "2026-01-01T00:00:00Z"},
        {"maxResults": 0},
        {"pageToken": "made up"},
        {"syncToken": "made up"},
    ],
)
async def test_bad_parameters_are_bad_requests(listed, query) -> None:
    assert (await listed(**query))["code"] == 400


async def test_expired_sync_tokens_are_gone(listed, teller) -> None:
    token = (await listed())["nextSyncToken"]
    await teller.expire_sync_tokens()
    page = await listed(syncToken=token)
    assert page["code"] == 410
    assert page["error"]["errors"][0]["reason"] == "fullSyncRequired"
    assert (await listed(syncToken=(await listed())["nextSyncToken"]))["code"] == 200


async def test_events_are_found_by_their_icalendar_uid(listed, teller, clock) -> None:
    await teller.put_event("one", **single(clock, iCalUID="uid-1@example.com"))
    await teller.put_event("two", **single(clock))
    assert ids(await listed(iCalUID="uid-1@example.com")) == ["one"]


async def test_unanswered_invitations_can_be_hidden(listed, teller, http, clock) -> None:
    await teller.put_event("e1", **single(clock, attendees=[{"email": BOT}]))
    await http.put("/control/calendar/settings", json={"hideInvitationsSetting": "UNRESPONDED"})
    assert ids(await listed()) == []
    assert ids(await listed(showHiddenInvitations="true")) == ["e1"]
    await teller.change_event("e1", attendees=[{"email": BOT, "responseStatus": "accepted"}])
    assert ids(await listed()) == ["e1"]


async def test_get_tells_of_instances_and_tombstones_but_not_of_strangers(http, token, teller) -> None:
    await teller.put_event("w", **weekly())
    await teller.cancel_event("w_20260330T070000Z")
    first = await http.get(f"{EVENTS}/w_20260323T080000Z", headers=token)
    gone = await http.get(f"{EVENTS}/w_20260330T070000Z", headers=token)
    assert first.json()["summary"] == "Weekly"
    assert gone.json()["status"] == "cancelled"
    assert (await http.get(f"{EVENTS}/w_20260324T080000Z", headers=token)).status_code == 404
    other = await http.get("/calendar/v3/calendars/other@example.com/events", headers=token)
    assert other.status_code == 404


async def test_answering_one_instance_leaves_the_series_alone(http, token, teller) -> None:
    await teller.put_event("w", **weekly())
    body = {"attendees": [{"email": BOT, "responseStatus": "declined"}], "attendeesOmitted": True}
    await http.patch(f"{EVENTS}/w_20260330T070000Z", json=body, headers=token)
    assert (await teller.event("w"))["attendees"][0]["responseStatus"] == "needsAction"
    exception = await teller.event("w_20260330T070000Z")
    assert exception["attendees"][0]["responseStatus"] == "declined"
    assert len(exception["attendees"]) == 2


async def test_patching_guests_without_attendees_omitted_replaces_them(http, token, teller) -> None:
    await teller.put_event("w", **weekly())
    await http.patch(f"{EVENTS}/w", json={"attendees": [{"email": BOT}]}, headers=token)
    assert len((await teller.event("w"))["attendees"]) == 1


async def test_a_guest_may_not_change_what_the_organizer_set(http, token, teller) -> None:
    await teller.put_event("w", **weekly())
    answer = await http.patch(f"{EVENTS}/w", json={"summary": "Mine"}, headers=token)
    assert answer.json()["error"]["errors"][0]["reason"] == "forbiddenForNonOrganizer"


async def test_a_patch_against_an_old_etag_fails(http, token, teller) -> None:
    await teller.put_event("w", **weekly())
    stale = {**token, "If-Match": '"0"'}
    assert (await http.patch(f"{EVENTS}/w", json={"attendees": []}, headers=stale)).status_code == 412


async def test_a_watch_pings_on_every_change_until_it_is_stopped(http, token, teller, world, clock) -> None:
    order = {"id": "c1", "type": "web_hook", "address": f"{world.base_url}/hooks/watch", "token": "t"}
    channel = (await http.post(f"{EVENTS}/watch", json=order, headers=token)).json()
    await teller.put_event("e1", **single(clock))
    pings = await teller.wait_deliveries("watch", count=2)
    states = {p["headers"]["x-goog-message-number"]: p["headers"]["x-goog-resource-state"] for p in pings}
    assert states == {"1": "sync", "2": "exists"}
    stop = {"id": "c1", "resourceId": channel["resourceId"]}
    assert (await http.post("/calendar/v3/channels/stop", json=stop, headers=token)).status_code == 204
    assert (await http.post("/calendar/v3/channels/stop", json=stop, headers=token)).status_code == 404


async def test_a_watch_needs_https_outside(http, token) -> None:
    order = {"id": "c1", "type": "web_hook", "address": "http://example.com/hook"}
    answer = await http.post(f"{EVENTS}/watch", json=order, headers=token)
    assert answer.json()["error"]["errors"][0]["reason"] == "webhookUrlNotHttps"


async def test_the_teller_cannot_change_what_is_not_there(teller) -> None:
    with pytest.raises(httpx2.HTTPStatusError, match="404"):
        await teller.cancel_event("nothing")


async def test_many_guests_are_left_out_on_request(listed, teller) -> None:
    await teller.put_event("w", **weekly(recurrence=None))
    event = (await listed(maxAttendees=1))["items"][0]
    assert event["attendeesOmitted"]
    assert [row["email"] for row in event["attendees"]] == [BOT]
