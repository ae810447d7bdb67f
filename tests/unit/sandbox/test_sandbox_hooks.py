"""The webhook receiver: stock libraries sign, it verifies."""

import asyncio
import hashlib
import hmac
import json
from datetime import timedelta

import httpx2
import pytest
import pytest_asyncio
from standardwebhooks import Webhook

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_c29tZXRoaW5nLWVsc2UtZW50aXJlbHktaGVyZQ=="
BODY = json.dumps({"deliveryId": "dlv_1", "event": "job.finalized", "data": {}})


def standard(clock, *secrets: str, age_seconds: float = 0) -> dict[str, str]:
    at = clock() - timedelta(seconds=age_seconds)
    signatures = [Webhook(secret).sign("dlv_1", at, BODY) for secret in secrets]
    return {
        "webhook-id": "dlv_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def jobs(secret: str) -> dict[str, str]:
    return {
        "x-meetbot-signature": "sha256="
        + hmac.new(secret.encode(), BODY.encode(), hashlib.sha256).hexdigest()
    }


def bots(clock, secret: str) -> dict[str, str]:
    stamp = str(int(clock().timestamp()))
    signed = hmac.new(secret.encode(), f"{stamp}.{BODY}".encode(), hashlib.sha256).hexdigest()
    return {
        "X-Webhook-Signature": f"sha256={signed}",
        "X-Webhook-Timestamp": stamp,
        "X-Webhook-Id": "whdel_1",
        "X-Webhook-Event": "bot.joined",
    }


async def deliver(http, teller, headers: dict[str, str], body: str = BODY) -> dict[str, bool | None]:
    await http.post("/hooks/one", content=body, headers=headers)
    return (await teller.deliveries("one"))[-1]["signatures"]


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def endpoint(teller) -> None:
    await teller.hook_answers("one", [SECRET])


async def test_each_familys_signature_is_verified_by_itself(http, teller, clock) -> None:
    everything = {**jobs(SECRET), **bots(clock, SECRET), **standard(clock, SECRET)}
    assert await deliver(http, teller, jobs(SECRET)) == {"jobs": True, "bots": None, "standard": None}
    assert await deliver(http, teller, bots(clock, SECRET)) == {"jobs": None, "bots": True, "standard": None}
    assert await deliver(http, teller, everything) == {"jobs": True, "bots": True, "standard": True}


async def test_a_changed_body_breaks_every_signature(http, teller, clock) -> None:
    everything = {**jobs(SECRET), **bots(clock, SECRET), **standard(clock, SECRET)}
    seen = await deliver(http, teller, everything, BODY.replace("dlv_1", "dlv_2"))
    assert seen == {"jobs": False, "bots": False, "standard": False}


async def test_another_secret_is_not_good_enough(http, teller, clock) -> None:
    everything = {**jobs(OTHER), **bots(clock, OTHER), **standard(clock, OTHER)}
    assert await deliver(http, teller, everything) == {"jobs": False, "bots": False, "standard": False}


async def test_one_of_several_signatures_and_one_of_several_secrets_are_enough(http, teller, clock) -> None:
    assert (await deliver(http, teller, standard(clock, OTHER, SECRET)))["standard"]
    await teller.hook_answers("one", [OTHER, SECRET])
    assert (await deliver(http, teller, standard(clock, SECRET)))["standard"]


@pytest.mark.parametrize(("age_seconds", "good"), [(300, True), (301, False), (-300, True), (-301, False)])
async def test_a_timestamp_is_good_for_five_minutes_both_ways(http, teller, clock, age_seconds, good) -> None:
    assert (await deliver(http, teller, standard(clock, SECRET, age_seconds=age_seconds)))["standard"] is good


async def test_without_a_secret_nothing_can_be_said(http, teller, clock) -> None:
    await teller.hook_answers("one")
    assert set((await deliver(http, teller, jobs(SECRET))).values()) == {None}


async def test_a_retried_id_is_marked_as_seen(http, teller, clock) -> None:
    for _ in range(2):
        await deliver(http, teller, standard(clock, SECRET))
    assert [d["seen_before"] for d in await teller.deliveries("one")] == [False, True]


async def test_the_endpoint_answers_as_told_as_often_as_told(http, teller) -> None:
    await teller.hook_answers("one", status=429, retry_after=7, body="slow down", times=1)
    told = await http.post("/hooks/one", content=BODY)
    after = await http.post("/hooks/one", content=BODY)
    assert (told.status_code, told.headers["retry-after"], told.text) == (429, "7", "slow down")
    assert after.status_code == 200
    assert [d["answered"] for d in await teller.deliveries("one")] == [429, 200]


async def test_the_endpoint_can_redirect(http, teller) -> None:
    await teller.hook_answers("one", status=301, location="http://169.254.169.254/")
    answer = await http.post("/hooks/one", content=BODY, follow_redirects=False)
    assert answer.headers["location"] == "http://169.254.169.254/"


async def test_waiting_counts_the_deliveries_of_an_event(http, teller) -> None:
    waiting = asyncio.create_task(teller.wait_deliveries("one", "job.finalized", count=2))
    for body in (BODY, "{}", BODY):
        await http.post("/hooks/one", content=body)
    assert len(await waiting) == 2
    with pytest.raises(httpx2.HTTPStatusError, match="404"):
        await teller.wait_deliveries("one", count=9, timeout=0.01)
