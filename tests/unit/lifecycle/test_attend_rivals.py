"""Signs of other note-takers in the timeline, and another installation's Meetbot in the same call."""

from agent.model.call import CallOver, ChatSaid, RosterSeen
from agent.model.states import EndReason, FailureCode, State, Told
from agent.rules.wording import Facts, line
from agent.store import jobs
from tests.unit.lifecycle import world
from tests.unit.lifecycle.attendance.test_attend import (
    HOST,
    ME,
    capturing,
    into_the_call,
    job_of,
    make,
    now,
    state_is,
)
from tests.unit.lifecycle.world import until

OTHER = Facts("Scribe", "Guest Person", mark="ffffff")


def signs(told: world.Told) -> list[dict[str, object]]:
    with told.house.database.read() as session:
        timeline = jobs.timeline(session, job_of(told).id or 0)
    return [dict(found.data) for found in timeline if found.kind == Told.RIVAL_EVIDENCE]


async def test_a_note_taker_on_the_invitation_is_known_before_the_meeting(
    told: world.Told, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("agent.lifecycle.attendance.ending.REJOIN_SECONDS", (0.1,))
    invited = [
        {"email": "host@example.com", "name": "Host Person"},
        {"email": "fred@fireflies.ai", "name": ""},
    ]
    make(told, invited=invited)
    caller = await told.meet.caller()
    known = [{"sign": "invited_address", "vendor": "Fireflies", "address": "fred@fireflies.ai"}]
    assert signs(told) == known
    caller.tell(CallOver(now(), FailureCode.NETWORK_LOSS, "the page crashed"))
    await into_the_call(told, 2)
    assert signs(told) == known


async def test_a_signature_in_chat_stands_in_the_timeline_and_drives_nobody_out(told: world.Told) -> None:
    make(told)
    caller = await into_the_call(told)
    caller.tell(ChatSaid(now(), "m1", "Quiet Person", "Notes by https://otter.ai/u/abc for this meeting"))
    await until(lambda: signs(told))
    assert signs(told) == [{"sign": "chat_signature", "vendor": "Otter", "name": "Quiet Person"}]
    assert job_of(told).state == State.IN_CALL


async def test_a_second_meetbot_goes_and_its_job_is_cancelled(told: world.Told) -> None:
    make(told)
    caller = await into_the_call(told)
    caller.tell(ChatSaid(now(), "m1", "Scribe", line("here", OTHER)))
    job = await state_is(told, State.CANCELLED)
    assert job.end_reason == EndReason.SECOND_MEETBOT
    assert caller.closed
    assert told.mailer.sent == []
    assert signs(told)[0]["stays"] == "the other"


async def test_what_the_second_meetbot_was_allowed_is_still_made_into_notes(told: world.Told) -> None:
    make(told)
    caller = await capturing(told)
    caller.tell(ChatSaid(now(), "m2", "Scribe", line("late_capturing", OTHER)))
    job = await state_is(told, State.FINALIZING, State.COMPLETED)
    assert job.end_reason == EndReason.SECOND_MEETBOT


async def test_the_first_meetbot_says_that_it_stays(told: world.Told) -> None:
    make(told)
    caller = await into_the_call(told)
    await until(lambda: len(caller.said) == 1)
    caller.tell(ChatSaid(now(), "m1", "Scribe", line("announce_ask", OTHER)), RosterSeen(now(), (ME, HOST)))
    await until(lambda: len(caller.said) == 2)
    assert "was here before" in caller.said[1]
    assert job_of(told).state == State.IN_CALL
