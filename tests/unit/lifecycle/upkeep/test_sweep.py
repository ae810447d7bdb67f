"""The last net: what the engine lost is put there again."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from agent.lifecycle import plan
from agent.lifecycle.upkeep.sweep import Sweep
from agent.model.states import State
from agent.model.tables import Job
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
