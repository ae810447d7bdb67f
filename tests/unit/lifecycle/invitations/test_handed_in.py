"""Invitations that a worker hands in: the rules of mail, whoever carries them."""

from pathlib import Path
from typing import Any

from agent.model.invite import Component, HandedIn
from agent.rules.ical import Context, read_calendar
from tests.intake_stage import BOT, HOST, LINK, MONDAY, NOON, IntakeStage, calendar, event, mail

STRANGER = "stranger@elsewhere.example"
OTHER_LINK = "https://meet.google.com/xyz-defg-hij"


def read(text: str, method: str = "REQUEST") -> Component:
    (component,) = read_calendar(calendar(text, method=method).encode(), Context(NOON)).components
    return component


def handed(text: str, *, method: str = "REQUEST", sender: str = HOST, **facts: Any) -> HandedIn:
    return HandedIn(component=read(text, method), sender=sender, carrier="worker@example.com", **facts)


async def test_an_allowed_one_is_taken_in_and_its_organizer_is_answered(stage: IntakeStage) -> None:
    receipt = await stage.handed_in.take(handed(event()))
    assert (receipt.outcome, receipt.partstat, len(receipt.jobs)) == ("accepted", "ACCEPTED", 1)
    assert stage.starts() == [MONDAY]
    (reply,) = stage.replies()
    assert "PARTSTAT=ACCEPTED" in reply
    again = await stage.handed_in.take(handed(event()))
    assert (again.outcome, len(stage.replies())) == ("accepted", 1)


async def test_mail_and_worker_tell_of_one_event_and_it_is_answered_once(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    await stage.handed_in.take(handed(event()))
    assert (len(stage.jobs()), len(stage.replies())) == (1, 1)


async def test_a_stranger_s_is_held_and_taken_in_when_an_operator_allows_it(stage: IntakeStage) -> None:
    told = handed(event(organizer=STRANGER), sender=STRANGER)
    receipt = await stage.handed_in.take(told)
    assert (receipt.outcome, receipt.partstat) == ("held", "")
    assert "not on the list" in receipt.reason
    assert not stage.jobs()
    assert len(stage.mails_out("held")) == 1
    await stage.handed_in.take(told)
    (hold,) = stage.holds()
    await stage.held.decide(hold.id, approve=True, by="operator")
    await stage.run("take")
    assert stage.starts() == [MONDAY]
    assert len(stage.replies()) == 1
    (hold,) = stage.holds()
    assert (hold.state, hold.body) == ("approved", {})


async def test_every_version_that_waits_is_taken_in(stage: IntakeStage) -> None:
    later = event(organizer=STRANGER, sequence=1, minutes=45)
    for text in (event(organizer=STRANGER), later):
        await stage.handed_in.take(handed(text, sender=STRANGER))
    await stage.held.decide(stage.holds()[0].id, approve=True, by="operator")
    assert await stage.run("take") == 2
    (job,) = stage.jobs()
    assert job.ends_at is not None
    assert (job.ends_at - job.starts_at).total_seconds() == 45 * 60


async def test_a_refused_one_is_declined_now_and_later(stage: IntakeStage) -> None:
    told = handed(event(organizer=STRANGER), sender=STRANGER)
    await stage.handed_in.take(told)
    await stage.held.decide(stage.holds()[0].id, approve=False, by="operator")
    await stage.run("take")
    (reply,) = stage.replies()
    assert "PARTSTAT=DECLINED" in reply
    receipt = await stage.handed_in.take(handed(event(organizer=STRANGER, sequence=1), sender=STRANGER))
    assert (receipt.outcome, stage.jobs()) == ("refused", [])


async def test_what_belongs_to_somebody_else_is_not_changed(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    told = handed(event(sequence=3), method="CANCEL", sender="other@elsewhere.example")
    assert (await stage.handed_in.take(told)).outcome == "held"
    assert len(stage.jobs()) == 1
    assert (await stage.handed_in.take(handed(event(sequence=3), method="CANCEL"))).outcome == "cancelled"
    assert not stage.jobs()


async def test_an_inviter_has_no_more_meetings_than_by_mail(tmp_path: Path) -> None:
    async with IntakeStage(tmp_path, invites_joins_per_day=1) as stage:
        await stage.handed_in.take(handed(event("a")))
        receipt = await stage.handed_in.take(handed(event("b", link=OTHER_LINK)))
        assert (receipt.outcome, receipt.partstat) == ("declined", "DECLINED")
        assert "a day" in receipt.reason
        assert len(stage.jobs()) == 1


async def test_the_wishes_of_plus_tags_count(stage: IntakeStage) -> None:
    await stage.handed_in.take(handed(event(), recipients=("bot+silent@example.com",)))
    (job,) = stage.jobs()
    assert job.options == {"recap": False}


async def test_it_counts_as_verified_since_the_worker_answers_for_it(tmp_path: Path) -> None:
    async with IntakeStage(tmp_path, invites_verify="enforce") as stage:
        assert (await stage.handed_in.take(handed(event()))).outcome == "accepted"
        (note,) = stage.notes()
        assert note.rules[0]["rule"] == "vouched"
        await stage.receive(mail(event(sequence=1), method="CANCEL"))
        assert len(stage.jobs()) == 1, "a mail that nobody vouches for does not cancel it"


async def test_the_bot_s_own_events_are_left_alone(stage: IntakeStage) -> None:
    receipt = await stage.handed_in.take(handed(event(organizer=BOT), sender=BOT))
    assert (receipt.outcome, stage.jobs()) == ("ignored", [])


async def test_one_without_a_meeting_to_go_to_is_declined_with_the_reason(stage: IntakeStage) -> None:
    receipt = await stage.handed_in.take(handed(event(link="https://zoom.us/j/123456789")))
    assert receipt.partstat == "DECLINED"
    assert "Zoom" in receipt.reason
    assert LINK not in stage.replies()[0]
