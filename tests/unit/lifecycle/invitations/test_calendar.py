"""What messages do to jobs: one truth whichever way they come, and one bot for all who invite it to the same meeting."""

from datetime import timedelta

import pytest

from agent.lifecycle.aftermath import readers
from agent.model.call import Verb
from agent.model.states import State
from agent.store import jobs
from tests.intake_stage import (
    BOT,
    HOST,
    MONDAY,
    IntakeStage,
    event,
    mail,
    stamp,
)
from tests.unit.lifecycle.invitations.written_events import ELSEWHERE, HOUR, OTHER, WEEK, instance, weekly


async def test_one_occurrence_moves_and_another_is_cancelled(stage: IntakeStage) -> None:
    await stage.receive(mail(weekly()))
    await stage.receive(mail(instance(1, start=MONDAY + WEEK + HOUR, sequence=1)))
    await stage.receive(mail(instance(2, sequence=1), method="CANCEL"))
    assert stage.starts() == [MONDAY, MONDAY + WEEK + HOUR]


async def test_a_cancellation_that_names_no_readable_occurrence_leaves_the_series(stage: IntakeStage) -> None:
    await stage.receive(mail(weekly()))
    broken = event(sequence=1, extra=["RECURRENCE-ID:yesterday"])
    await stage.receive(mail(broken, method="CANCEL"))
    assert len(stage.jobs()) == 3


async def test_a_series_that_moves_takes_its_jobs_along(stage: IntakeStage) -> None:
    await stage.receive(mail(weekly()))
    before = [job.public_id for job in stage.jobs()]
    await stage.receive(mail(weekly(sequence=1, start=MONDAY + HOUR)))
    assert stage.starts() == [MONDAY + HOUR + number * WEEK for number in range(3)]
    assert [job.public_id for job in stage.jobs()] == before


