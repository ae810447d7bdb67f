"""Stored mails are read fairly: a flood delays nobody else's, and a rush leaves the machine to the door."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.errors import Temporary
from agent.lifecycle.invitations import reading
from agent.lifecycle.invitations.reading import READ_AT_ONCE, Reading
from agent.lifecycle.invitations.receipts import Receipts
from agent.model.invite import Envelope
from agent.model.tables import Mail
from agent.store import mails
from tests.intake_stage import BOT, NOON, IntakeStage
from tests.unit.lifecycle.world import until


class Desk:
    """What reads: it notes whose turn it was, and reads when the test lets it."""

    def __init__(self, stage: IntakeStage) -> None:
        self.stage = stage
        self.begun: list[int] = []
        self.fails: dict[int, Exception] = {}
        self.open = asyncio.Event()
        self.open.set()
        self.receipts = Receipts(stage.house)
        self.reading = Reading(stage.house, self.receipts, self.read)

    async def read(self, mail: int) -> None:
        self.begun.append(mail)
        await self.open.wait()
        if fault := self.fails.get(mail):
            raise fault
        with self.stage.house.database.write() as session:
            row = session.get(Mail, mail)
            assert row is not None
            row.verdict = "read"
            session.add(row)

    def settled(self, *numbers: int) -> asyncio.Task[dict[int, Exception]]:
        return asyncio.create_task(self.reading.settle(numbers))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with IntakeStage(tmp_path) as stage:
        yield Desk(stage)


def stored(desk: Desk, count: int, peer: str = "192.0.2.1", sender: str = "flood@flood.example") -> list[int]:
    """Have mails of one sender on the disk."""
    envelope = Envelope(mail_from=sender, rcpt_to=(BOT,), peer=peer)
    with desk.stage.house.database.write() as session:
        return mails.put(session, NOON, [(envelope, f"{peer}{number}", b"") for number in range(count)])


async def test_an_honest_mail_in_a_flood_is_read_before_what_came_earlier(desk: Desk) -> None:
    flood = stored(desk, 2000)
    desk.open.clear()
    run = desk.settled(*flood[:64])
    await until(lambda: len(desk.begun) == READ_AT_ONCE)
    (honest,) = stored(desk, 1, "198.51.100.7", "host@example.com")
    honest_run = desk.settled(honest)
    await until(lambda: desk.reading._waiting >= {honest})
    desk.open.set()
    await until(lambda: honest in desk.begun)
    assert desk.begun.index(honest) <= READ_AT_ONCE + 2
    assert await honest_run == {}
    run.cancel()


async def test_a_mail_at_the_door_takes_its_turn_before_the_engine_comes_to_it(desk: Desk) -> None:
    flood = stored(desk, 200)
    desk.open.clear()
    run = desk.settled(*flood)
    await until(lambda: len(desk.begun) == READ_AT_ONCE)
    envelope = Envelope(mail_from="host@example.com", rcpt_to=(BOT,), peer="198.51.100.7")
    honest = await desk.receipts.store(envelope, b"")
    desk.open.set()
    await until(lambda: honest in desk.begun)
    assert desk.begun.index(honest) <= READ_AT_ONCE + 2
    assert await run == {}


async def test_after_a_crash_all_that_waits_takes_turns_again(desk: Desk) -> None:
    flood = stored(desk, 300)
    (honest,) = stored(desk, 1, "198.51.100.7", "host@example.com")
    await desk.settled(*flood[:64])
    assert desk.begun.index(honest) <= 2


async def test_a_run_ends_when_its_mails_are_read_by_whichever_run(desk: Desk) -> None:
    flood = stored(desk, 40)
    assert await asyncio.gather(desk.settled(*flood[:20]), desk.settled(*flood[20:])) == [{}, {}]
    assert sorted(desk.begun) == flood
    assert await desk.settled(*flood) == {}
    assert len(desk.begun) == 40


async def test_few_mails_are_read_at_once(desk: Desk) -> None:
    desk.open.clear()
    first, second = desk.settled(*stored(desk, 10)), desk.settled(*stored(desk, 10, "192.0.2.2"))
    await until(lambda: len(desk.begun) == READ_AT_ONCE)
    await until(lambda: len(desk.reading._waiting) == 20)
    assert len(desk.begun) == READ_AT_ONCE
    desk.open.set()
    await asyncio.gather(first, second)


async def test_what_fails_is_told_to_the_run_that_it_has(desk: Desk) -> None:
    flood = stored(desk, 20)
    (broken,) = stored(desk, 1, "198.51.100.7")
    desk.fails[broken] = Temporary("no process can be had")
    desk.open.clear()
    others = desk.settled(*flood)
    await until(lambda: broken in desk.begun)
    own = desk.settled(broken)
    await until(lambda: broken in desk.reading._awaited)  # nobody else awaits it
    desk.open.set()
    assert await others == {}
    assert await own == {broken: desk.fails[broken]}


async def test_what_failed_is_left_to_its_own_run(desk: Desk) -> None:
    flood = stored(desk, 20)
    (broken,) = stored(desk, 1, "198.51.100.7")
    desk.fails[broken] = Temporary("the name service is silent")
    assert await desk.settled(*flood) == {}
    assert desk.begun.count(broken) == 1
    assert await desk.settled(*stored(desk, 5)) == {}
    assert desk.begun.count(broken) == 1
    assert await desk.settled(broken) == {broken: desk.fails[broken]}
    desk.fails.clear()
    assert await desk.settled(broken) == {}


async def test_a_run_that_is_broken_off_takes_no_other_with_it(desk: Desk) -> None:
    flood = stored(desk, 3)
    desk.open.clear()
    broken_off = desk.settled(*flood)
    await until(lambda: len(desk.begun) == 3)
    (own,) = stored(desk, 1, "198.51.100.7")
    other = desk.settled(own, flood[0])
    await until(lambda: own in desk.begun)
    broken_off.cancel()
    await asyncio.wait([broken_off])
    desk.open.set()
    assert list(await other) == [flood[0]]  # so that the engine runs it again
    assert await desk.settled(*flood) == {}


async def test_in_a_rush_one_mail_is_read_after_the_other_with_pauses(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def noted(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(Receipts, "pressure", 20.0)
    monkeypatch.setattr(reading.asyncio, "sleep", noted)
    at_once: list[int] = []
    read = desk.read

    async def counted(mail: int) -> None:
        at_once.append(mail)
        assert len(at_once) == 1
        await read(mail)
        at_once.clear()

    monkeypatch.setattr(desk.reading, "_read", counted)
    assert await desk.settled(*stored(desk, 8)) == {}
    assert len(pauses) == 8
    assert all(0 < pause <= reading.LONGEST_PAUSE_SECONDS for pause in pauses)
