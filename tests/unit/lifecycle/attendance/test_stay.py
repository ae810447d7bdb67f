"""What of a stay stands in the timeline, and what brings a bot back to its call."""

import pytest

from agent.model.call import CallOver, PlatformNotice, Refused
from agent.model.states import EndReason, FailureCode, State, Told
from agent.store import jobs
from tests.unit.lifecycle import world
from tests.unit.lifecycle.attendance.test_attend import (
    capturing,
    into_the_call,
    job_of,
    make,
    now,
    state_is,
)


async def test_the_timeline_says_whether_the_platform_asked_or_somebody_declined(told: world.Told) -> None:
    make(told)
    caller = await capturing(told)
    caller.tell(PlatformNotice(now(), "This call is being recorded", accepted=True))
    caller.tell(PlatformNotice(now(), "Somebody declined to be recorded", accepted=False, declined=True))
    await state_is(told, State.FINALIZING, State.COMPLETED)
    with told.house.database.read() as session:
        timeline = jobs.timeline(session, job_of(told).id or 0)
        answer = jobs.ledger(session, job_of(told).id or 0)[-1]
    assert (answer.outcome, answer.channel) == ("declined", "platform")
    notices = [line.data for line in timeline if line.kind == Told.PLATFORM_NOTICE]
    assert notices == [
        {"text": "This call is being recorded", "accepted": True, "declined": False},
        {"text": "Somebody declined to be recorded", "accepted": False, "declined": True},
    ]


async def test_a_bot_that_was_in_the_call_outlasts_a_network_that_is_away_for_minutes(
    told: world.Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.lifecycle.attendance.ending.REJOIN_SECONDS", (0.1,))
    make(told)
    caller = await capturing(told)
    caller.tell(CallOver(now(), FailureCode.NETWORK_LOSS, "the browser is offline"))
    for number in range(2, 8):
        caller = await told.meet.caller(number)
        caller.tell(Refused(now(), FailureCode.NETWORK_LOSS, "the page did not load", retry=True))
    caller = await into_the_call(told, 8)
    await state_is(told, State.RECORDING)
    caller.tell(CallOver(now(), EndReason.ENDED_BY_HOST))
    await state_is(told, State.FINALIZING, State.COMPLETED)


async def test_a_network_that_stays_away_ends_in_notes_of_what_was_taken(
    told: world.Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.lifecycle.attendance.ending.REJOIN_SECONDS", (0.1,))
    monkeypatch.setattr("agent.lifecycle.attendance.ending.CUT_OFF_JOINS", 5)
    make(told)
    caller = await capturing(told)
    caller.tell(CallOver(now(), FailureCode.NETWORK_LOSS, "the browser is offline"))
    for number in range(2, 6):
        caller = await told.meet.caller(number)
        caller.tell(Refused(now(), FailureCode.NETWORK_LOSS, "the page did not load", retry=True))
    job = await state_is(told, State.FINALIZING, State.COMPLETED)
    assert job.end_reason == FailureCode.NETWORK_LOSS
    assert len(told.meet.callers) == 5