async def test_a_cancelled_meeting_that_is_invited_again_is_the_same_job(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    (first,) = stage.jobs()
    await stage.receive(mail(event(sequence=1), method="CANCEL"))
    await stage.receive(mail(event(sequence=2, start=MONDAY + HOUR)))
    (again,) = stage.jobs()
    assert (again.public_id, again.starts_at) == (first.public_id, MONDAY + HOUR)


async def test_two_inviters_of_one_meeting_share_one_bot(stage: IntakeStage) -> None:
    await stage.receive(mail(event("a@example.com")))
    await stage.receive(mail(event("b@example.com", organizer=OTHER, minutes=45), sender=OTHER), sender=OTHER)
    (job,) = stage.jobs()
    assert job.inviter == HOST
    assert job.ends_at == MONDAY + timedelta(minutes=45)
    assert {person["email"] for person in job.invited} == {HOST, OTHER, BOT}
    assert len(stage.replies()) == 2
    assert all("ACCEPTED" in text for text in stage.replies())
    await stage.receive(mail(event("b@example.com", organizer=OTHER, minutes=45), sender=OTHER), sender=OTHER)
    assert len(stage.jobs()) == 1


async def test_each_inviter_gets_the_recap_that_their_own_invitation_asks_for(stage: IntakeStage) -> None:
    guest = "guest@example.com"
    await stage.receive(mail(event("a@example.com", attendees=(BOT, "colleague@example.com"))))
    for to in (BOT, "bot+everyone@example.com"):
        await stage.receive(
            mail(event("b@example.com", organizer=OTHER, attendees=(BOT, guest)), sender=OTHER),
            sender=OTHER,
            to=(to,),
        )
    with stage.house.database.read() as session:
        chosen = readers.choose(session, stage.house, stage.jobs()[0])
    assert {reader.email for reader in chosen} == {HOST, OTHER, guest}


async def test_an_inviter_who_wants_no_recap_gets_none(stage: IntakeStage) -> None:
    await stage.receive(mail(event("a@example.com")), to=("bot+silent@example.com",))
    await stage.receive(mail(event("b@example.com", organizer=OTHER), sender=OTHER), sender=OTHER)
    with stage.house.database.read() as session:
        chosen = readers.choose(session, stage.house, stage.jobs()[0])
    assert {reader.email for reader in chosen} == {OTHER}


async def test_the_bot_stays_for_whom_the_meeting_goes_on(stage: IntakeStage) -> None:
    await stage.receive(mail(event("a@example.com")))
    await stage.receive(mail(event("b@example.com", organizer=OTHER), sender=OTHER), sender=OTHER)
    await stage.receive(mail(event("a@example.com", sequence=1), method="CANCEL"))
    (job,) = stage.jobs()
    assert job.inviter == OTHER
    await stage.receive(
        mail(event("b@example.com", organizer=OTHER, sequence=1), method="CANCEL", sender=OTHER), sender=OTHER
    )
    assert not stage.jobs()


async def test_an_invitation_that_moves_away_gets_a_bot_of_its_own(stage: IntakeStage) -> None:
    await stage.receive(mail(event("a@example.com")))
    await stage.receive(mail(event("b@example.com", organizer=OTHER), sender=OTHER), sender=OTHER)
    await stage.receive(mail(event("a@example.com", sequence=1, start=MONDAY + HOUR)))
    assert [(job.starts_at, job.inviter) for job in stage.jobs()] == [(MONDAY, OTHER), (MONDAY + HOUR, HOST)]
    await stage.receive(
        mail(event("b@example.com", organizer=OTHER, sequence=1, start=MONDAY + HOUR), sender=OTHER),
        sender=OTHER,
    )
    (job,) = stage.jobs()
    assert (job.starts_at, job.inviter) == (MONDAY + HOUR, HOST)


async def test_a_split_series_is_not_doubled_while_it_changes_over(stage: IntakeStage) -> None:
    split = event("one_R20300318T090000@google.com", start=MONDAY + WEEK, extra=["RRULE:FREQ=WEEKLY;COUNT=2"])
    await stage.receive(mail(weekly()))
    await stage.receive(mail(split))
    assert len(stage.jobs()) == 3
    ended = event(sequence=1, extra=[f"RRULE:FREQ=WEEKLY;UNTIL={stamp(MONDAY + HOUR)}"])
    await stage.receive(mail(ended))
    assert stage.starts() == [MONDAY, MONDAY + WEEK, MONDAY + 2 * WEEK]


async def test_a_meeting_moved_while_the_bot_is_at_the_door_is_planned_anew(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    stage.put_job(1, State.JOINING)
    await stage.receive(mail(event(sequence=1, start=MONDAY + HOUR)))
    (job,) = stage.jobs()
    assert (job.state, job.revision, job.starts_at) == (State.SCHEDULED, 2, MONDAY + HOUR)
    assert [(verb, text) for _, verb, text in stage.engine.told] == [(Verb.RECHECK, "moved")]


@pytest.mark.parametrize("state", [State.IN_CALL, State.RECORDING])
async def test_a_meeting_put_off_while_the_bot_is_in_it_gets_another_bot_then(
    stage: IntakeStage, state: State
) -> None:
    await stage.receive(mail(event()))
    stage.put_job(1, state)
    await stage.receive(mail(event(sequence=1, start=MONDAY + 24 * HOUR)))
    here, later = stage.jobs()
    assert (here.id, here.state, here.ends_at) == (1, state, MONDAY + timedelta(minutes=30))
    assert (later.state, later.starts_at) == (State.SCHEDULED, MONDAY + 24 * HOUR)
    assert not stage.engine.told
    await stage.receive(mail(event(sequence=2, start=MONDAY + 25 * HOUR)))
    assert stage.starts() == [MONDAY, MONDAY + 25 * HOUR]


async def test_a_meeting_that_changes_rooms_while_the_bot_is_in_it_gets_a_bot_there(
    stage: IntakeStage,
) -> None:
    await stage.receive(mail(event()))
    stage.put_job(1, State.RECORDING)
    await stage.receive(mail(event(sequence=1, link=ELSEWHERE)))
    assert [(job.meeting_code, job.state) for job in stage.jobs()] == [
        ("abc-defg-hij", State.RECORDING),
        ("xyz-defg-hij", State.SCHEDULED),
    ]


async def test_a_meeting_put_off_and_then_cancelled_is_left(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    stage.put_job(1, State.IN_CALL)
    await stage.receive(mail(event(sequence=1, start=MONDAY + 24 * HOUR)))
    await stage.receive(mail(event(sequence=2), method="CANCEL"))
    assert [(verb, text) for _, verb, text in stage.engine.told] == [(Verb.LEAVE, "cancelled_by_invite")]
    assert [job.id for job in stage.jobs()] == [1]


async def test_a_meeting_cancelled_while_the_bot_is_in_it_is_left(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    stage.put_job(1, State.IN_CALL)
    await stage.receive(mail(event(sequence=1), method="CANCEL"))
    assert [(verb, text) for _, verb, text in stage.engine.told] == [(Verb.LEAVE, "cancelled_by_invite")]


async def test_a_call_in_which_notes_were_agreed_to_outlasts_its_cancellation(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    stage.put_job(1, State.RECORDING)
    for _ in range(2):
        await stage.receive(mail(event(sequence=1), method="CANCEL"))
    (job,) = stage.jobs()
    assert (job.state, job.inviter, stage.engine.told) == (State.RECORDING, HOST, [])
    with stage.house.database.read() as session:
        lines = [line.data for line in jobs.timeline(session, 1) if line.data.get("cancelled")]
        chosen = readers.choose(session, stage.house, job)
    assert len(lines) == 1, "the timeline tells it once"
    assert "the bot stays" in lines[0]["detail"]
    assert {reader.email for reader in chosen} == {HOST}


async def test_a_bot_that_is_taken_off_the_guest_list_leaves_also_while_it_takes_notes(
    stage: IntakeStage,
) -> None:
    await stage.receive(mail(event(attendees=(BOT, OTHER))))
    stage.put_job(1, State.RECORDING)
    await stage.receive(mail(event(sequence=1, attendees=(BOT,)), method="CANCEL"))
    assert [(verb, text) for _, verb, text in stage.engine.told] == [(Verb.LEAVE, "cancelled_by_invite")]
    assert stage.notes()[-1].reason == "the bot was taken off the guest list"


async def test_a_call_that_is_called_off_for_all_its_guests_goes_on_with_notes(stage: IntakeStage) -> None:
    await stage.receive(mail(event(attendees=(BOT, OTHER))))
    stage.put_job(1, State.RECORDING)
    await stage.receive(mail(event(sequence=1, attendees=(BOT, OTHER)), method="CANCEL"))
    assert stage.engine.told == []
    assert stage.notes()[-1].reason == "the meeting was cancelled"


async def test_several_meet_links_are_flagged_with_the_one_that_won(stage: IntakeStage) -> None:
    await stage.receive(mail(event(extra=[f"DESCRIPTION:The old room was {ELSEWHERE}"])))
    (job,) = stage.jobs()
    assert job.meeting_code == "abc-defg-hij"
    (note,) = stage.notes()
    (flag,) = [rule["detail"] for rule in note.rules if rule.get("rule") == "several_links"]
    assert flag.startswith("abc-defg-hij is joined and not xyz-defg-hij")
    with stage.house.database.read() as session:
        assert [line.data.get("several_links") for line in jobs.timeline(session, 1)].count(flag) == 1


async def test_a_longer_meeting_is_stayed_at(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    stage.put_job(1, State.IN_CALL)
    await stage.receive(mail(event(sequence=1, minutes=90)))
    (job,) = stage.jobs()
    assert (job.state, job.ends_at) == (State.IN_CALL, MONDAY + timedelta(minutes=90))
    assert not stage.engine.told


async def test_an_invitation_to_one_occurrence_alone_brings_the_bot_there(stage: IntakeStage) -> None:
    await stage.receive(mail(instance(1)))
    (job,) = stage.jobs()
    assert job.starts_at == MONDAY + WEEK
    assert {person["email"] for person in job.invited} == {HOST, BOT}
