"""The jobs API over real HTTP: every row of its table, for the owner, for others, and in every state."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from agent.model.states import State
from agent.model.tables import (
    Attempt,
    Delivery,
    EventSeries,
    Invitation,
    Occurrence,
    SummaryVersion,
)
from agent.store import jobs as stored
from tests.waiting import until
from tests.web_stage import LINK, WebStage

JOBS = "/api/v1/jobs"
UNKNOWN = f"{JOBS}/job_01J00000000000000000000000"


async def make(client: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post(JOBS, json={"meetingUrl": LINK} | body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


async def test_a_job_is_made_with_everything_it_was_given(stage: WebStage, alice: httpx2.AsyncClient) -> None:
    made = await make(
        alice,
        title="Weekly",
        externalId="crm-7",
        platform="google-meet",
        joinAt=in_an_hour(),
        displayName="Note Taker",
        autoLeave={
            "afterEntryDelaySeconds": 600,
            "afterSilenceSeconds": 1200,
            "afterSoloSeconds": 60,
            "afterMaxSeconds": 14400,
            "onBotDetected": False,
        },
        metadata={"deal": 7},
    )
    assert made["id"].startswith("job_")
    assert (made["status"], made["externalId"], made["metadata"]) == ("queued", "crm-7", {"deal": 7})
    with stage.database.read() as session:
        options = stored.by_public_id(session, made["id"]).options
    assert options == {
        "display_name": "Note Taker",
        "nobody_seconds": 600,
        "silence_seconds": 1200,
        "alone_seconds": 60,
        "max_seconds": 14400,
        "rivals_policy": "ignore",
    }


async def test_a_join_time_in_the_past_means_now(alice: httpx2.AsyncClient) -> None:
    before = datetime.now(UTC)
    made = await make(alice, joinAt="2020-01-01T00:00:00+02:00")
    assert datetime.fromisoformat(made["joinAt"]) >= before


async def test_a_job_that_is_due_starts_at_once(stage: WebStage, alice: httpx2.AsyncClient) -> None:
    await make(alice)
    await until(lambda: stage.ran)
    assert stage.ran[0][0] == "attend"


async def test_the_same_external_id_is_the_same_job_for_its_owner_only(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    first = await make(alice, externalId="one")
    again = await alice.post(JOBS, json={"meetingUrl": LINK, "externalId": "one"})
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    assert (await make(bob, externalId="one"))["id"] != first["id"]


async def test_webhook_secrets_are_shown_once(alice: httpx2.AsyncClient) -> None:
    hooks = {"onStatusChange": "https://example.com/a", "onFinalize": "https://example.com/b"}
    made = await make(alice, webhooks=hooks, externalId="hooked")
    secrets = made["webhookSecrets"]
    assert set(secrets) == {"onStatusChange", "onFinalize"}
    assert all(text.startswith("whsec_") for text in secrets.values())
    assert len(set(secrets.values())) == 2
    again = await alice.post(JOBS, json={"meetingUrl": LINK, "externalId": "hooked", "webhooks": hooks})
    assert again.json()["webhookSecrets"] == {}
    assert "whsec_" not in (await alice.get(f"{JOBS}/{made['id']}")).text


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "meetingUrl"),
        ({"meetingUrl": LINK, "joinAt": "2027-01-01T00:00:00"}, "joinAt"),
        ({"meetingUrl": LINK, "displayName": ""}, "displayName"),
        ({"meetingUrl": LINK, "displayName": "x" * 61}, "displayName"),
        ({"meetingUrl": LINK, "unknown": 1}, "unknown"),
        ({"meetingUrl": LINK, "autoLeave": {"afterSoloSeconds": -1}}, "afterSoloSeconds"),
        ({"meetingUrl": LINK, "webhooks": {"onFinalize": "ftp://example.com"}}, "onFinalize"),
        ({"meetingUrl": LINK, "webhooks": {"onFinalize": "https://u:p@example.com"}}, "onFinalize"),
        ({"meetingUrl": LINK, "title": "nul\x00"}, "title"),
        ({"meetingUrl": LINK, "externalId": ""}, "externalId"),
    ],
)
async def test_a_bad_body_names_the_field(
    alice: httpx2.AsyncClient, body: dict[str, Any], where: str
) -> None:
    answer = await alice.post(JOBS, json=body)
    assert answer.status_code == 422
    assert where in [fault["loc"][-1] for fault in answer.json()["detail"]]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"meetingUrl": "https://zoom.us/j/123456789"}, "Zoom"),
        ({"meetingUrl": "https://example.com/"}, "not a Google Meet link"),
        ({"meetingUrl": LINK, "platform": "zoom-web"}, "zoom-web"),
        ({"meetingUrl": LINK, "joinAt": "2199-01-01T00:00:00Z"}, "days ahead"),
    ],
)
async def test_what_cannot_be_joined_is_told_in_a_sentence(
    alice: httpx2.AsyncClient, body: dict[str, Any], words: str
) -> None:
    answer = await alice.post(JOBS, json=body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


async def test_jobs_are_listed_by_page_and_status(stage: WebStage, alice: httpx2.AsyncClient) -> None:
    made = [await make(alice, joinAt=in_an_hour()) for _ in range(5)]
    stage.put(made[0]["id"], State.IN_CALL)
    page = (await alice.get(JOBS, params={"page": 2, "page_size": 2})).json()
    assert (len(page["jobs"]), page["total"], page["page"], page["page_size"]) == (2, 5, 2, 2)
    running = (await alice.get(JOBS, params={"status": ["in_call", "recording"]})).json()
    assert [job["id"] for job in running["jobs"]] == [made[0]["id"]]
    for wrong in ({"page_size": 101}, {"page": 0}, {"status": "nope"}):
        assert (await alice.get(JOBS, params=wrong)).status_code == 422


async def test_meetings_that_somebody_invited_the_bot_to_are_theirs(
    stage: WebStage, alice: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    made = await make(bob)
    stage.put(made["id"], State.SCHEDULED, user_id=None, inviter="alice@example.com")
    assert [job["id"] for job in (await alice.get(JOBS)).json()["jobs"]] == [made["id"]]
    assert (await alice.get(f"{JOBS}/{made['id']}")).status_code == 200
    assert (await bob.get(f"{JOBS}/{made['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/request-recording-permission"),
        ("POST", "/retry"),
        ("GET", "/transcript"),
        ("GET", "/summary"),
        ("GET", "/manifest"),
        ("GET", "/events"),
        ("GET", "/explain"),
        ("GET", "/deliveries"),
    ],
)
async def test_a_job_of_somebody_else_is_missing_like_one_that_never_was(
    alice: httpx2.AsyncClient,
    bob: httpx2.AsyncClient,
    operator: httpx2.AsyncClient,
    stranger: httpx2.AsyncClient,
    method: str,
    path: str,
) -> None:
    made = await make(alice, joinAt=in_an_hour())
    theirs = await bob.request(method, f"{JOBS}/{made['id']}{path}")
    never = await bob.request(method, f"{UNKNOWN}{path}")
    assert (theirs.status_code, theirs.json()) == (never.status_code, never.json()) == (404, theirs.json())
    assert (await stranger.request(method, f"{JOBS}/{made['id']}{path}")).status_code == 401
    seen = await operator.request(method, f"{JOBS}/{made['id']}{path}")
    if path in {"", "/events", "/explain", "/deliveries"}:
        assert seen.status_code in {200, 202}, "operators see everybody's"


@pytest.mark.parametrize("state", [State.SCHEDULED, State.QUEUED, State.FINALIZING])
async def test_a_job_without_a_bot_at_the_meeting_is_cancelled_at_once(
    stage: WebStage, alice: httpx2.AsyncClient, state: State
) -> None:
    made = await make(alice, joinAt=in_an_hour())
    stage.put(made["id"], state)
    answer = await alice.delete(f"{JOBS}/{made['id']}")
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["cancelled"]) == ("failed", True)
    assert answer.json()["end_reason"] == "requested"


@pytest.mark.parametrize("state", [State.JOINING, State.WAITING, State.IN_CALL, State.RECORDING])
async def test_a_bot_at_the_meeting_is_told_to_leave(
    stage: WebStage, alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    told: list[tuple[str, str]] = []

    async def tell(key: str, verb: str, uid: str, **words: str) -> None:
        told.append((verb, words["text"]))

    monkeypatch.setattr(stage.engine, "tell", tell)
    made = await make(alice, joinAt=in_an_hour())
    stage.put(made["id"], state)
    assert (await alice.delete(f"{JOBS}/{made['id']}")).status_code == 202
    assert told == [("leave", "cancel")]


@pytest.mark.parametrize("state", [State.COMPLETED, State.FAILED, State.CANCELLED])
async def test_a_job_that_has_ended_cannot_be_cancelled(
    stage: WebStage, alice: httpx2.AsyncClient, state: State
) -> None:
    made = await make(alice, joinAt=in_an_hour())
    stage.put(made["id"], state)
    assert (await alice.delete(f"{JOBS}/{made['id']}")).status_code == 409


@pytest.mark.parametrize("state", list(State))
async def test_permission_can_be_asked_for_in_a_call_only(
    stage: WebStage, alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    told: list[str] = []

    async def tell(key: str, verb: str, uid: str, **words: str) -> None:
        told.append(verb)

    monkeypatch.setattr(stage.engine, "tell", tell)
    made = await make(alice, joinAt=in_an_hour())
    stage.put(made["id"], state)
    answer = await alice.post(f"{JOBS}/{made['id']}/request-recording-permission")
    if state in {State.IN_CALL, State.RECORDING}:
        assert (answer.status_code, answer.json(), told) == (202, {"accepted": True}, ["ask_again"])
    else:
        assert (answer.status_code, told) == (409, [])


@pytest.mark.parametrize("state", list(State))
async def test_only_a_failed_job_is_tried_again(
    stage: WebStage, alice: httpx2.AsyncClient, state: State
) -> None:
    made = await make(alice, joinAt=in_an_hour())
    stage.put(made["id"], state)
    answer = await alice.post(f"{JOBS}/{made['id']}/retry")
    assert answer.status_code == (202 if state is State.FAILED else 409)
    if state is State.FAILED:
        assert answer.json()["status"] == "queued"
        assert datetime.fromisoformat(answer.json()["joinAt"]) <= datetime.now(UTC)


async def test_the_timeline_is_read_by_page(alice: httpx2.AsyncClient) -> None:
    made = await make(alice, joinAt=in_an_hour())
    await alice.delete(f"{JOBS}/{made['id']}")
    page = (await alice.get(f"{JOBS}/{made['id']}/events", params={"page_size": 1, "page": 2})).json()
    assert [line["kind"] for line in page["events"]] == ["state_changed"]
    assert page["total"] == 2


async def test_a_finished_job_is_read_in_parts(stage: WebStage, alice: httpx2.AsyncClient) -> None:
    made = await make(alice)
    path = f"{JOBS}/{made['id']}"
    for part in ("transcript", "summary", "manifest"):
        assert (await alice.get(f"{path}/{part}")).status_code == 404, "nothing is there yet"
    job = stage.put(
        made["id"], State.COMPLETED, transcript_source="meet", manifest={"jobId": made["id"], "files": []}
    )
    stage.said(job, "Word 1", "Word 2", "Word 3")
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    with stage.database.write() as session:
        for version in (1, 2):
            row = SummaryVersion(
                job_id=job.id or 0, version=version, created_at=start, body={"tldr": f"v{version}"}
            )
            session.add(row)
    words = (await alice.get(f"{path}/transcript", params={"page_size": 2, "page": 2})).json()
    assert (words["source"], words["total"], [entry["ordinal"] for entry in words["entries"]]) == (
        "meet",
        3,
        [3],
    )
    assert (await alice.get(f"{path}/summary")).json()["summary"] == {"tldr": "v2"}
    assert (await alice.get(f"{path}/summary", params={"version": 1})).json()["summary"] == {"tldr": "v1"}
    assert (await alice.get(f"{path}/summary", params={"version": 3})).status_code == 404
    assert (await alice.get(f"{path}/manifest")).json()["jobId"] == made["id"]
    whole = (await alice.get(path)).json()
    assert (whole["transcript"], whole["summary"]["version"]) == ({"source": "meet", "entries": 3}, 2)


async def test_explain_shows_every_rule_that_was_evaluated(
    stage: WebStage, alice: httpx2.AsyncClient
) -> None:
    made = await make(alice)
    now = datetime.now(UTC)
    job = stage.put(made["id"], State.SCHEDULED)
    with stage.database.write() as session:
        series = EventSeries(uid="u1", updated_at=now)
        session.add(series)
        session.flush()
        session.add(
            Occurrence(series_id=series.id or 0, starts_at=now, ends_at=now, job_id=job.id, title="Weekly")
        )
        rules = [{"decision": "create", "rule": "new"}]
        session.add(
            Invitation(
                source="smtp", uid="u1", method="REQUEST", received_at=now, outcome="accepted", rules=rules
            )
        )
    answer = (await alice.get(f"{JOBS}/{made['id']}/explain")).json()
    assert answer["invitations"][0]["rules"] == rules
    assert answer["timeline"][0]["kind"] == "job_created"


async def test_deliveries_are_seen_with_attempts_and_sent_again(
    stage: WebStage, alice: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    made = await make(alice)
    now = datetime.now(UTC)
    job = stage.put(made["id"], State.COMPLETED)
    with stage.database.write() as session:
        session.add(
            Delivery(
                id="dlv_1",
                key="k",
                job_id=job.id,
                user_id=job.user_id,
                channel="hook",
                family="jobs",
                event="job.failed",
                target="https://example.com/",
                state="failed",
                attempts=1,
                created_at=now,
            )
        )
        session.flush()
        session.add(Attempt(delivery_id="dlv_1", number=1, at=now, status=500, answer="no"))
    found = (await alice.get(f"{JOBS}/{made['id']}/deliveries")).json()["deliveries"]
    assert [(sent["id"], sent["attempts"][0]["status"]) for sent in found] == [("dlv_1", 500)]
    assert (await bob.post("/api/v1/deliveries/dlv_1/resend")).status_code == 404
    assert (await alice.post("/api/v1/deliveries/dlv_1/resend")).status_code == 202
    await until(lambda: ("deliver", ("dlv_1", 2)) in stage.ran)
    assert (await alice.post("/api/v1/deliveries/dlv_1/resend")).status_code == 409
