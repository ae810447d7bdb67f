"""What the night takes: nothing of an invitation is kept for ever, and nothing that still waits is lost."""

import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from agent.lifecycle.upkeep.janitor import Janitor
from agent.model.states import State
from agent.model.tables import (
    CalendarChannel,
    Delivery,
    EventSeries,
    Hold,
    Invitation,
    Job,
    Mail,
    Undeliverable,
    Unsubscription,
)
from tests.intake_stage import BOT, HOST, MONDAY, NOON, IntakeStage, event, mail

STRANGER = "stranger@elsewhere.example"
YEAR = timedelta(days=380)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[IntakeStage]:
    async with IntakeStage(tmp_path) as stage:
        yield stage


async def night(stage: IntakeStage, later: timedelta) -> None:
    stage.clock.at = NOON + later
    await Janitor(stage.house)()


async def test_a_held_mail_keeps_its_bytes_while_it_waits_and_can_be_approved_late(
    stage: IntakeStage,
) -> None:
    far = MONDAY + timedelta(days=60)
    await stage.receive(mail(event(organizer=STRANGER, start=far), sender=STRANGER), sender=STRANGER)
    await stage.receive(mail(event("mine@example.com")))
    await night(stage, timedelta(days=30))
    waiting, taken = stage.rows(Mail)
    assert (bool(waiting.raw), bool(taken.raw)) == (True, False)
    await stage.held.decide(stage.holds()[0].id, approve=True, by="operator")
    await night(stage, timedelta(days=31))
    await stage.run("read")
    assert far in stage.starts()


async def test_what_was_said_and_decided_is_forgotten_in_a_year_and_the_job_stays(stage: IntakeStage) -> None:
    await stage.receive(mail(event(attendees=(BOT, "guest@example.com"))))
    await stage.receive(mail(event(organizer=STRANGER, uid="b"), sender=STRANGER), sender=STRANGER)
    await stage.held.decide(stage.holds()[0].id, approve=False, by="operator")
    await stage.run("read")
    (job,) = stage.jobs()
    stage.put_job(job.id or 0, State.COMPLETED)
    with stage.house.database.write() as session:
        for one in stage.rows(Delivery):
            one.state, one.finished_at = "done", NOON
            session.merge(one)
    await night(stage, timedelta(days=300))
    assert len(stage.rows(Mail)) == 2
    await night(stage, YEAR)
    for table in (Mail, Invitation, Hold, Delivery):
        assert stage.rows(table) == [], table
    (row,) = stage.rows(EventSeries)
    assert "guest@example.com" not in str(row.body)
    assert row.inviter == HOST
    assert len(stage.rows(Job)) == 1


async def test_evidence_goes_when_recordings_do(stage: IntakeStage) -> None:
    data_dir = stage.house.habits.data_dir
    folder = data_dir / "meetings" / "job_one" / "evidence"
    folder.mkdir(parents=True)
    old, fresh, beside = folder / "01-lost.png", folder / "02-lost.png", folder.parent / "01-other.webm"
    for path, days in ((old, 15), (fresh, 13), (beside, 15)):
        path.write_bytes(b"a picture of people")
        kept_at = (NOON - timedelta(days=days)).timestamp()
        os.utime(path, (kept_at, kept_at))
    await night(stage, timedelta())
    assert (old.exists(), fresh.exists(), beside.exists()) == (False, True, True)


async def test_an_event_that_nobody_went_to_leaves_nothing(stage: IntakeStage) -> None:
    await stage.receive(mail(event(link="https://zoom.us/j/123456789")))
    (row,) = stage.rows(EventSeries)
    with stage.house.database.write() as session:
        session.add(Unsubscription(email=HOST, scope=f"series:{row.id}", at=NOON))
    await night(stage, YEAR)
    assert (stage.rows(EventSeries), stage.rows(Unsubscription)) == ([], [])


async def test_a_series_that_goes_on_is_kept(stage: IntakeStage) -> None:
    await stage.receive(mail(event(extra=["RRULE:FREQ=WEEKLY"])))
    await night(stage, YEAR)
    (row,) = stage.rows(EventSeries)
    assert row.body["master"] is not None


async def test_a_link_to_decide_by_outlives_every_setting(tmp_path: Path) -> None:
    async with IntakeStage(tmp_path, invitation_days=0.0, raw_mail_days=0.0) as stage:
        await stage.receive(mail(event(organizer=STRANGER), sender=STRANGER), sender=STRANGER)
        await night(stage, timedelta(days=6))
        assert len(stage.holds()) == 1
        assert stage.rows(Mail)[0].raw
        await night(stage, timedelta(days=16))
        assert (stage.holds(), stage.rows(Mail)) == ([], [])


async def test_what_counts_no_more_is_gone(stage: IntakeStage) -> None:
    with stage.house.database.write() as session:
        session.add(Undeliverable(email=HOST, at=NOON))
        session.add(CalendarChannel(id="c", calendar_id="primary", token_digest="", expires_at=NOON))
    await night(stage, timedelta(days=31))
    assert (stage.rows(Undeliverable), stage.rows(CalendarChannel)) == ([], [])
