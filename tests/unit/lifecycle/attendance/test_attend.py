"""One bot's way into a meeting, its stay and what follows, on a real engine and database."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from agent.errors import Conflict, Misconfigured, Missing
from agent.lifecycle import plan
from agent.lifecycle.attendance import scribe
from agent.lifecycle.commands import Commands
from agent.model.account import Principal
from agent.model.call import (
    Admitted,
    CallOver,
    Captioned,
    ChatSaid,
    InLobby,
    Person,
    Refused,
    RosterSeen,
)
from agent.model.states import EndReason, FailureCode, State, Told
from agent.model.tables import Job
from agent.rules import permission
from agent.store import jobs
from tests.fresh_database import Away
from tests.unit.lifecycle import world
from tests.unit.lifecycle.world import ToldCaller, until, wish, words

ME = Person("d/1", "Meetbot", is_self=True)
HOST = Person("d/2", "Host Person", is_host=True)
RIVAL = Person("d/3", "Fireflies.ai Notetaker")
OPERATOR = Principal(user_id=None, email="operator@example.com", is_operator=True)


def now() -> datetime:
    return datetime.now(UTC)


def make(told: world.Told, **changes: object) -> Job:
    with told.house.database.write() as session:
        return plan.create(session, told.house, wish(**changes))


def job_of(told: world.Told) -> Job:
    with told.house.database.read() as session:
        found, _ = jobs.page(session, visible=sa.true(), states=(), offset=0, limit=1)
        return found[0]


async def state_is(told: world.Told, *states: State) -> Job:
    await until(lambda: job_of(told).state in states)
    return job_of(told)


def kinds(told: world.Told) -> list[str]:
    with told.house.database.read() as session:
        return [line.kind for line in jobs.timeline(session, job_of(told).id or 0)]


async def into_the_call(told: world.Told, number: int = 1) -> ToldCaller:
    caller = await told.meet.caller(number)
    caller.tell(InLobby(now()), Admitted(now()), RosterSeen(now(), (ME, HOST)))
    return caller


async def capturing(told: world.Told) -> ToldCaller:
    caller = await into_the_call(told)
    caller.tell(ChatSaid(now(), "m1", "Host Person", "yes"))
    await state_is(told, State.RECORDING)
    return caller


async def test_a_meeting_goes_from_the_knock_to_the_recap(told: world.Told) -> None:
    told.transcripts.answer = words("We decided to launch on Tuesday.", "I will write to the customers.")
    make(told)
    caller = await capturing(told)
    caller.tell(CallOver(now(), EndReason.ENDED_BY_HOST))
    job = await state_is(told, State.COMPLETED)
    assert job.end_reason == EndReason.ENDED_BY_HOST
    assert caller.closed
    await until(lambda: len(told.mailer.sent) == 1 and "job.finalized" in told.hooks.events())
    assert told.mailer.sent[0].recipients == ("host@example.com",)
    order = [
        Told.BROWSER_OPEN,
        Told.KNOCKED,
        Told.IN_LOBBY,
        Told.ADMITTED,
        Told.CONSENT_ASKED,
        Told.CONSENT_ANSWERED,
    ]
    seen = [kind for kind in kinds(told) if kind in order]
    assert seen == [kind.value for kind in order]


async def test_without_a_yes_nothing_is_fetched_and_the_inviter_gets_one_line(told: world.Told) -> None:
    make(told)
    caller = await into_the_call(told)
    caller.tell(ChatSaid(now(), "m1", "Host Person", "no"))
    job = await state_is(told, State.COMPLETED)
    assert job.end_reason == EndReason.CONSENT_DECLINED
    assert told.transcripts.asked == 0
    await until(lambda: told.mailer.sent)
    assert len(told.mailer.sent) == 1


async def test_captions_serve_when_the_platform_kept_nothing(told: world.Told) -> None:
    make(told)
    caller = await capturing(told)
    caller.tell(Captioned(now(), "c1", "Host Person", "We decided", now(), now()))
    caller.tell(Captioned(now(), "c1", "Host Person", "We decided to launch.", now(), now()))
    caller.tell(CallOver(now(), EndReason.ENDED_BY_HOST))
    job = await state_is(told, State.FINALIZING)
    with told.house.database.read() as session:
        entries = jobs.entries(session, job.id or 0, "captions")
    assert [entry.text for entry in entries] == ["We decided to launch."]


async def test_a_refused_knock_fails_with_its_code_and_is_not_tried_again(told: world.Told) -> None:
    make(told)
    caller = await told.meet.caller()
    caller.tell(Refused(now(), FailureCode.HOST_DENIED_ADMISSION, "Someone denied your request"))
    job = await state_is(told, State.FAILED)
    assert job.failure_code == FailureCode.HOST_DENIED_ADMISSION
    assert len(told.meet.callers) == 1
    await until(lambda: "job.failed" in told.hooks.events())


async def test_a_crash_of_the_page_brings_the_bot_back_without_asking_twice(
    told: world.Told, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("agent.lifecycle.attendance.ending.REJOIN_SECONDS", (0.1,))
    make(told)
    caller = await capturing(told)
    caller.tell(CallOver(now(), FailureCode.NETWORK_LOSS, "the page crashed"))
    again = await into_the_call(told, 2)
    await state_is(told, State.RECORDING)
    again.tell(CallOver(now(), EndReason.ENDED_BY_HOST))
    await state_is(told, State.FINALIZING, State.COMPLETED)
    with told.house.database.read() as session:
        outcomes = [entry.outcome for entry in jobs.ledger(session, job_of(told).id or 0)]
    assert outcomes == ["asked", "granted"]


async def test_a_bot_stays_in_its_call_while_the_database_is_away(
    told: world.Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scribe, "AGAIN_SECONDS", 0.01)
    make(told)
    caller = await capturing(told)
    away = Away(told.house.database.write, 20)
    monkeypatch.setattr(told.house.database, "write", away)
    caller.tell(Captioned(now(), "c1", "Host Person", "We decided to launch.", now(), now()))
    caller.tell(CallOver(now(), EndReason.ENDED_BY_HOST))
    job = await state_is(told, State.FINALIZING)
    with told.house.database.read() as session:
        entries = jobs.entries(session, job.id or 0, "captions")
    assert (job.end_reason, job.joins, len(entries)) == (EndReason.ENDED_BY_HOST, 1, 1)


async def test_a_bot_knocks_although_the_database_cannot_tell_the_plan_just_then(
    told: world.Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scribe, "AGAIN_SECONDS", 0.01)
    soon = now() + timedelta(seconds=0.5)
    make(told, join_at=soon)
    await until(lambda: told.meet.callers)
    monkeypatch.setattr(told.house.database, "read", Away(told.house.database.read, 20))
    await told.meet.caller()


async def test_a_cancelled_job_makes_the_bot_leave_and_makes_no_notes(told: world.Told) -> None:
    job = make(told)
    caller = await capturing(told)
    await Commands(told.house).cancel(OPERATOR, job.public_id)
    job = await state_is(told, State.CANCELLED)
    assert job.end_reason == EndReason.REQUESTED
    assert caller.closed
    assert told.transcripts.asked == 0


async def test_a_bot_that_is_asked_to_leave_still_makes_its_notes(told: world.Told) -> None:
    told.transcripts.answer = words("We decided to launch on Tuesday.")
    job = make(told)
    await capturing(told)
    await Commands(told.house).leave(OPERATOR, job.public_id)
    job = await state_is(told, State.COMPLETED)
    assert job.end_reason == EndReason.REQUESTED
    assert job.transcript_source == "meet"


async def test_permission_can_be_asked_for_again_while_the_call_goes_on(told: world.Told) -> None:
    job = make(told)
    caller = await into_the_call(told)
    await until(lambda: len(caller.said) == 1)
    await Commands(told.house).ask_again(OPERATOR, job.public_id)
    await until(lambda: len(caller.said) == 2)
    caller.tell(ChatSaid(now(), "m1", "Host Person", "yes"))
    await state_is(told, State.RECORDING)
    await until(lambda: "bot.recording_permission_response" in told.hooks.events())
    granted = [n.data["granted"] for n in told.hooks.posted if n.event == "bot.recording_permission_response"]
    assert granted == [True]


async def test_permission_cannot_be_asked_for_outside_a_call(told: world.Told) -> None:
    later = now() + timedelta(hours=1)
    job = make(told, join_at=later, starts_at=later)
    with pytest.raises(Conflict, match="not in a call"):
        await Commands(told.house).ask_again(OPERATOR, job.public_id)


async def test_a_yes_by_the_api_is_on_the_ledger_with_its_channel(told: world.Told) -> None:
    job = make(told)
    caller = await into_the_call(told)
    await until(lambda: len(caller.said) == 1)
    await Commands(told.house).answer_consent(OPERATOR, job.public_id, True, "page")
    await state_is(told, State.RECORDING)
    with told.house.database.read() as session:
        last = jobs.ledger(session, job.id or 0)[-1]
    assert (last.outcome, last.who, last.channel) == ("granted", "operator@example.com", "page")


async def test_a_job_of_somebody_else_is_not_there(told: world.Told) -> None:
    job = make(told)
    stranger = Principal(user_id=99, email="stranger@example.com")
    with pytest.raises(Missing):
        await Commands(told.house).cancel(stranger, job.public_id)


async def test_a_rival_is_told_of_once_and_the_bot_leaves(told: world.Told) -> None:
    told.transcripts.answer = words("We decided to launch on Tuesday.")
    make(told, options={"rivals_policy": "leave", "rivals_grace_seconds": 0.1})
    caller = await capturing(told)
    caller.tell(RosterSeen(now(), (ME, HOST, RIVAL)), RosterSeen(now(), (ME, HOST, RIVAL)))
    job = await state_is(told, State.COMPLETED)
    assert job.end_reason == EndReason.RIVAL_BOT
    await until(lambda: "bot.competing_bot_detected" in told.hooks.events())
    notices = [notice.data for notice in told.hooks.posted if notice.event == "bot.competing_bot_detected"]
    assert [(data["vendor"], data["leftMeeting"]) for data in notices] == [("Fireflies", True)]


async def test_without_a_browser_the_job_fails_and_says_so(told: world.Told) -> None:
    told.meet.refuses = Misconfigured("No browser was found. Install Chromium.")
    make(told)
    job = await state_is(told, State.FAILED)
    assert job.failure_code == FailureCode.INTERNAL_ERROR
    assert "Install Chromium" in (job.failure_detail or "")


async def test_a_meeting_never_has_two_bots(told: world.Told) -> None:
    make(told)
    await into_the_call(told)
    await state_is(told, State.IN_CALL)
    with told.house.database.write() as session:
        second = plan.create(session, told.house, wish(key="test:2"))

    def second_is_over() -> bool:
        with told.house.database.read() as session:
            return jobs.get(session, second.id or 0).state == State.CANCELLED

    await until(second_is_over)
    assert len(told.meet.callers) == 1


async def test_a_plan_that_was_moved_is_carried_out_at_its_new_time_only(told: world.Told) -> None:
    later = now() + timedelta(hours=1)
    job = make(told, join_at=later, starts_at=later)
    with told.house.database.write() as session:
        plan.move(session, told.house, jobs.get(session, job.id or 0), join_at=now(), starts_at=now())
    await told.meet.caller()
    assert len(told.meet.callers) == 1
    assert Told.JOB_MOVED in kinds(told)


def test_the_last_word_on_the_ledger_counts() -> None:
    assert not permission.stands([])
    assert not permission.stands(["asked", "unanswered"])
    assert permission.stands(["asked", "granted", "asked"])
    assert permission.stands(["announced"])
    assert not permission.stands(["asked", "granted", "withdrawn"])
    assert permission.stands(["asked", "declined", "granted"])
