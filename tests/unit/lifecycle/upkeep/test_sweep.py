"""The last net: what the engine lost is put there again."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent.lifecycle import plan
from agent.lifecycle.upkeep import sweep as sweeping
from agent.lifecycle.upkeep.sweep import Sweep
from agent.model.states import FailureCode, State
from agent.model.tables import Consent, Job
from agent.store import jobs
from tests.unit.lifecycle.attendance.test_attend import job_of, state_is
from tests.unit.lifecycle.world import Told, until, wish


def lose(told: Told, state: State, minutes_ago: float = 5) -> Job:
    """A job whose row says that something runs, while nothing does."""
    past = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    with told.house.database.write() as session:
        job = plan.create(session, told.house, wish(join_at=past), dispatch=False)
        job.state, job.updated_at, job.left_at = state, past, past
        session.add(job)
        return job


async def test_a_due_job_that_the_engine_does_not_know_is_started(told: Told) -> None:
    lose(told, State.SCHEDULED)
    await Sweep(told.house)()
    await told.meet.caller()


@pytest.mark.parametrize("state", [State.QUEUED, State.IN_CALL, State.RECORDING])
async def test_a_bot_whose_run_is_gone_goes_back_in(told: Told, state: State) -> None:
    lose(told, state)
    await Sweep(told.house)()
    await told.meet.caller()
    assert job_of(told).joins == 1


async def test_a_meeting_stranded_on_its_way_to_the_recap_is_finished(told: Told) -> None:
    lose(told, State.FINALIZING)
    await Sweep(told.house)()
    await state_is(told, State.COMPLETED)


async def test_a_running_bot_is_left_alone(told: Told) -> None:
    with told.house.database.write() as session:
        plan.create(session, told.house, wish())
    await told.meet.caller()
    with told.house.database.write() as session:
        job = jobs.get(session, job_of(told).id or 0)
        job.updated_at = datetime.now(UTC) - timedelta(hours=1)
        session.add(job)
    await Sweep(told.house)()
    await until(lambda: job_of(told).state in {State.JOINING, State.IN_CALL})
    assert len(told.meet.callers) == 1
    assert job_of(told).revision == 1


async def test_a_job_that_waits_for_a_persons_word_is_not_started(told: Told) -> None:
    past = datetime.now(UTC) - timedelta(minutes=5)
    with told.house.database.write() as session:
        plan.create(session, told.house, wish(join_at=past, options={"await_deploy": True}), dispatch=False)
    await Sweep(told.house)()
    assert not await asyncio.to_thread(told.house.engine.alive, "attend:")


class Later:
    """A clock that is put forward."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def known(told: Told, job: Job) -> bool:
    return told.house.engine.alive(plan.attend_key(job))


async def test_the_engine_hears_of_a_job_a_day_before_its_time(told: Told) -> None:
    with told.house.database.write() as session:
        job = plan.create(session, told.house, wish(join_at=datetime.now(UTC) + timedelta(days=3)))
    sweep = Sweep(told.house)
    await sweep()
    assert not await asyncio.to_thread(known, told, job)
    sweep.house = replace(told.house, clock=Later(timedelta(days=2, minutes=1)))
    await sweep()
    assert await asyncio.to_thread(known, told, job)


async def test_meetings_of_one_minute_all_come_near_however_many(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 2)
    at = datetime.now(UTC) + timedelta(days=2)
    with told.house.database.write() as session:
        found = [
            plan.create(session, told.house, wish(key=f"key-{number}", join_at=at)) for number in range(5)
        ]
    await Sweep(replace(told.house, clock=Later(timedelta(days=1, minutes=1))))()
    assert [await asyncio.to_thread(known, told, job) for job in found] == [True] * 5


async def test_a_job_written_while_the_sweep_looked_is_not_passed_over(told: Told) -> None:
    sweep = Sweep(told.house)
    await sweep()
    with told.house.database.write() as session:
        at = datetime.now(UTC) + plan.IN_THE_ENGINE - timedelta(minutes=1)
        job = plan.create(session, told.house, wish(join_at=at), dispatch=False)
    await sweep()
    assert await asyncio.to_thread(known, told, job)


async def test_a_due_job_whose_run_ended_without_a_word_is_started_again(told: Told) -> None:
    job = lose(told, State.SCHEDULED)

    def dead() -> bool:
        return not told.house.engine.alive(plan.attend_key(job))

    with told.house.database.write() as session:  # a run that finds another plan does nothing
        told.house.engine.after(session, plan.ATTEND, plan.attend_key(job), job.id or 0, -1)
    await until(dead)
    await Sweep(told.house)()
    await told.meet.caller()


async def test_a_bot_that_was_away_until_after_its_meeting_does_not_go_to_the_next_one_there(
    told: Told,
) -> None:
    job = lose(told, State.RECORDING, minutes_ago=24 * 60)
    left = job.updated_at
    with told.house.database.write() as session:
        job.joins, job.admitted_at, job.ends_at = 1, left, left + timedelta(minutes=30)
        session.add(job)
        session.add(Consent(job_id=job.id, at=left, outcome="granted", who="Host Person", words="yes"))
    await Sweep(told.house)()
    job = await state_is(told, State.COMPLETED)
    assert (told.meet.callers, job.left_at, job.end_reason) == ([], left, FailureCode.DISPATCH_TIMEOUT)
