"""Bots that find no place wait for one, and the machine that is too busy takes nobody in."""

import asyncio
from datetime import timedelta

import pytest

from agent.errors import NoPlace
from agent.lifecycle.attendance.attend import Attend
from agent.lifecycle.attendance.taking import take
from agent.lifecycle.commands import Commands
from agent.lifecycle.plan import ATTEND
from agent.meet.load import Load
from agent.model.call import CallOver, Captioned, InLobby
from agent.model.states import EndReason, FailureCode, State, Told
from agent.rules.backoff import PLACE_LONGEST_WAIT_SECONDS
from agent.store import jobs, loans
from tests.unit.lifecycle import world
from tests.unit.lifecycle.attendance.test_attend import (
    OPERATOR,
    capturing,
    into_the_call,
    job_of,
    kinds,
    make,
    now,
    state_is,
)
from tests.unit.lifecycle.world import until

FULL = "All 1 places for bots are taken ([browser] max_bots)."


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.lifecycle.attendance.ending.PLACE_SECONDS", 0.1)


def on_offer(told: world.Told) -> int:
    with told.house.database.read() as session:
        return len(loans.offered(session))


def reasons(told: world.Told) -> list[object]:
    with told.house.database.read() as session:
        timeline = jobs.timeline(session, job_of(told).id or 0)
    return [line.data["reason"] for line in timeline if line.kind == Told.WAITING_FOR_PLACE]


async def test_a_bot_waits_for_a_place_and_says_so_once(told: world.Told) -> None:
    told.meet.full = FULL
    make(told)
    await until(lambda: job_of(told).revision > 3)
    assert reasons(told) == [FULL]
    assert job_of(told).state == State.QUEUED
    told.meet.full = ""
    await into_the_call(told)
    job = await state_is(told, State.IN_CALL)
    assert job.joins == 1
    assert told.hooks.events().count("job.status_changed") <= 4


async def test_a_place_that_is_lost_on_the_way_is_no_failed_try(told: world.Told) -> None:
    told.meet.refuses = NoPlace(FULL)
    make(told)
    await until(lambda: job_of(told).revision > 5)
    told.meet.refuses = None
    caller = await into_the_call(told)
    assert (await state_is(told, State.IN_CALL)).joins == 1
    assert Told.LEFT not in kinds(told)
    caller.tell(CallOver(now(), EndReason.ENDED_BY_HOST))


