import asyncio
import base64
import json
from contextlib import aclosing
from typing import Any

import pytest

from agent.errors import Denied, Invalid, MeetbotError, Misconfigured, Missing, Temporary
from agent.okoro.client import OkoroClient
from agent.okoro.endpoints import LIST_ENTRIES
from agent.okoro.wire import ids
from agent.sandbox.teller import Teller
from agent.sandbox.world import World
from tests.unit.okoro.conftest import CODE, INTENT, PatientClock, calls

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENTRIES = "GET /conferenceRecords/*/entries*"


async def read_all(client: OkoroClient, made: dict[str, Any]) -> list[str]:
    return [one.text for one in await client.transcript_entries(made["transcripts"][0], intent=INTENT)]


def expected(order: dict[str, Any]) -> list[str]:
    return [entry["text"] for entry in order["transcripts"][0]["entries"]]


async def test_every_page_is_read_once_and_in_order_at_the_largest_size(
    client: OkoroClient, teller: Teller, order
):
    made = await teller.add_conference(**order)

    assert await read_all(client, made) == expected(order)
    pages = calls(await teller.okoro_requests(), "call", "/entries")
    assert [one["query"]["pageSize"] for one in pages] == ["100"] * 3


async def test_the_next_page_is_on_its_way_while_the_last_is_worked_on(
    client: OkoroClient, teller: Teller, order
):
    made = await teller.add_conference(**order)
    async with aclosing(
        client._pages(LIST_ENTRIES, *ids(made["transcripts"][0]), intent=INTENT, params={})
    ) as pages:
        await anext(pages)
        async with asyncio.timeout(30):
            while len(calls(await teller.okoro_requests(), "call", "/entries")) < 2:
                await asyncio.sleep(0)


@pytest.mark.parametrize("skip", [0, 1, 2], ids=["first", "second", "last"])
@pytest.mark.parametrize("fault", ["reset", "cut", "truncate", "garbage", "wrong_type", "big"])
async def test_a_page_that_breaks_is_asked_for_again(client: OkoroClient, teller: Teller, order, fault, skip):
    made = await teller.add_conference(**order)
    await teller.add_fault("okoro", fault, ENTRIES, skip=skip)

    assert await read_all(client, made) == expected(order)


@pytest.mark.parametrize("skip", [0, 1, 2], ids=["first", "second", "last"])
@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
async def test_a_passing_refusal_of_a_page_is_waited_out(
    client: OkoroClient, teller: Teller, order, clock: PatientClock, status, skip
):
    made = await teller.add_conference(**order)
    await teller.add_fault("okoro", "status", ENTRIES, status=status, retry_after=3, skip=skip)

    assert await read_all(client, made) == expected(order)
    assert len(clock.slept) == 1
    assert 3 <= clock.slept[0] <= 3.3


@pytest.mark.parametrize("skip", [0, 1, 2], ids=["first", "second", "last"])
@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Invalid), (401, Denied), (403, Denied), (404, Missing), (429, Temporary), (503, Temporary)],
)
async def test_a_lasting_refusal_gives_its_error_and_no_partial_result(
    client: OkoroClient, teller: Teller, order, status, kind, skip
):
    made = await teller.add_conference(**order)
    await teller.add_fault("okoro", "status", ENTRIES, status=status, skip=skip, times=None)

    with pytest.raises(kind) as caught:
        await read_all(client, made)
    assert type(caught.value) is kind


@pytest.mark.parametrize("fault", ["reset", "cut", "truncate", "garbage", "wrong_type", "big"])
async def test_a_page_that_stays_broken_is_temporary(client: OkoroClient, teller: Teller, order, fault):
    made = await teller.add_conference(**order)
    await teller.add_fault("okoro", fault, ENTRIES, skip=2, times=None)

    with pytest.raises(Temporary):
        await read_all(client, made)


@pytest.mark.parametrize("fault", ["delay", "slow_drip"])
async def test_an_answer_that_does_not_come_whole_in_time_is_temporary(
    world: World, teller: Teller, clock: PatientClock, order, fault
):
    made = await teller.add_conference(**order)
    await teller.add_fault(
        "okoro", fault, ENTRIES, delay_seconds=0.1 if fault == "slow_drip" else 30, times=None
    )
    async with OkoroClient(**world.settings()["okoro"], clock=clock, timeout_seconds=0.3) as client:
        with pytest.raises(Temporary, match=r"within 0\.3 seconds"):
            await read_all(client, made)


