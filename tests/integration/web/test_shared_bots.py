"""A bot that two people invited to one meeting, over real HTTP: both see it, each calls off their own part only."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from agent.lifecycle.invitations.calendar import Message
from agent.lifecycle.invitations.taking import Taking
from agent.model.invite import Attendee, Component, Slot
from agent.model.states import EndReason, State
from agent.model.tables import Delivery, Job, TranscriptEntry
from agent.rules.trust import Binding, Judgement
from agent.store import jobs
from tests.web_stage import LINK, WebStage

JOBS, BOTS = "/api/v1/jobs", "/v1/bots"
ALICE, BOB, CAROL = "alice@example.com", "bob@example.com", "carol@example.com"
START = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
OPEN = Judgement("accept", "allowed", "", Binding("", ""))


def invite(stage: WebStage, inviter: str, *, sequence: int = 0, **changes: Any) -> list[Job]:
    """Take in an invitation to the meeting, as a mail of this inviter would bring it."""
    slot = Slot(slot="", starts_at=START, ends_at=START + timedelta(minutes=30), title=inviter, links=(LINK,))
    facts: dict[str, Any] = {"slots": (slot,), "method": "REQUEST"}
    component = Component(
        uid=f"meeting-of-{inviter}",
        sequence=sequence,
        stamped_at=START,
        organizer=Attendee(email=inviter, raw=inviter),
        **(facts | changes),
    )
    message = Message(
        component, source="smtp", inviter=inviter, bot_address="", options={"recap": inviter != ALICE}
    )
    with stage.database.write() as session:
        return Taking(session, stage.house).take(message, OPEN)[0].jobs


@dataclass
class Pair:
    """The job that serves both, and each one's client."""

    job: Job
    alice: httpx2.AsyncClient
    bob: httpx2.AsyncClient


