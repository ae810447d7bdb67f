"""Every fault by name, on a real connection."""

import asyncio
import json
import time

import httpx2
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODELS = "/llm/v1/models"


async def test_status_fails_as_often_as_told_and_then_heals(http, teller) -> None:
    await teller.add_fault("llm", "status", status=429, retry_after=2, times=2, skip=1)
    answers = [await http.get(MODELS) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 429, 429, 200]
    assert answers[1].headers["retry-after"] == "2"
    [told] = await teller.faults()
    assert (told["seen"], len(told["hits"])) == (3, 2)


async def test_a_fault_strikes_only_what_it_matches(http, teller) -> None:
    await teller.add_fault("okoro", "status", "GET /conferenceRecords*", times=None)
    await teller.add_fault("okoro", "status", "* /t/tokens", status=500, times=None)
    proxy = "/okoro/p/google-meet"
    statuses = [
        (await http.get(f"{proxy}/conferenceRecords/x/participants")).status_code,
        (await http.get(f"{proxy}/spaces/x")).status_code,
        (await http.post("/okoro/t/tokens")).status_code,
        (await http.get(MODELS)).status_code,
    ]
    assert statuses == [503, 401, 500, 200]


async def test_a_fault_can_be_told_by_the_query(http, teller) -> None:
    await teller.add_fault("okoro", "status", "GET /conferenceRecords?*pageToken=*")
    path = "/okoro/p/google-meet/conferenceRecords"
    assert (await http.get(path)).status_code == 401
    assert (await http.get(path, params={"pageToken": "x"})).status_code == 503


@pytest.mark.parametrize(
    ("service", "order", "expected"),
    [
        ("okoro", {"status": 403}, {"code": 403, "status": "PERMISSION_DENIED"}),
        ("calendar", {"status": 403}, {"code": 403}),
        ("llm", {"status": 500}, {"type": "server_error"}),
    ],
)
async def test_an_error_speaks_the_dialect_of_its_service(http, teller, service, order, expected) -> None:
    await teller.add_fault(service, "status", **order)
    error = (await http.get(f"/{service}/anything")).json()["error"]
    assert expected.items() <= error.items()


async def test_a_calendar_refusal_names_its_reason(http, teller) -> None:
    await teller.add_fault("calendar", "status", status=403, reason="quotaExceeded")
    error = (await http.get("/calendar/v3/calendars/primary/events")).json()["error"]
    assert error["errors"][0]["reason"] == "quotaExceeded"
    assert error["errors"][0]["domain"] == "usageLimits"


async def test_an_error_body_can_be_flat(http, teller) -> None:
    await teller.add_fault("okoro", "status", status=409, error_shape="flat")
    assert (await http.get("/okoro/p/google-meet/spaces/x")).json()["error"] == "aborted"


async def test_delay_answers_late_but_well(http, teller) -> None:
    await teller.add_fault("llm", "delay", delay_seconds=0.1)
    start = time.monotonic()
    assert (await http.get(MODELS)).status_code == 200
    assert time.monotonic() - start >= 0.1


async def test_reset_closes_without_an_answer(http, teller) -> None:
    await teller.add_fault("llm", "reset")
    with pytest.raises(httpx2.ReadError):
        await http.get(MODELS)
    assert (await http.get(MODELS)).status_code == 200


async def test_cut_breaks_off_in_the_middle_of_the_body(http, teller) -> None:
    await teller.add_fault("llm", "cut")
    with pytest.raises(httpx2.RemoteProtocolError, match="without sending complete"):
        await http.get(MODELS)


async def test_truncate_is_a_whole_answer_with_half_the_json(http, teller) -> None:
    await teller.add_fault("llm", "truncate")
    answer = await http.get(MODELS)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


async def test_garbage_is_not_even_text(http, teller) -> None:
    await teller.add_fault("llm", "garbage")
    with pytest.raises(UnicodeDecodeError):
        (await http.get(MODELS)).content.decode()


async def test_wrong_type_is_json_of_another_kind(http, teller) -> None:
    await teller.add_fault("llm", "wrong_type")
    assert isinstance((await http.get(MODELS)).json(), list)


async def test_slow_drip_sends_one_byte_at_a_time(http, teller) -> None:
    await teller.add_fault("llm", "slow_drip", delay_seconds=0.001)
    async with http.stream("GET", MODELS) as answer:
        pieces = [piece async for piece in answer.aiter_raw()]
    assert json.loads(b"".join(pieces))["object"] == "list"
    assert len(pieces) > 10


async def test_clearing_the_faults_lets_go_of_what_they_hold(http, teller) -> None:
    await teller.add_fault("llm", "slow_drip", delay_seconds=60)
    held = asyncio.create_task(http.get(MODELS))
    while not (await teller.faults())[0]["hits"]:
        await asyncio.sleep(0)
    async with asyncio.timeout(30):
        while not held.done():
            await teller.clear_faults()
    assert (await held).json()["object"] == "list"


async def test_big_is_as_big_as_told(http, teller) -> None:
    await teller.add_fault("llm", "big", size_bytes=2_000_000)
    assert len((await http.get(MODELS)).content) > 2_000_000


async def test_the_tellers_own_requests_never_fail(http, teller) -> None:
    await teller.add_fault("llm", "status", times=None)
    assert (await http.get("/control/llm/requests")).status_code == 200


@pytest.mark.parametrize(
    "order",
    [
        {"service": "mail", "fault": "garbage"},
        {"service": "llm", "fault": "drop"},
        {"service": "llm", "fault": "explode"},
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(http, order) -> None:
    assert (await http.post("/control/faults", json=order)).status_code == 422
