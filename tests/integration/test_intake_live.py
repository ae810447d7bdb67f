"""Invitations that change while a bot goes: real engine, real reading, and a page that the test tells."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from agent.invites.reader import LimitedReader
from agent.lifecycle.attendance.attend import Attend
from agent.lifecycle.attendance.ending import HARVEST
from agent.lifecycle.house import BOTS_QUEUE, JOBS_QUEUE, House
from agent.lifecycle.invitations.intake import READ, Intake
from agent.lifecycle.invitations.polling import POLL, RESPOND, Polling
from agent.lifecycle.outbox import DELIVER, Deliver
from agent.model.call import Admitted, InLobby
from agent.model.invite import Envelope
from agent.model.states import EndReason, State
from agent.model.tables import Job
from tests.clocks import StandingClock
from tests.intake_stage import NOON, ToldCalendar, event, google_event, mail
from tests.unit.lifecycle.world import Told, build, until

HOST = "host@example.com"


@dataclass
class Running:
    told: Told
    house: House
    intake: Intake
    feed: ToldCalendar

    async def receive(self, raw: bytes) -> None:
        await self.intake.accept(
            Envelope(mail_from=HOST, rcpt_to=("bot@example.com",), peer="192.0.2.1"), raw
        )

    def job(self) -> Job | None:
        with self.house.database.read() as session:
            return session.exec(select(Job)).first()

    async def job_is(self, state: State) -> Job:
        return await until(lambda: (job := self.job()) is not None and job.state == state and job)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    told = build(tmp_path, invites_allow=("example.com",), invites_verify="off", join_early_seconds=0.0)
    reader = LimitedReader()
    feed = ToldCalendar(StandingClock(NOON))
    house = replace(told.house, reader=reader, calendars=(feed,))
    intake = Intake(house)
    polling = Polling(house, intake)

    async def nothing(*_: Any) -> None: ...

    engine = house.engine
    engine.handles("attend", Attend(house, polling.recheck), queue=BOTS_QUEUE, hears=True)
    engine.handles(READ, intake.read, queue=JOBS_QUEUE)
    engine.handles(POLL, polling, queue=JOBS_QUEUE)
    engine.handles(RESPOND, polling.respond, queue=JOBS_QUEUE)
    engine.handles(DELIVER, Deliver(house), queue=JOBS_QUEUE)
    engine.handles(HARVEST, nothing, queue=JOBS_QUEUE)
    await engine.start()
    yield Running(told, house, intake, feed)
    await engine.stop()
    await reader.stop()
    house.database.close()


def soon(seconds: float = 0.0) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def now_stamped(**changes: Any) -> str:
    return event(**{"start": soon(), "written": soon(), **changes})


async def test_a_mailed_invitation_brings_the_bot_and_its_host_is_answered(running: Running) -> None:
    await running.receive(mail(now_stamped()))
    await running.told.meet.caller()
    await until(lambda: running.told.mailer.sent)
    (sent,) = running.told.mailer.sent
    assert sent.recipients == (HOST,)
    assert b"Subject: Accepted: Pricing review" in sent.raw


async def test_a_meeting_that_moves_while_the_bot_is_at_the_door_is_waited_for(running: Running) -> None:
    await running.receive(mail(now_stamped()))
    caller = await running.told.meet.caller()
    caller.tell(InLobby(soon()))
    await running.job_is(State.WAITING)
    later = soon(3600)
    await running.receive(mail(now_stamped(sequence=1, start=later)))
    job = await running.job_is(State.SCHEDULED)
    assert abs((job.starts_at - later).total_seconds()) < 2
    await until(lambda: caller.closed)
    assert len(running.told.meet.callers) == 1


async def test_a_meeting_that_is_cancelled_in_the_call_is_left(running: Running) -> None:
    await running.receive(mail(now_stamped()))
    caller = await running.told.meet.caller()
    caller.tell(Admitted(soon()))
    await running.job_is(State.IN_CALL)
    await running.receive(mail(now_stamped(sequence=1), method="CANCEL"))
    await until(lambda: caller.closed)
    job = await running.job_is(State.CANCELLED)
    assert job.end_reason == EndReason.CANCELLED_BY_INVITE


async def test_an_event_that_was_moved_since_the_last_poll_is_not_gone_to(running: Running) -> None:
    start = soon(1.5)
    running.feed.events = [google_event(start=start, updated=soon(-60))]
    await Polling(running.house, running.intake)()
    assert running.job() is not None
    running.feed.events = [google_event(start=start + timedelta(hours=1), sequence=1, updated=soon())]
    job = await until(lambda: (job := running.job()) and job.revision == 2 and job)
    assert job.state == State.SCHEDULED
    assert not running.told.meet.callers