@pytest.mark.parametrize(("after", "renewals"), [(1, 2), (2, 1)])
async def test_a_token_that_expires_between_pages_is_renewed_once(
    client: OkoroClient, teller: Teller, order, after, renewals
):
    made = await teller.add_conference(**order)
    await teller.set_token(expire_after_calls=after)

    assert await read_all(client, made) == expected(order)
    requests = await teller.okoro_requests()
    assert [one["refresh_token"] for one in calls(requests, "token")] == [False] + [True] * renewals
    answered = [
        one["query"].get("pageToken") for one in calls(requests, "call", "/entries") if one["status"] == 200
    ]
    assert len(answered) == len(set(answered)) == 3


async def test_a_wait_beyond_the_budget_is_left_to_the_caller(
    client: OkoroClient, teller: Teller, clock: PatientClock
):
    await teller.add_fault("okoro", "status", "GET /conferenceRecords*", status=429, retry_after=3600)

    with pytest.raises(Temporary) as caught:
        await client.conference_records(intent=INTENT)
    assert caught.value.retry_after_seconds == 3600
    assert clock.slept == []


async def test_too_small_a_scope_names_the_scope_and_what_to_do(client: OkoroClient, teller: Teller):
    await teller.set_token(max_scope="read")

    with pytest.raises(Denied, match=r"no scope write for google-meet; allow it"):
        await client.create_space(intent=INTENT)


async def test_a_call_forbidden_by_the_proxy_names_the_scope(client: OkoroClient, teller: Teller):
    await teller.add_fault(
        "okoro",
        "status",
        "GET /conferenceRecords*",
        status=403,
        error_shape="flat",
        reason="insufficient_scope",
    )

    with pytest.raises(Denied, match=r"needs the scope read .* give the service token that scope"):
        await client.conference_records(intent=INTENT)


async def test_a_meeting_of_strangers_is_told_apart_from_a_small_scope(client: OkoroClient, teller: Teller):
    await teller.add_fault("okoro", "status", "GET /conferenceRecords*", status=403)

    with pytest.raises(Denied, match="neither owner nor participant"):
        await client.conference_records(intent=INTENT)


async def test_listing_spaces_says_that_google_cannot(client: OkoroClient):
    with pytest.raises(Missing, match="cannot list spaces"):
        await client.list_spaces(intent=INTENT)


async def test_a_space_can_be_made_read_changed_and_its_conference_ended(
    client: OkoroClient, teller: Teller, ended
):
    made = await client.create_space({"accessType": "OPEN"}, intent=INTENT)
    changed = await client.update_space(
        made.name, {"accessType": "TRUSTED"}, "config.accessType", intent=INTENT
    )
    assert changed.config["accessType"] == "TRUSTED"
    assert (await client.space(made.meeting_code, intent=INTENT)).name == made.name

    await teller.add_conference(code=made.meeting_code, start_time=ended.isoformat(), end_time=None)
    assert (await client.space(made.name, intent=INTENT)).active_conference
    await client.end_active_conference(made.name, intent=INTENT)
    assert (await client.space(made.name, intent=INTENT)).active_conference is None


async def test_making_a_space_is_not_repeated_when_the_answer_is_lost(
    client: OkoroClient, teller: Teller, clock: PatientClock
):
    await teller.add_fault("okoro", "cut", "POST /spaces", times=None)

    with pytest.raises(Temporary):
        await client.create_space(intent=INTENT)
    assert len(calls(await teller.okoro_requests(), "call", "/spaces")) == 1


async def test_a_redirect_is_not_followed_and_names_the_setting(
    client: OkoroClient, teller: Teller, world: World
):
    elsewhere = f"{world.base_url}/hooks/elsewhere"
    await teller.add_fault("okoro", "status", "GET /conferenceRecords*", status=307, location=elsewhere)

    with pytest.raises(Misconfigured, match=r"set okoro\.proxy_url to the final address"):
        await client.conference_records(intent=INTENT)
    assert await teller.deliveries("elsewhere") == []


async def test_nobody_listening_is_temporary(world: World, clock: PatientClock):
    settings = world.settings()["okoro"] | {"token_url": "http://127.0.0.1:9/t/tokens"}
    async with OkoroClient(**settings, clock=clock) as client:
        with pytest.raises(Temporary, match="cannot be reached"):
            await client.conference_records(intent=INTENT)


