import asyncio
from datetime import timedelta

import pytest

from agent.errors import Denied, Misconfigured, Temporary
from agent.okoro.client import OkoroClient
from agent.sandbox.teller import Teller
from agent.sandbox.world import World
from tests.unit.okoro.conftest import INTENT, PatientClock, calls

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_one_token_of_the_smallest_scope_serves_all_reading(client: OkoroClient, teller: Teller, order):
    made = await teller.add_conference(**order)
    await client.conference_record(made["conferenceRecord"], intent=INTENT)
    await client.participants(made["conferenceRecord"], intent=INTENT)

    exchanges = calls(await teller.okoro_requests(), "token")
    assert [(one["provider"], one["scope"], one["intent"]) for one in exchanges] == [
        ("google-meet", "read", INTENT)
    ]


async def test_many_callers_at_once_share_one_exchange(client: OkoroClient, teller: Teller):
    await asyncio.gather(*(client.conference_records(intent=INTENT) for _ in range(20)))

    assert len(calls(await teller.okoro_requests(), "token")) == 1


async def test_another_intent_gets_a_token_of_its_own(client: OkoroClient, teller: Teller):
    await client.conference_records(intent=INTENT)
    await client.conference_records(intent="Another goal")

    assert [one["intent"] for one in calls(await teller.okoro_requests(), "token")] == [
        INTENT,
        "Another goal",
    ]


async def test_a_token_is_renewed_a_minute_before_it_expires(
    client: OkoroClient, teller: Teller, clock: PatientClock
):
    await teller.set_token(lifetime_seconds=300)
    await client.conference_records(intent=INTENT)
    clock.skew = timedelta(seconds=235)
    await client.conference_records(intent=INTENT)
    assert len(calls(await teller.okoro_requests(), "token")) == 1

    clock.skew = timedelta(seconds=245)
    await client.conference_records(intent=INTENT)
    exchanges = calls(await teller.okoro_requests(), "token")
    assert [one["refresh_token"] for one in exchanges] == [False, True]


async def test_a_clock_that_is_far_ahead_does_not_age_a_token(
    client: OkoroClient, teller: Teller, clock: PatientClock
):
    await teller.set_token(lifetime_seconds=300)
    clock.skew = timedelta(hours=1)
    for _ in range(3):
        await client.conference_records(intent=INTENT)
    assert len(calls(await teller.okoro_requests(), "token")) == 1


async def test_the_service_token_never_reaches_the_proxy(client: OkoroClient, teller: Teller, order):
    made = await teller.add_conference(**order)
    await teller.set_token(expire_after_calls=2)
    await client.transcript_entries(made["transcripts"][0], intent=INTENT)

    assert {one["bearer"] for one in calls(await teller.okoro_requests(), "call")} == {"operation"}


async def test_a_revoked_service_token_is_denied_and_says_what_to_do(client: OkoroClient, teller: Teller):
    await client.conference_records(intent=INTENT)
    await teller.set_token(revoked=True)

    with pytest.raises(Denied, match=r"make a new one .* okoro\.service_token"):
        await client.conference_records(intent=INTENT)


async def test_a_missing_service_token_says_which_setting_is_empty(world: World, clock: PatientClock):
    settings = world.settings()["okoro"] | {"service_token": ""}
    async with OkoroClient(**settings, clock=clock) as client:
        with pytest.raises(Misconfigured, match=r"set okoro\.service_token"):
            await client.conference_records(intent=INTENT)


async def test_a_way_out_is_not_taken_to_the_machine_itself(
    world: World, clock: PatientClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with OkoroClient(**world.settings()["okoro"], clock=clock) as client:
        assert await client.conference_records(intent=INTENT) == []


async def test_a_wrong_token_address_is_named(world: World, clock: PatientClock):
    settings = world.settings()["okoro"]
    settings["token_url"] += "/elsewhere"
    async with OkoroClient(**settings, clock=clock) as client:
        with pytest.raises(Misconfigured, match=r"okoro\.token_url"):
            await client.conference_records(intent=INTENT)


@pytest.mark.parametrize("status", [400, 401, 422])
async def test_a_proxy_that_dislikes_the_stale_token_is_asked_without_it(
    client: OkoroClient, teller: Teller, clock: PatientClock, status: int
):
    await client.conference_records(intent=INTENT)
    clock.skew = timedelta(hours=1)
    await teller.add_fault("okoro", "status", "POST /t/tokens", status=status)

    assert await client.conference_records(intent=INTENT) == []
    assert [one["refresh_token"] for one in calls(await teller.okoro_requests(), "token")] == [False, False]


@pytest.mark.parametrize("fault", ["reset", "cut", "truncate", "garbage", "wrong_type", "big"])
async def test_an_exchange_that_breaks_is_tried_again(client: OkoroClient, teller: Teller, fault: str):
    await teller.add_fault("okoro", fault, "POST /t/tokens")

    assert await client.conference_records(intent=INTENT) == []


async def test_an_exchange_that_stays_broken_is_temporary(
    client: OkoroClient, teller: Teller, clock: PatientClock
):
    await teller.add_fault("okoro", "status", "POST /t/tokens", status=503, times=None)

    with pytest.raises(Temporary):
        await client.conference_records(intent=INTENT)
    assert len(clock.slept) == 3


async def test_check_tells_the_scopes_that_the_service_token_gives(client: OkoroClient, teller: Teller):
    assert await client.check() == ("read", "write")

    await teller.set_token(max_scope="read")
    assert await client.check(intent="Check again") == ("read",)


async def test_check_says_what_is_wrong_with_a_refused_token(client: OkoroClient, teller: Teller):
    await teller.set_token(revoked=True)

    with pytest.raises(Denied, match="make a new one"):
        await client.check()