async def test_a_place_that_becomes_free_is_taken_at_once(
    told: world.Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.lifecycle.attendance.ending.PLACE_SECONDS", 1000.0)
    make(told)
    first = await into_the_call(told)
    told.meet.full = FULL
    make(told, key="test:2", meeting_code="xyz-abcd-efg", external_id="second")
    await until(lambda: on_offer(told))
    told.meet.full = ""
    first.tell(CallOver(now(), EndReason.ENDED_BY_HOST))
    async with asyncio.timeout(PLACE_LONGEST_WAIT_SECONDS / 2):
        second = await told.meet.caller(2)
    assert second.visit.job_id != first.visit.job_id


async def test_a_bot_that_lost_its_place_wakes_nobody(
    told: world.Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.lifecycle.attendance.ending.PLACE_SECONDS", 1000.0)
    told.meet.full = FULL
    make(told)
    await until(lambda: on_offer(told) == 1)
    waited_once = job_of(told).revision
    told.meet.full, told.meet.refuses = "", NoPlace(FULL)
    make(told, key="test:2", meeting_code="xyz-abcd-efg", external_id="second")
    await until(lambda: on_offer(told) == 2)
    await until(lambda: not told.house.engine._running)
    with told.house.database.read() as session:
        assert [job.revision for _, job in loans.offered(session)] == [waited_once, waited_once]


async def test_the_calendar_is_asked_once_while_a_bot_waits_and_again_before_it_goes(
    told: world.Told,
) -> None:
    asked: list[int] = []

    async def recheck(job_id: int) -> None:
        asked.append(job_id)

    attend = told.house.engine._jobs[ATTEND][0]
    assert isinstance(attend, Attend)
    attend._recheck = recheck
    told.meet.full = FULL
    make(told)
    await until(lambda: job_of(told).revision > 3)
    assert len(asked) == 1
    told.meet.full = ""
    await into_the_call(told)
    assert len(asked) == 2


async def test_a_bot_that_waits_can_be_cancelled(told: world.Told) -> None:
    told.meet.full = FULL
    job = make(told)
    await until(lambda: Told.WAITING_FOR_PLACE in kinds(told))
    await Commands(told.house).cancel(OPERATOR, job.public_id)
    await state_is(told, State.CANCELLED)
    told.meet.full = ""
    assert told.meet.callers == []


async def test_a_bot_that_never_found_a_place_says_so(told: world.Told) -> None:
    told.meet.full = FULL
    make(told)
    await until(lambda: Told.WAITING_FOR_PLACE in kinds(told))
    with told.house.database.write() as session:
        job = jobs.get(session, job_of(told).id or 0)
        job.join_at = job.ends_at = now() - timedelta(hours=1)
        session.add(job)
    job = await state_is(told, State.FAILED)
    assert job.failure_code == FailureCode.DISPATCH_TIMEOUT
    assert "no place for a bot became free" in (job.failure_detail or "")


async def lose_the_page(told: world.Told) -> None:
    """A page that crashes after some words were taken with consent."""
    caller = await capturing(told)
    caller.tell(Captioned(now(), "c1", "Host Person", "We decided to launch.", now(), now()))
    await until(lambda: job_of(told).admitted_at)
    caller.tell(CallOver(now(), FailureCode.NETWORK_LOSS, "the page crashed"))


def an_hour_ago(told: world.Told) -> None:
    """The meeting's time is past, and so is the instant at which the bot was put back."""
    with told.house.database.write() as session:
        job = jobs.get(session, job_of(told).id or 0)
        job.join_at = job.ends_at = job.updated_at = now() - timedelta(hours=1)
        session.add(job)


def words_kept(told: world.Told) -> list[str]:
    with told.house.database.read() as session:
        return [entry.text for entry in jobs.entries(session, job_of(told).id or 0, "captions")]


async def test_a_bot_that_finds_no_place_again_makes_notes_of_what_it_took(
    told: world.Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.lifecycle.attendance.ending.REJOIN_SECONDS", (0.1,))
    make(told)
    await lose_the_page(told)
    told.meet.full = FULL
    await until(lambda: Told.WAITING_FOR_PLACE in kinds(told))
    an_hour_ago(told)
    job = await state_is(told, State.FINALIZING, State.COMPLETED)
    assert job.end_reason == FailureCode.DISPATCH_TIMEOUT
    assert words_kept(told) == ["We decided to launch."]


async def test_a_bot_that_was_in_the_call_waits_for_a_place_from_the_crash_on(
    told: world.Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.lifecycle.attendance.ending.REJOIN_SECONDS", (0.1,))
    make(told)
    with told.house.database.write() as session:
        job = jobs.get(session, job_of(told).id or 0)
        job.ends_at = None
        session.add(job)
    await capturing(told)
    with told.house.database.write() as session:
        job = jobs.get(session, job_of(told).id or 0)
        job.join_at = now() - timedelta(hours=2)
        session.add(job)
    told.meet.full = FULL
    told.meet.callers[0].tell(CallOver(now(), FailureCode.NETWORK_LOSS, "the page crashed"))
    await until(lambda: Told.WAITING_FOR_PLACE in kinds(told))
    told.meet.full = ""
    await into_the_call(told, 2)
    await state_is(told, State.RECORDING)


async def test_a_meeting_taken_by_another_bot_after_a_crash_costs_no_notes(
    told: world.Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.lifecycle.attendance.ending.REJOIN_SECONDS", (1000.0,))
    first = make(told)
    await lose_the_page(told)
    await state_is(told, State.QUEUED)
    make(told, key="test:2", external_id="second")
    await into_the_call(told, 2)
    with told.house.database.write() as session:
        job = jobs.get(session, first.id or 0)
        assert not take(session, told.house, job, "worker", now())
        assert (job.state, job.end_reason) == (State.FINALIZING, EndReason.SECOND_MEETBOT)
        entries = jobs.entries(session, job.id or 0, "captions")
        assert [entry.text for entry in entries] == ["We decided to launch."]


async def test_who_sends_a_returning_bot_away_still_gets_the_notes(
    told: world.Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.lifecycle.attendance.ending.REJOIN_SECONDS", (0.1,))
    job = make(told)
    await lose_the_page(told)
    caller = await told.meet.caller(2)
    caller.tell(InLobby(now()))
    await state_is(told, State.WAITING)
    await Commands(told.house).leave(OPERATOR, job.public_id)
    job = await state_is(told, State.FINALIZING, State.COMPLETED)
    assert job.end_reason == EndReason.REQUESTED
    assert words_kept(told) == ["We decided to launch."]


def test_only_load_that_lasts_keeps_bots_out() -> None:
    load = Load(percent=90, seconds=10)
    for second in range(9):
        load.hear(99, second)
    assert not load.busy(9)
    assert load.busy(10)
    load.hear(50, 11)
    assert not load.busy(30)


def test_without_a_limit_no_load_is_too_much() -> None:
    load = Load(percent=0, seconds=10)
    load.hear(100, 0)
    assert not load.busy(1000)


async def test_the_next_meeting_in_a_room_gets_a_bot_of_its_own(told: world.Told) -> None:
    first = make(told, starts_at=now() - timedelta(hours=1), ends_at=now() - timedelta(seconds=1))
    before = await capturing(told)
    second = make(
        told, key="test:2", external_id="second", starts_at=now(), ends_at=now() + timedelta(hours=1)
    )
    after = await into_the_call(told, 2)
    assert after.visit.job_id == second.public_id
    assert before.said[-1].startswith("The next meeting in this room")
    with told.house.database.read() as session:
        job = jobs.get(session, first.id or 0)
        assert (job.end_reason, job.state in {State.FINALIZING, State.COMPLETED}) == (
            EndReason.SCHEDULE_OVERRUN,
            True,
        )
        waits = [
            one.data for one in jobs.timeline(session, second.id or 0) if one.kind == Told.WAITING_FOR_PLACE
        ]
    assert len(waits) == 1


async def test_the_next_meeting_waits_until_the_one_before_is_over(told: world.Told) -> None:
    ends_at = now() + timedelta(hours=1)
    make(told, ends_at=ends_at)
    before = await capturing(told)
    second = make(
        told, key="test:2", external_id="second", starts_at=ends_at, ends_at=ends_at + timedelta(hours=1)
    )
    await until(lambda: on_offer(told) == 1)
    with told.house.database.read() as session:
        job = jobs.get(session, second.id or 0)
        assert job.state == State.QUEUED
    assert not before.closed
    before.tell(CallOver(now(), EndReason.ENDED_BY_HOST))
    assert (await into_the_call(told, 2)).visit.job_id == second.public_id


async def test_a_meeting_at_the_same_time_in_the_same_room_stands_aside(told: world.Told) -> None:
    make(told, ends_at=now() + timedelta(hours=1))
    await capturing(told)
    second = make(told, key="test:2", external_id="second", ends_at=now() + timedelta(hours=1))

    def state() -> State:
        with told.house.database.read() as session:
            return State(jobs.get(session, second.id or 0).state)

    await until(lambda: state() is State.CANCELLED)
    assert len(told.meet.callers) == 1
