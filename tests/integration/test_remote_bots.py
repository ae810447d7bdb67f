"""Bots at workers that have no database: what they do, and what is asked of them, goes over a real wire."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.daemon.clock import SystemClock
from agent.errors import Conflict, Misconfigured
from agent.ingest.client import IngestClient
from agent.lifecycle.commands import Commands
from agent.lifecycle.remote.house_clock import HouseClock
from agent.lifecycle.remote.worker import Worker
from agent.lifecycle.upkeep.sweep import Sweep
from agent.model.call import Admitted, CallOver, Captioned, ChatSaid, InLobby, RosterSeen
from agent.model.loan import Brief, Claim, Held
from agent.model.news import Line, Report
from agent.model.states import EndReason, State, Told
from agent.store import jobs, loans
from tests.remote_stage import Away, RemoteStage
from tests.unit.lifecycle.attendance.test_attend import (
    HOST,
    ME,
    OPERATOR,
    RIVAL,
    job_of,
    kinds,
    make,
    now,
    state_is,
)
from tests.unit.lifecycle.world import ToldCaller, ToldMeet, until, words

SILENCE_SECONDS = 10.0  # short, and yet more than a busy machine keeps a claim waiting


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.lifecycle.attendance.ending.PLACE_SECONDS", 0.5)
    monkeypatch.setattr("agent.lifecycle.remote.loans.LOOK_SECONDS", 0.05)
    monkeypatch.setattr("agent.lifecycle.remote.worker.AGAIN_SECONDS", 0.1)
    monkeypatch.setattr("agent.lifecycle.remote.worker.HAND_BACK_SECONDS", 3.0)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[RemoteStage]:
    async with RemoteStage(tmp_path) as stage:
        stage.told.transcripts.answer = words("We decided to launch on Tuesday.")
        yield stage


@pytest.fixture
async def nervous(tmp_path: Path) -> AsyncIterator[RemoteStage]:
    """A house that takes its jobs back after a few seconds of silence."""
    async with RemoteStage(tmp_path, worker_silence_seconds=SILENCE_SECONDS) as stage:
        stage.told.transcripts.answer = words("We decided to launch on Tuesday.")
        yield stage


async def into_the_call(away: Away, number: int = 1) -> ToldCaller:
    caller = await away.meet.caller(number)
    caller.tell(InLobby(now()), Admitted(now()), RosterSeen(now(), (ME, HOST)))
    return caller


async def capturing(stage: RemoteStage, away: Away, number: int = 1) -> ToldCaller:
    caller = await into_the_call(away, number)
    caller.tell(ChatSaid(now(), "m1", "Host Person", "yes"))
    await state_is(stage.told, State.RECORDING)
    return caller


def captions(stage: RemoteStage) -> list[str]:
    with stage.told.house.database.read() as session:
        return [entry.text for entry in jobs.entries(session, job_of(stage.told).id or 0, "captions")]


async def test_a_meeting_goes_from_the_knock_to_the_recap_at_a_worker(stage: RemoteStage) -> None:
    make(stage.told)
    caller = await capturing(stage, stage.worker())
    caller.tell(RosterSeen(now(), (ME, HOST, RIVAL)))
    caller.tell(Captioned(now(), "c1", "Host Person", "We decided to launch.", now(), now()))
    await until(lambda: captions(stage) == ["We decided to launch."])
    caller.tell(CallOver(now(), EndReason.ENDED_BY_HOST))
    job = await state_is(stage.told, State.COMPLETED)
    assert (job.end_reason, job.joins, caller.closed) == (EndReason.ENDED_BY_HOST, 1, True)
    await until(lambda: len(stage.told.mailer.sent) == 1 and "job.finalized" in stage.told.hooks.events())
    told = [line for line in kinds(stage.told) if line in {kind.value for kind in Told}]
    order = [Told.BROWSER_OPEN, Told.KNOCKED, Told.ADMITTED, Told.CONSENT_ANSWERED, Told.CAPTURE_STARTED]
    assert [kind for kind in told if kind in order] == [kind.value for kind in order]
    assert told.count(Told.PARTICIPANT_JOINED) == 2
    assert stage.told.meet.callers == []
    with stage.told.house.database.read() as session:
        assert loans.get(session, job.id or 0) is None


async def test_a_rival_seen_elsewhere_is_told_to_those_who_listen(stage: RemoteStage) -> None:
    make(stage.told, options={"rivals_grace_seconds": 0.1})
    caller = await capturing(stage, stage.worker())
    caller.tell(RosterSeen(now(), (ME, HOST, RIVAL)))
    await until(lambda: "bot.competing_bot_detected" in stage.told.hooks.events())
    job = await state_is(stage.told, State.FINALIZING, State.COMPLETED)
    assert job.end_reason == EndReason.RIVAL_BOT


async def test_what_people_ask_reaches_the_bot_elsewhere(stage: RemoteStage) -> None:
    make(stage.told)
    caller = await into_the_call(stage.worker())
    job = await state_is(stage.told, State.IN_CALL)
    await until(lambda: Told.CONSENT_ASKED in kinds(stage.told))
    desk = Commands(stage.told.house)
    await desk.answer_consent(OPERATOR, job.public_id, granted=True, channel="page")
    await state_is(stage.told, State.RECORDING)
    await desk.leave(OPERATOR, job.public_id)
    job = await state_is(stage.told, State.COMPLETED)
    assert (job.end_reason, caller.closed) == (EndReason.REQUESTED, True)


async def test_a_cancelled_job_takes_its_bot_out_of_the_call(stage: RemoteStage) -> None:
    make(stage.told)
    caller = await into_the_call(stage.worker())
    job = await state_is(stage.told, State.IN_CALL)
    await Commands(stage.told.house).cancel(OPERATOR, job.public_id)
    await state_is(stage.told, State.CANCELLED)
    assert caller.closed


async def test_a_worker_that_stops_hands_its_bots_back(stage: RemoteStage) -> None:
    make(stage.told)
    first = stage.worker()
    caller = await capturing(stage, first)
    await first.stop()
    assert caller.closed
    second = stage.worker()
    caller = await into_the_call(second)
    job = await state_is(stage.told, State.RECORDING)
    assert job.joins == 1, "being sent elsewhere is no failed try"
    assert kinds(stage.told).count(Told.CONSENT_ASKED) == 1, "nobody is asked twice"
    caller.tell(CallOver(now(), EndReason.ENDED_BY_HOST))
    await state_is(stage.told, State.COMPLETED)


async def test_a_worker_that_falls_silent_loses_its_bots_and_another_goes(nervous: RemoteStage) -> None:
    make(nervous.told)
    first = nervous.worker()
    await capturing(nervous, first)
    await first.vanish()
    second = nervous.worker()
    await until(lambda: second.meet.callers)
    caller = await into_the_call(second)
    await state_is(nervous.told, State.RECORDING)
    assert Told.REJOINED in kinds(nervous.told)
    caller.tell(CallOver(now(), EndReason.ENDED_BY_HOST))
    await state_is(nervous.told, State.COMPLETED)
    assert kinds(nervous.told).count(Told.CONSENT_ASKED) == 1


async def test_the_sweep_takes_back_what_a_silent_worker_had_and_brings_it_home(nervous: RemoteStage) -> None:
    make(nervous.told)
    away = nervous.worker()
    await into_the_call(away)
    await state_is(nervous.told, State.IN_CALL)
    await away.vanish()
    nervous.told.meet.full = ""

    def silent() -> bool:
        with nervous.told.house.database.read() as session:
            heard = loans.get(session, job_of(nervous.told).id or 0)
            return bool(
                heard and heard.heard_at and (now() - heard.heard_at).total_seconds() > SILENCE_SECONDS
            )

    await until(silent)
    await Sweep(nervous.told.house)()
    caller = await nervous.told.meet.caller()
    caller.tell(Admitted(now()), RosterSeen(now(), (ME, HOST)))
    await state_is(nervous.told, State.IN_CALL)


async def test_what_was_asked_while_the_worker_was_dead_is_obeyed_by_the_next(nervous: RemoteStage) -> None:
    make(nervous.told)
    first = nervous.worker()
    await into_the_call(first)
    job = await state_is(nervous.told, State.IN_CALL)
    await first.vanish()
    await Commands(nervous.told.house).leave(OPERATOR, job.public_id)
    second = nervous.worker()
    await until(lambda: second.meet.callers and second.meet.callers[0].closed)
    assert (await state_is(nervous.told, State.CANCELLED)).end_reason == EndReason.REQUESTED


async def test_the_house_may_be_away_for_a_moment(stage: RemoteStage) -> None:
    make(stage.told)
    caller = await capturing(stage, stage.worker())
    await stage.close_door()
    caller.tell(Captioned(now(), "c1", "Host Person", "Nobody hears this now.", now(), now()))
    caller.tell(RosterSeen(now(), (ME, HOST, RIVAL)))
    caller.tell(CallOver(now(), EndReason.ENDED_BY_HOST))
    await until(lambda: caller.closed)
    assert captions(stage) == []
    await stage.open_door()
    await state_is(stage.told, State.COMPLETED)
    assert captions(stage) == ["Nobody hears this now."]


async def test_a_worker_that_cannot_reach_the_house_leaves_before_another_comes(nervous: RemoteStage) -> None:
    make(nervous.told)
    caller = await into_the_call(nervous.worker())
    await state_is(nervous.told, State.IN_CALL)
    await nervous.close_door()
    await until(lambda: caller.closed)
    await nervous.open_door()


async def test_a_worker_takes_no_more_bots_than_it_has_places(stage: RemoteStage) -> None:
    make(stage.told, key="test:1")
    make(stage.told, key="test:2", meeting_code="xyz-defg-hij")
    away = stage.worker(places=1)
    caller = await into_the_call(away)
    await until(lambda: Told.ADMITTED in kinds(stage.told) or Told.WAITING_FOR_PLACE in kinds(stage.told))
    assert len(away.meet.callers) == 1
    caller.tell(ChatSaid(now(), "m1", "Host Person", "no"))
    await away.meet.caller(2)


async def test_two_workers_never_have_bots_in_one_meeting(stage: RemoteStage) -> None:
    make(stage.told, key="test:1")
    make(stage.told, key="test:2")
    first, second = stage.worker(places=1), stage.worker(places=1)
    await until(lambda: first.meet.callers or second.meet.callers)

    def states() -> set[str]:
        with stage.told.house.database.read() as session:
            return {job.state for job in jobs.in_states(session, list(State))}

    await until(lambda: State.CANCELLED in states())
    assert len(first.meet.callers) + len(second.meet.callers) == 1


async def lent(stage: RemoteStage, client: IngestClient, worker: str = "one") -> Brief:
    """Claim the one job there is."""
    make(stage.told)
    while True:
        lot = await client.claim(Claim(worker=worker, places=1))
        if lot.jobs:
            return lot.jobs[0]


async def test_only_who_has_the_lease_may_report(nervous: RemoteStage) -> None:
    client = IngestClient(nervous.url, nervous.key)
    brief = await lent(nervous, client)
    knocked = Line(line=Told.KNOCKED)
    with pytest.raises(Conflict, match="lease is over"):
        await client.report(Report(job_id=brief.job_id, lease="0" * 32, sequence=1, event=knocked))
    late = Report(job_id=brief.job_id, lease=brief.lease, sequence=1, event=knocked)
    other = nervous.worker()  # the first has fallen silent
    await until(lambda: other.meet.callers)
    with pytest.raises(Conflict, match="lease is over"):
        await client.report(late)
    await client.aclose()


async def test_a_brief_whose_answer_was_lost_is_given_again(stage: RemoteStage) -> None:
    client = IngestClient(stage.url, stage.key)
    brief = await lent(stage, client)
    again = await client.claim(Claim(worker="one", places=0))
    assert again.jobs == (brief,)
    elsewhere = await client.claim(Claim(worker="two", places=5, wait_seconds=0))
    assert elsewhere.jobs == ()
    await client.aclose()


async def test_what_a_worker_does_not_name_any_more_is_taken_back(stage: RemoteStage) -> None:
    client = IngestClient(stage.url, stage.key)
    brief = await lent(stage, client)
    held = Held(job_id=brief.job_id, lease=brief.lease)
    assert (await client.claim(Claim(worker="one", held=(held,), wait_seconds=0))).lost == ()
    await client.claim(Claim(worker="one", wait_seconds=0))
    await stage.worker().meet.caller()
    assert Told.REJOINED in kinds(stage.told)
    assert (await client.claim(Claim(worker="one", held=(held,)))).lost == (brief.job_id,)
    await client.aclose()


async def test_a_brief_tells_no_secret(stage: RemoteStage) -> None:
    client = IngestClient(stage.url, stage.key)
    brief = await lent(stage, client)
    told = brief.model_dump_json()
    assert stage.key not in told
    assert "whsec" not in told
    await client.aclose()


async def test_a_key_that_may_not_is_the_operators_error(stage: RemoteStage) -> None:
    client = IngestClient(stage.url, "mb_live_nobody")
    worker = Worker(client, ToldMeet(), HouseClock(SystemClock()), "box", 1)
    with pytest.raises(Misconfigured, match="keys create"):
        await worker.greet()
    await client.aclose()


async def test_claims_do_not_keep_the_server_from_ending(stage: RemoteStage) -> None:
    client = IngestClient(stage.url, stage.key)
    claiming = asyncio.create_task(client.claim(Claim(worker="one", places=1, wait_seconds=20)))
    await until(lambda: stage.desk.loans._newest)
    async with asyncio.timeout(15):  # less than the claim would wait
        await stage.close_door()
        assert (await claiming).jobs == ()
    await client.aclose()
    await stage.open_door()
