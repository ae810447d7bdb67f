"""Polled calendars: what a window shows, what is gone from it, and how invitations are answered there."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from agent.errors import Denied, Missing, Temporary
from agent.lifecycle.invitations.polling import LOOK, POLL
from agent.model.call import Verb
from agent.model.states import State, Told
from agent.model.tables import CalendarChannel, EventSeries
from agent.store import jobs
from tests.intake_stage import (
    BOT,
    HOST,
    MONDAY,
    NOON,
    IntakeStage,
    event,
    google_event,
    mail,
)

HOUR = timedelta(hours=1)
STRANGER = "stranger@elsewhere.example"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[IntakeStage]:
    async with IntakeStage(tmp_path, calendars=1) as stage:
        yield stage


async def test_an_event_of_the_calendar_becomes_a_job_and_is_accepted_there(stage: IntakeStage) -> None:
    (feed,) = stage.calendars
    feed.events = [google_event()]
    await stage.polling()
    assert stage.starts() == [MONDAY]
    await stage.run("respond")
    assert feed.answers == [("one@example.com", "", "accepted", "")]
    assert not stage.mails_out()
    with stage.house.database.read() as session:
        assert Told.REPLY_SENT in [line.kind for line in jobs.timeline(session, 1)]


async def test_polling_again_changes_and_says_nothing(stage: IntakeStage) -> None:
    (feed,) = stage.calendars
    feed.events = [google_event()]
    await stage.polling()
    stage.clock.at += timedelta(minutes=1)
    await stage.polling()
    assert len(stage.notes()) == 1
    assert len(stage.engine.named("respond")) == 1
    assert stage.jobs()[0].revision == 1


async def test_an_answer_that_the_calendar_shows_is_not_given_again(stage: IntakeStage) -> None:
    stage.calendars[0].events = [google_event(answer="accepted")]
    await stage.polling()
    assert not stage.engine.named("respond")


async def test_a_declined_event_says_why(stage: IntakeStage) -> None:
    (feed,) = stage.calendars
    feed.events = [google_event(link="", location="Room 7")]
    await stage.polling()
    await stage.run("respond")
    assert feed.answers == [("one@example.com", "", "declined", "the invitation has no Google Meet link")]


async def test_a_quiet_calendar_is_read_once_an_hour(stage: IntakeStage) -> None:
    (feed,) = stage.calendars
    feed.changes = False
    await stage.polling()
    await stage.polling()
    assert feed.windows == 1
    stage.clock.at += HOUR
    await stage.polling()
    assert feed.windows == 2
    await stage.polling(LOOK)
    assert feed.windows == 3


async def test_a_moved_event_moves_its_job(stage: IntakeStage) -> None:
    (feed,) = stage.calendars
    feed.events = [google_event()]
    await stage.polling()
    feed.events = [google_event(start=MONDAY + HOUR, sequence=1, updated=NOON + HOUR)]
    await stage.polling()
    assert stage.starts() == [MONDAY + HOUR]
    assert stage.jobs()[0].revision == 2


async def test_what_is_deleted_or_vanished_is_ended(stage: IntakeStage) -> None:
    (feed,) = stage.calendars
    feed.events = [google_event("a@example.com"), google_event("b@example.com", start=MONDAY + HOUR)]
    await stage.polling()
    assert len(stage.jobs()) == 2
    feed.events = [{"id": "a", "iCalUID": "a@example.com", "status": "cancelled"}]
    stage.clock.at += HOUR
    await stage.polling()
    assert not stage.jobs()
    assert feed.rereads == ["b@example.com"]
    assert [note.outcome for note in stage.notes()] == ["accepted", "accepted", "cancelled", "cancelled"]


async def test_an_event_that_a_listing_lost_is_looked_at_and_kept(stage: IntakeStage) -> None:
    (feed,) = stage.calendars
    feed.events = [google_event()]
    await stage.polling()
    feed.lost = {"one@example.com"}
    await stage.polling()
    assert stage.starts() == [MONDAY]
    assert feed.rereads == ["one@example.com"]


async def test_a_vanished_event_that_comes_back_is_planned_again(stage: IntakeStage) -> None:
    (feed,) = stage.calendars
    feed.events = [google_event()]
    await stage.polling()
    feed.events = []
    stage.clock.at += HOUR
    await stage.polling()
    assert not stage.jobs()
    feed.events = [google_event(updated=stage.clock.at + HOUR)]
    stage.clock.at += 2 * HOUR
    await stage.polling()
    assert stage.starts() == [MONDAY]


@pytest.mark.parametrize(
    "trouble",
    [Temporary("busy"), Denied("no rights"), Missing("no such calendar")],
    ids=["429", "403", "404"],
)
async def test_a_calendar_that_fails_ends_nothing_and_does_not_keep_others_from_being_read(
    tmp_path: Path, trouble: Exception
) -> None:
    async with IntakeStage(tmp_path, calendars=2) as stage:
        first, second = stage.calendars
        first.events = [google_event("a@example.com")]
        second.events = [google_event("b@example.com", start=MONDAY + HOUR)]
        await stage.polling()
        first.fails, first.events = trouble, []
        second.events = [google_event("b@example.com", start=MONDAY + 2 * HOUR, sequence=1)]
        await stage.polling()
        assert stage.starts() == [MONDAY, MONDAY + 2 * HOUR]


async def test_one_event_in_two_calendars_is_one_job(tmp_path: Path) -> None:
    async with IntakeStage(tmp_path, calendars=2) as stage:
        for feed in stage.calendars:
            feed.events = [google_event()]
        await stage.polling()
        assert len(stage.jobs()) == 1


async def test_mail_and_calendar_of_one_event_are_one_job_answered_in_the_calendar(
    stage: IntakeStage,
) -> None:
    stage.calendars[0].events = [google_event()]
    await stage.polling()
    await stage.receive(mail(event()))
    assert len(stage.jobs()) == 1
    assert not stage.replies()
    await stage.receive(mail(event("two@example.com", start=MONDAY + HOUR)))
    assert len(stage.replies()) == 1


async def test_a_stranger_s_event_is_held_and_decided_about(stage: IntakeStage) -> None:
    (feed,) = stage.calendars
    feed.events = [google_event(organizer=STRANGER), google_event("b@example.com", organizer=STRANGER)]
    await stage.polling()
    await stage.polling()
    assert not stage.jobs()
    assert [(hold.uid, hold.source) for hold in stage.holds()] == [
        ("one@example.com", "google"),
        ("b@example.com", "google"),
    ]
    assert len(stage.mails_out("held")) == 1
    await stage.held.decide(1, approve=True, by="a test")
    await stage.held.decide(2, approve=False, by="a test")
    feed.changes = False
    await stage.run("poll")
    assert len(stage.jobs()) == 1
    await stage.run("respond")
    assert {(uid, status) for uid, _, status, _ in feed.answers} == {
        ("one@example.com", "accepted"),
        ("b@example.com", "declined"),
    }


async def test_the_bot_s_own_events_are_left_alone(stage: IntakeStage) -> None:
    stage.calendars[0].events = [google_event(organizer=BOT)]
    await stage.polling()
    assert not stage.jobs()
    assert not stage.holds()


async def test_hidden_invitations_are_warned_of_once(stage: IntakeStage) -> None:
    (feed,) = stage.calendars
    feed.warning = "set it to 'From everyone'"
    with capture_logs() as lines:
        for _ in range(3):
            await stage.polling()
            stage.clock.at += HOUR
        feed.warning = ""
        await stage.polling()
    assert [line["event"] for line in lines] == ["invitations.hidden", "invitations.shown"]


async def test_an_event_is_read_again_before_the_bot_goes(stage: IntakeStage) -> None:
    (feed,) = stage.calendars
    feed.events = [google_event()]
    await stage.polling()
    feed.events = [google_event(start=MONDAY + HOUR, sequence=1, updated=NOON + HOUR)]
    await stage.polling.recheck(1)
    assert stage.starts() == [MONDAY + HOUR]
    feed.events = []
    await stage.polling.recheck(1)
    assert not stage.jobs()


async def test_a_recheck_that_fails_lets_the_bot_go(stage: IntakeStage) -> None:
    (feed,) = stage.calendars
    feed.events = [google_event()]
    await stage.polling()
    feed.fails = Temporary("busy")
    await stage.polling.recheck(1)
    assert stage.starts() == [MONDAY]
    await stage.polling.recheck(99)


async def test_an_event_deleted_while_the_bot_is_in_the_call_makes_it_leave(stage: IntakeStage) -> None:
    (feed,) = stage.calendars
    feed.events = [google_event()]
    await stage.polling()
    stage.put_job(1, State.IN_CALL)
    feed.events = []
    await stage.polling()
    assert [verb for _, verb, _ in stage.engine.told] == [Verb.LEAVE]


async def test_an_answer_is_tried_again_after_trouble_and_given_up_where_nothing_helps(
    stage: IntakeStage,
) -> None:
    (feed,) = stage.calendars
    feed.events = [google_event()]
    await stage.polling()
    feed.fails = Temporary("busy")
    with pytest.raises(Temporary):
        await stage.run("respond")
    feed.fails = Denied("read only")
    await stage.run("respond")
    assert not feed.answers


async def test_without_replies_nothing_is_answered(tmp_path: Path) -> None:
    async with IntakeStage(tmp_path, calendars=1, invites_reply=False) as stage:
        stage.calendars[0].events = [google_event()]
        await stage.polling()
        assert len(stage.jobs()) == 1
        assert not stage.engine.named("respond")


async def test_the_series_remembers_the_calendar_it_stands_in(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    stage.calendars[0].events = [google_event(answer="accepted")]
    await stage.polling()
    (row,) = stage.rows(EventSeries)
    assert (row.calendar_id, row.organizer, row.trust_level) == ("primary", HOST, 1)


async def test_channels_are_opened_renewed_and_ring_only_with_their_token(tmp_path: Path) -> None:
    async with IntakeStage(
        tmp_path, calendars=1, calendar_push=True, public_url="https://bot.example.com"
    ) as stage:
        (feed,) = stage.calendars
        await stage.polling()
        await stage.polling(LOOK)
        assert [row.id for row in stage.rows(CalendarChannel)] == ["channel1"]
        token = feed.watched[0]
        with stage.house.database.write():  # who has no token keeps no writer waiting
            assert not stage.channels.pinged("channel1", "wrong", "1", poll=POLL)
            assert not stage.channels.pinged("channel9", token, "1", poll=POLL)
        assert stage.channels.pinged("channel1", token, "1", poll=POLL)
        assert stage.channels.pinged("channel1", token, "1", poll=POLL)
        assert len(stage.engine.named(POLL)) == 1
        stage.clock.at += timedelta(days=6)
        await stage.polling()
        assert [row.id for row in stage.rows(CalendarChannel)] == ["channel2"]
        assert feed.unwatched == ["channel1"]