@pytest.mark.parametrize(
    "body",
    [
        "[" * 200_000,
        '{"conferenceRecords": ' + "[" * 200_000,
        '{"conferenceRecords": [{"name": "conferenceRecords/x", "startTime": "yesterday"}]}',
        '{"conferenceRecords": [{"name": "conferenceRecords/../../t", "startTime": "2026-03-01T10:00:00Z"}]}',
        '{"conferenceRecords": [{"name": 7, "startTime": "2026-03-01T10:00:00Z"}]}',
        '{"conferenceRecords": {"name": "x"}}',
        '{"conferenceRecords": ["x"]}',
        '{"conferenceRecords": [], "nextPageToken": 7}',
        '{"conferenceRecords": [], "nextPageToken": "round and round"}',
        "[]",
        "null",
        '{"a": NaN}',
        "",
    ],
)
async def test_an_answer_of_the_wrong_shape_is_temporary(client: OkoroClient, teller: Teller, body: str):
    await teller.add_fault("okoro", "status", "GET /conferenceRecords*", status=200, body=body, times=None)

    with pytest.raises(Temporary):
        await client.conference_records(intent=INTENT)


async def test_what_comes_on_two_pages_is_one(client: OkoroClient, teller: Teller, order):
    made = await teller.add_conference(**order)
    transcript = made["transcripts"][0]
    whole = await client.transcript_entries(transcript, intent=INTENT)
    first_page = base64.urlsafe_b64encode(json.dumps(["transcriptEntries", "", 0]).encode()).decode()
    repeated = {
        "transcriptEntries": [{"name": whole[1].name, "startTime": "2026-03-01T10:00:00Z", "text": "Older"}],
        "nextPageToken": first_page,
    }
    await teller.add_fault("okoro", "status", ENTRIES, status=200, body=json.dumps(repeated))

    again = await client.transcript_entries(transcript, intent=INTENT)

    assert {entry.name: entry.text for entry in again} == {entry.name: entry.text for entry in whole}
    assert len(again) == len(whole)


async def test_unknown_fields_are_ignored_and_unwritable_characters_replaced(
    client: OkoroClient, teller: Teller
):
    body = (
        '{"participants": [{"name": "conferenceRecords/x/participants/1", "mood": ["new"],'
        ' "anonymousUser": {"displayName": "Guest\\u0000 \\ud800Person"}}], "totalSize": 1}'
    )
    await teller.add_fault("okoro", "status", "GET /conferenceRecords/x/participants*", status=200, body=body)

    (guest,) = await client.participants("conferenceRecords/x", intent=INTENT)
    assert guest.anonymous_user
    assert guest.anonymous_user.display_name == "Guest  \ufffdPerson"


@pytest.mark.parametrize("name", ["", "conferenceRecords/..", "conferenceRecords/x/participants/y", "x"])
async def test_a_name_that_is_none_is_refused_before_anything_is_sent(
    client: OkoroClient, teller: Teller, name: str
):
    with pytest.raises(Invalid):
        await client.conference_record(name, intent=INTENT)
    assert await teller.okoro_requests() == []


async def test_an_id_cannot_leave_its_place_in_the_path(client: OkoroClient, teller: Teller):
    with pytest.raises(Missing):
        await client.conference_record("conferenceRecords/x?y=z#q", intent=INTENT)
    assert calls(await teller.okoro_requests(), "call")[0]["query"] == {}


async def test_neither_token_nor_transcript_stands_in_an_error(
    client: OkoroClient, teller: Teller, world, order
):
    made = await teller.add_conference(**order)
    await teller.add_fault("okoro", "truncate", ENTRIES, times=None)

    with pytest.raises(MeetbotError) as caught:
        await read_all(client, made)
    told = f"{caught.value.safe} {caught.value.full}"
    assert world.settings()["okoro"]["service_token"] not in told
    assert "Line 1" not in told


async def test_records_are_filtered_by_meeting_code(client: OkoroClient, teller: Teller, order):
    await teller.add_conference(**order)
    await teller.add_conference(**(order | {"code": "zzz-zzzz-zzz"}))

    found = await client.conference_records(f'space.meeting_code = "{CODE}"', intent=INTENT)
    assert len(found) == 1