@pytest.fixture
async def pair(stage: WebStage, alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> Pair:
    invite(stage, ALICE)
    (job,) = invite(stage, BOB)
    assert job.inviter == ALICE
    return Pair(job, alice, bob)


async def ids(client: httpx2.AsyncClient) -> list[str]:
    return [job["id"] for job in (await client.get(JOBS)).json()["jobs"]]


async def bots(client: httpx2.AsyncClient) -> list[int]:
    return [bot["id"] for bot in (await client.get(BOTS)).json()["bots"]]


async def test_every_inviter_sees_the_job_in_both_families(stage: WebStage, pair: Pair) -> None:
    for client in (pair.alice, pair.bob):
        assert await ids(client) == [pair.job.public_id]
        assert (await client.get(f"{JOBS}/{pair.job.public_id}")).status_code == 200
        assert (await client.get(f"{JOBS}/{pair.job.public_id}/explain")).status_code == 200
        assert await bots(client) == [pair.job.id]
        assert (await client.get(f"{BOTS}/{pair.job.id}")).status_code == 200
        assert (await client.get("/v1/events")).json()["total"] > 0
    carol = await stage.client(stage.key(CAROL))
    assert (await ids(carol), await bots(carol)) == ([], [])
    assert (await carol.get(f"{JOBS}/{pair.job.public_id}")).status_code == 404


async def test_every_inviter_reads_and_finds_what_was_said(stage: WebStage, pair: Pair) -> None:
    stage.put(pair.job.public_id, State.COMPLETED, transcript_source="meet")
    said = {"source": "meet", "speaker": "Host Person", "text": "We ship the beta", "ordinal": 1}
    with stage.database.write() as session:
        session.add(TranscriptEntry(job_id=pair.job.id, started_at=START, ended_at=START, **said))
    for client in (pair.alice, pair.bob):
        words = (await client.get(f"{JOBS}/{pair.job.public_id}/transcript")).json()
        assert [entry["text"] for entry in words["entries"]] == ["We ship the beta"]
        assert (await client.get("/api/v1/search", params={"q": "beta"})).json()["total"] == 1


async def test_what_went_to_one_inviter_is_not_shown_to_another(stage: WebStage, pair: Pair) -> None:
    with stage.database.write() as session:
        for number, (target, owner) in enumerate([(ALICE, pair.job.user_id), (BOB, pair.job.user_id)]):
            facts = {"channel": "mail", "event": "recap", "created_at": START, "state": "done"}
            session.add(
                Delivery(
                    id=f"d{number}",
                    key=f"k{number}",
                    job_id=pair.job.id,
                    user_id=owner,
                    target=target,
                    **facts,
                )
            )
    seen = (await pair.bob.get(f"{JOBS}/{pair.job.public_id}")).json()["deliveries"]
    assert [one["target"] for one in seen] == [BOB]
    tries = (await pair.bob.get(f"{JOBS}/{pair.job.public_id}/deliveries")).json()["deliveries"]
    assert [one["target"] for one in tries] == [BOB]
    assert len((await pair.alice.get(f"{JOBS}/{pair.job.public_id}")).json()["deliveries"]) == 2


@pytest.mark.parametrize("who", [ALICE, BOB])
async def test_the_bot_goes_on_for_the_inviter_who_did_not_cancel(
    stage: WebStage, pair: Pair, who: str
) -> None:
    leaver, stayer = (pair.alice, pair.bob) if who == ALICE else (pair.bob, pair.alice)
    answer = await leaver.delete(f"{JOBS}/{pair.job.public_id}")
    assert answer.status_code == 202, answer.text
    own = answer.json()
    assert (own["cancelled"], own["end_reason"]) == (True, EndReason.REQUESTED)
    assert own["id"] != pair.job.public_id
    assert await ids(leaver) == [own["id"]]
    assert await bots(leaver) != await bots(stayer) == [pair.job.id]
    assert await ids(stayer) == [pair.job.public_id]
    left = (await stayer.get(f"{JOBS}/{pair.job.public_id}")).json()
    assert (left["status"], left["title"]) == ("queued", BOB if who == ALICE else ALICE)


async def test_what_an_inviter_switched_off_stays_off_and_the_last_one_ends_the_job(
    stage: WebStage, pair: Pair
) -> None:
    await pair.bob.delete(f"{JOBS}/{pair.job.public_id}")
    invite(stage, BOB, sequence=1)
    (own,) = await ids(pair.bob)
    assert own != pair.job.public_id
    invite(stage, ALICE, sequence=1, method="CANCEL", cancelled=True, slots=())
    assert (await pair.alice.get(f"{JOBS}/{pair.job.public_id}")).json()["cancelled"] is True


async def test_the_next_named_inviter_owns_the_job_with_none_of_the_wishes_of_the_one_before(
    stage: WebStage, pair: Pair
) -> None:
    await pair.alice.delete(f"{JOBS}/{pair.job.public_id}")
    with stage.database.read() as session:
        job = jobs.by_public_id(session, pair.job.public_id)
    assert (job.inviter, job.user_id == pair.job.user_id, job.options) == (BOB, False, {"recap": True})
    assert ALICE not in {person["email"] for person in job.invited}


async def test_a_bot_in_the_call_stays_for_the_inviter_who_did_not_kill_it(
    stage: WebStage, pair: Pair
) -> None:
    stage.put(pair.job.public_id, State.IN_CALL)
    killed = await pair.bob.post(f"{BOTS}/{pair.job.id}/kill")
    assert killed.status_code == 200, killed.text
    assert killed.json()["id"] != pair.job.id
    assert (await pair.alice.get(f"{JOBS}/{pair.job.public_id}")).json()["status"] == "in_call"


async def test_deleting_takes_nothing_from_the_other_inviter(stage: WebStage, pair: Pair) -> None:
    stage.put(pair.job.public_id, State.COMPLETED, transcript_source="meet")
    said = {"source": "meet", "speaker": "Host Person", "text": "We ship the beta", "ordinal": 1}
    with stage.database.write() as session:
        session.add(TranscriptEntry(job_id=pair.job.id, started_at=START, ended_at=START, **said))
    assert (await pair.bob.delete(f"/v1/transcripts/{pair.job.id}")).status_code == 403
    assert (await pair.bob.post(f"/v1/recordings/{pair.job.id}/share")).status_code == 403
    assert (await pair.bob.delete(f"{BOTS}/{pair.job.id}")).status_code == 204
    assert (await ids(pair.bob), await bots(pair.bob)) == ([], [])
    assert (await pair.alice.get(f"{JOBS}/{pair.job.public_id}/transcript")).json()["total"] == 1


async def test_only_the_named_inviter_changes_the_plan(pair: Pair) -> None:
    plan = {"meetingTitle": "Mine"}
    assert (await pair.bob.patch(f"{BOTS}/{pair.job.id}", json=plan)).status_code == 403
    assert (await pair.alice.patch(f"{BOTS}/{pair.job.id}", json=plan)).status_code == 200


async def test_an_operator_ends_it_for_all(pair: Pair, operator: httpx2.AsyncClient) -> None:
    answer = await operator.delete(f"{JOBS}/{pair.job.public_id}")
    assert answer.json()["id"] == pair.job.public_id
    for client in (pair.alice, pair.bob):
        assert (await client.get(f"{JOBS}/{pair.job.public_id}")).json()["cancelled"] is True


async def test_each_inviter_s_webhooks_hear_of_it(stage: WebStage, pair: Pair) -> None:
    for client, name in ((pair.alice, "a"), (pair.bob, "b")):
        made = await client.post("/v1/webhooks", json={"url": f"http://127.0.0.1:9/{name}", "family": "jobs"})
        assert made.status_code == 201, made.text
    invite(stage, ALICE, sequence=1, method="CANCEL", cancelled=True, slots=())
    invite(stage, BOB, sequence=1, method="CANCEL", cancelled=True, slots=())
    with stage.database.read() as session:
        found = session.connection().exec_driver_sql(
            "select target, user_id from delivery where channel='hook'"
        )
        told = {(target, user) for target, user in found}
    assert [target for target, _ in sorted(told)] == ["http://127.0.0.1:9/b"]


async def test_an_account_that_did_not_prove_its_address_owns_nothing(stage: WebStage) -> None:
    with stage.database.write() as session:
        session.connection().exec_driver_sql(
            "insert into user (email, name, password_hash, is_operator, disabled, created_at, plan, payer)"
            f" values ('{ALICE}', '', '', 0, 0, '2026-01-01', '', '')"
        )
    (job,) = invite(stage, ALICE)
    assert job.user_id is None
