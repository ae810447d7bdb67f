"""What machines send: parsed invitations, reports of remote bots, payments; and what operators see of the host."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import stripe

from agent.lifecycle import plan
from agent.lifecycle.house import Habits
from agent.model.account import Principal
from agent.model.billing import Plan
from agent.model.states import State
from agent.store import jobs as stored
from agent.store import loans
from tests.web_stage import LINK, WebStage

JOBS = "/api/v1/jobs"
INVITE = "/api/v1/intake/calendar-invite"
INGEST = "/api/v1/ingest"
SECRET = "whsec_test_only"


def invitation(**changes: Any) -> dict[str, Any]:
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    return {
        "uid": "weekly@example.com",
        "title": "Weekly",
        "organizer": {"email": "Host@example.com", "name": "Host Person"},
        "attendees": [{"email": "bot@example.com"}],
        "meetingUrl": LINK,
        "occurrences": [
            {"startsAt": start.isoformat(), "endsAt": (start + timedelta(minutes=30)).isoformat()}
        ],
    } | changes


@pytest.fixture
async def worker(stage: WebStage) -> httpx2.AsyncClient:
    return await stage.client(stage.key("operator@example.com", scopes=["intake"]))


@pytest.fixture
async def remote(stage: WebStage) -> httpx2.AsyncClient:
    return await stage.client(stage.key("operator@example.com", scopes=["ingest"]))


async def test_an_invitation_makes_one_job_however_often_it_comes(
    worker: httpx2.AsyncClient, operator: httpx2.AsyncClient
) -> None:
    body = invitation()
    first = await worker.post(INVITE, json=body)
    assert first.status_code == 202, first.text
    answer = first.json()
    assert (answer["outcome"], answer["partstat"], len(answer["jobs"])) == ("accepted", "ACCEPTED", 1)
    assert answer["rules"], "each rule that was evaluated is told"
    again = (await worker.post(INVITE, json=body)).json()
    assert [job["id"] for job in again["jobs"]] == [answer["jobs"][0]["id"]]
    assert (await operator.get(JOBS)).json()["total"] == 1


async def test_a_change_moves_the_job_and_a_cancellation_takes_it_back(
    worker: httpx2.AsyncClient, operator: httpx2.AsyncClient
) -> None:
    body = invitation(sequence=0)
    job_id = (await worker.post(INVITE, json=body)).json()["jobs"][0]["id"]
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    moved = [{"startsAt": later.isoformat(), "endsAt": (later + timedelta(hours=1)).isoformat()}]
    await worker.post(INVITE, json=body | {"sequence": 1, "occurrences": moved})
    job = (await operator.get(f"{JOBS}/{job_id}")).json()
    assert abs(datetime.fromisoformat(job["joinAt"]) - later) < timedelta(minutes=2)
    gone = await worker.post(INVITE, json=body | {"method": "CANCEL", "sequence": 2, "occurrences": []})
    assert gone.json()["outcome"] == "cancelled"
    job = (await operator.get(f"{JOBS}/{job_id}")).json()
    assert (job["cancelled"], job["end_reason"]) == (True, "cancelled_by_invite")


async def test_a_stranger_s_invitation_is_held_for_an_operator_as_by_mail(
    stage: WebStage, worker: httpx2.AsyncClient, operator: httpx2.AsyncClient
) -> None:
    told = invitation(organizer={"email": "stranger@elsewhere.example"})
    answer = (await worker.post(INVITE, json=told)).json()
    assert (answer["outcome"], answer["partstat"], answer["jobs"]) == ("held", None, [])
    assert answer["rules"][0]["rule"] == "vouched"
    (hold,) = stage.desk.held.listed()
    await stage.desk.held.decide(hold.id or 0, approve=True, by="operator")
    await stage.desk.handed_in.decided(hold.id or 0)
    assert (await operator.get(JOBS)).json()["total"] == 1


async def test_who_sent_it_counts_and_not_only_its_organizer(worker: httpx2.AsyncClient) -> None:
    forged = invitation(sender="stranger@elsewhere.example", recipients=["bot+silent@example.com"])
    assert (await worker.post(INVITE, json=forged)).json()["outcome"] == "held"


async def test_a_link_in_the_description_serves(worker: httpx2.AsyncClient) -> None:
    answer = await worker.post(INVITE, json=invitation(meetingUrl="", description=f"Join here: {LINK}?pli=1"))
    assert answer.json()["outcome"] == "accepted"


async def test_another_platform_is_declined_with_the_reason(worker: httpx2.AsyncClient) -> None:
    answer = (await worker.post(INVITE, json=invitation(meetingUrl="https://zoom.us/j/123456789"))).json()
    assert (answer["outcome"], answer["partstat"], answer["jobs"]) == ("declined", "DECLINED", [])
    assert answer["reason"]


@pytest.mark.parametrize(
    "changes",
    [
        {"uid": ""},
        {"organizer": {"email": "nobody"}},
        {"occurrences": []},
        {"method": "DANCE"},
        {"sequence": -1},
        {"occurrences": [{"startsAt": "2027-01-01T10:00:00Z", "endsAt": "2027-01-01T09:00:00Z"}]},
        {"occurrences": [{"startsAt": "2027-01-01T10:00:00", "endsAt": "2027-01-01T11:00:00"}]},
        {"more": 1},
    ],
)
async def test_a_bad_invitation_is_refused(worker: httpx2.AsyncClient, changes: dict[str, Any]) -> None:
    answer = await worker.post(INVITE, json=invitation(**changes))
    assert answer.status_code == 422, answer.text


async def test_machines_need_an_operators_key_with_their_scope(
    stage: WebStage, alice: httpx2.AsyncClient, operator: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    usurper = await stage.client(stage.key("alice@example.com", scopes=["intake", "ingest"]))
    for path in (INVITE, INGEST):
        assert (await stranger.post(path, json={})).status_code == 401
        for client in (alice, operator, usurper):
            assert (await client.post(path, json={})).status_code == 403


async def job_of(alice: httpx2.AsyncClient) -> str:
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    return str((await alice.post(JOBS, json={"meetingUrl": LINK, "joinAt": at})).json()["id"])


async def lent(stage: WebStage, remote: httpx2.AsyncClient, job_id: str) -> dict[str, Any]:
    """A job that waits for a place, claimed by a worker."""
    job = stage.put(job_id, State.QUEUED)
    with stage.database.write() as session:
        loans.offer(session, job.id or 0, plan.attend_key(job))
    answer = await remote.post(f"{INGEST}/claim", json={"worker": "box-1", "places": 1})
    assert answer.status_code == 200, answer.text
    brief: dict[str, Any] = answer.json()["jobs"][0]
    assert (brief["jobId"], brief["nextSequence"]) == (job_id, 1)
    return brief


async def report(
    client: httpx2.AsyncClient, brief: dict[str, Any], sequence: int, **event: Any
) -> httpx2.Response:
    body = {"jobId": brief["jobId"], "lease": brief["lease"], "sequence": sequence, "event": event}
    return await client.post(INGEST, json=body)


async def test_a_remote_bot_tells_a_whole_life(
    stage: WebStage, remote: httpx2.AsyncClient, alice: httpx2.AsyncClient
) -> None:
    job_id = await job_of(alice)
    brief = await lent(stage, remote, job_id)
    now = datetime.now(UTC).isoformat()
    said = {"id": "c1", "speaker": "Host Person", "text": "Hello", "startedAt": now, "endedAt": now}
    host = {"key": "d/2", "name": "Host Person", "isHost": True, "verdict": "human"}
    told: list[dict[str, Any]] = [
        {"kind": "timeline", "line": "knocked", "data": {"name": "Meetbot"}},
        {"kind": "state", "state": "in_call", "line": "admitted", "data": {"signs": ["roster"]}},
        {"kind": "attendance", "at": now, "people": [host], "certain": True},
        {"kind": "consent", "outcome": "asked", "message": "May I?"},
        {"kind": "consent", "outcome": "granted", "who": "Host Person", "words": "yes"},
        {"kind": "state", "state": "recording", "line": "capture_started"},
        {"kind": "words", "utterances": [said]},
        {"kind": "finding", "line": "rival_seen", "data": {"name": "Notes", "vendor": "notes"}},
        {"kind": "left", "reason": "ended_by_host"},
    ]
    for number, event in enumerate(told, 1):
        answer = await report(remote, brief, number, **event)
        assert answer.status_code == 200, (event, answer.text)
        assert answer.json()["nextSequence"] == number + 1
    job = (await alice.get(f"{JOBS}/{job_id}")).json()
    assert (job["status"], job["end_reason"]) == ("finalizing", "ended_by_host")
    assert [entry["outcome"] for entry in job["consent"]] == ["asked", "granted"]
    with stage.database.read() as session:
        row = stored.by_public_id(session, job_id)
        assert [entry.text for entry in stored.entries(session, row.id or 0, "captions")] == ["Hello"]
        assert [person.name for person in stored.roster(session, row.id or 0)] == ["Host Person"]
    again = await report(remote, brief, len(told), **told[-1])
    assert again.json()["repeated"], "an answer that was lost is given again, also for the last report"


async def test_a_report_that_comes_again_counts_once(
    stage: WebStage, remote: httpx2.AsyncClient, alice: httpx2.AsyncClient
) -> None:
    job_id = await job_of(alice)
    brief = await lent(stage, remote, job_id)
    first = await report(remote, brief, 1, kind="timeline", line="knocked")
    again = await report(remote, brief, 1, kind="timeline", line="knocked")
    assert (first.json()["repeated"], again.json()["repeated"]) == (False, True)
    other = await report(remote, brief, 1, kind="timeline", line="admitted")
    assert (other.status_code, "something else" in other.json()["detail"]) == (409, True)
    lines = [line["kind"] for line in (await alice.get(f"{JOBS}/{job_id}")).json()["timeline"]]
    assert lines.count("knocked") == 1


async def test_reports_are_taken_in_order_and_by_the_rules(
    stage: WebStage, remote: httpx2.AsyncClient, alice: httpx2.AsyncClient
) -> None:
    job_id = await job_of(alice)
    brief = await lent(stage, remote, job_id)
    gap = await report(remote, brief, 2, kind="timeline", line="knocked")
    assert (gap.status_code, gap.json()["detail"]) == (409, "Report 1 is due; 2 came.")
    illegal = await report(remote, brief, 1, kind="state", state="recording", line="capture_started")
    assert illegal.status_code == 409
    assert (await report(remote, brief, 1, kind="timeline", line="knocked")).status_code == 200, (
        "1 is still due"
    )
    unknown = await report(remote, brief, 2, kind="state", state="completed", line="left")
    assert unknown.status_code == 422
    failed = await report(remote, brief, 2, kind="gave_up", code="lobby_timeout")
    assert (failed.status_code, failed.json()["state"]) == (200, "failed")
    never = brief | {"jobId": "job_never"}
    assert (await report(remote, never, 1, kind="timeline", line="knocked")).status_code == 404


async def test_a_report_needs_the_lease_of_its_job(
    stage: WebStage, remote: httpx2.AsyncClient, alice: httpx2.AsyncClient
) -> None:
    brief = await lent(stage, remote, await job_of(alice))
    other = await job_of(alice)
    for wrong in (brief | {"lease": "0" * 32}, brief | {"lease": ""}, brief | {"jobId": other}):
        answer = await report(remote, wrong, 1, kind="timeline", line="knocked")
        assert (answer.status_code, "lease is over" in answer.json()["detail"]) == (409, True)


async def test_nothing_is_captured_without_consent(
    stage: WebStage, remote: httpx2.AsyncClient, alice: httpx2.AsyncClient
) -> None:
    brief = await lent(stage, remote, await job_of(alice))
    await report(remote, brief, 1, kind="state", state="in_call", line="admitted")
    now = datetime.now(UTC).isoformat()
    said = {"id": "c", "speaker": "P", "text": "t", "startedAt": now, "endedAt": now}
    words = await report(remote, brief, 2, kind="words", utterances=[said])
    assert (words.status_code, "consent" in words.json()["detail"]) == (409, True)
    recording = await report(remote, brief, 2, kind="state", state="recording", line="capture_started")
    assert recording.status_code == 409


async def test_what_bots_report_is_not_rationed(tmp_path: Path) -> None:
    async with WebStage(tmp_path, requests_per_minute=2) as stage:
        stage.user("operator@example.com")
        remote = await stage.client(stage.key("operator@example.com", scopes=["ingest"]))
        for _ in range(5):
            answer = await remote.post(f"{INGEST}/claim", json={"worker": "box-1", "waitSeconds": 0})
            assert answer.status_code == 200, answer.text


async def test_operators_see_how_the_host_stands(
    stage: WebStage, operator: httpx2.AsyncClient, alice: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    made = await job_of(alice)
    stage.put(made, State.SCHEDULED, join_at=datetime.now(UTC) - timedelta(seconds=90))
    assert (await stranger.get("/api/v1/admin/host")).status_code == 401
    assert (await alice.get("/api/v1/admin/host")).status_code == 403
    answer = (await operator.get("/api/v1/admin/host")).json()
    assert answer["bots_by_state"]["scheduled"] == 1
    assert answer["queue_depth"]["bots"] == 1
    assert 89 < answer["lateness_seconds"]["bots"] < 120
    assert answer["machine"]["memory_total"] > answer["machine"]["process_rss"] > 10_000_000
    assert 0 <= answer["machine"]["cpu_percent"] <= 100
    assert answer["workers"] == 1


async def test_health_is_told_to_anybody_and_honestly(stage: WebStage, stranger: httpx2.AsyncClient) -> None:
    assert (await stranger.get("/healthz")).json() == {"status": "ok", "version": "1.2.3"}
    assert (await stranger.get("/readyz")).status_code == 200
    with stage.database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE job RENAME TO gone")
    not_ready = await stranger.get("/readyz")
    assert (not_ready.status_code, not_ready.json()["status"]) == (503, "not ready")
    assert (await stranger.get("/healthz")).status_code == 200


def event(kind: str, told: dict[str, Any], number: str = "evt_1", created: float | None = None) -> bytes:
    created = time.time() if created is None else created
    body = {"id": number, "object": "event", "type": kind, "created": int(created), "data": {"object": told}}
    return json.dumps(body).encode()


def signed(body: bytes, at: float | None = None, secret: str = SECRET) -> dict[str, str]:
    stamp = int(time.time() if at is None else at)
    signature = stripe.WebhookSignature._compute_signature(f"{stamp}.{body.decode()}", secret)
    return {"Stripe-Signature": f"t={stamp},v1={signature}"}


def subscription(price: str, status: str = "active") -> dict[str, Any]:
    return {"customer": "cus_1", "status": status, "items": {"data": [{"price": {"id": price}}]}}


@pytest.fixture
async def shop(tmp_path: Path) -> Any:
    habits = Habits(
        data_dir=tmp_path,
        stripe_secret=SECRET,
        stripe_prices={"price_pro": "pro", "price_team": "team"},
        plans={"pro": Plan(requests_per_minute=7, meetings_per_month=2), "team": Plan()},
    )
    async with WebStage(tmp_path, habits=habits) as stage:
        yield stage


async def pay(shop: WebStage, body: bytes) -> str:
    client = await shop.client()
    answer = await client.post("/webhooks/stripe", content=body, headers=signed(body))
    assert answer.status_code == 200, answer.text
    stripe.Webhook.construct_event(body, signed(body)["Stripe-Signature"], SECRET)
    return str(answer.json()["outcome"])


async def test_payments_are_off_without_a_secret(stranger: httpx2.AsyncClient) -> None:
    body = event("invoice.paid", {})
    answer = await stranger.post("/webhooks/stripe", content=body, headers=signed(body))
    assert (answer.status_code, "Payments are off" in answer.json()["detail"]) == (404, True)


async def test_a_plan_follows_its_subscription(shop: WebStage) -> None:
    alice: Principal = shop.user("alice@example.com")
    client = await shop.client(shop.key("alice@example.com"))
    named = {"customer": "cus_1", "client_reference_id": str(alice.user_id)}
    assert await pay(shop, event("checkout.session.completed", named, "evt_0")) == "applied"
    assert await pay(shop, event("customer.subscription.created", subscription("price_pro"))) == "applied"
    assert (await client.get(JOBS)).headers["x-ratelimit-limit"] == "7"
    for expected in (201, 201, 403):
        assert (await client.post(JOBS, json={"meetingUrl": LINK})).status_code == expected
    await pay(shop, event("customer.subscription.updated", subscription("price_team"), "evt_2"))
    assert (await client.post(JOBS, json={"meetingUrl": LINK})).status_code == 201
    await pay(shop, event("customer.subscription.deleted", subscription("price_team", "canceled"), "evt_3"))
    assert shop.desk.accounts.users()[0].plan == ""


async def test_an_event_counts_once_and_an_older_one_undoes_nothing(shop: WebStage) -> None:
    shop.user("alice@example.com")
    paid = {"customer": "cus_1", "customer_details": {"email": "Alice@example.com"}}
    await pay(shop, event("checkout.session.completed", paid, "evt_0"))
    body = event("customer.subscription.updated", subscription("price_pro"), "evt_1")
    assert await pay(shop, body) == "applied"
    assert await pay(shop, body) == "repeated"
    old = event("customer.subscription.updated", subscription("price_team"), "evt_2", time.time() - 60)
    assert await pay(shop, old) == "outdated"
    assert shop.desk.accounts.users()[0].plan == "pro"
    unknown = subscription("price_pro") | {"customer": "cus_9"}
    assert await pay(shop, event("customer.subscription.updated", unknown, "evt_3")) == "unknown_customer"
    assert await pay(shop, event("invoice.paid", {"customer": "cus_1"}, "evt_4")) in {"ignored"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Stripe-Signature": ""},
        {"Stripe-Signature": "t=1,v1=00"},
        {"Stripe-Signature": "v1=abc"},
        signed(b"{}", secret="whsec_other"),
        signed(b"{}", at=time.time() - 400),
        signed(b"{}", at=time.time() + 4000),
        signed(b"{ }"),
    ],
    ids=["none", "empty", "old", "no time", "other secret", "late", "future", "other body"],
)
async def test_a_bad_signature_is_refused(shop: WebStage, headers: dict[str, str]) -> None:
    client = await shop.client()
    answer = await client.post("/webhooks/stripe", content=b"{}", headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b"nonsense",
        b"[]",
        b'{"id": 1}',
        b'{"id":"e","type":"customer.subscription.created","created":1,"data":{"object":{}}}',
    ],
)
async def test_a_signed_body_that_is_no_event_is_refused(shop: WebStage, body: bytes) -> None:
    client = await shop.client()
    answer = await client.post("/webhooks/stripe", content=body, headers=signed(body))
    assert answer.status_code == 422
