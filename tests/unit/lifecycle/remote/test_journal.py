"""The journal of a bot elsewhere: in order, each piece of news once, until it is taken or the loan is lost."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from agent.daemon.clock import SystemClock
from agent.errors import Conflict, Denied, MeetbotError, Superseded, Temporary
from agent.lifecycle.remote.journal import RemoteJournal
from agent.model.loan import Brief, Claim, Lot
from agent.model.news import GaveUp, LeftCall, Line, News, Receipt, Report
from agent.model.states import EndReason, FailureCode, Told
from tests.waiting import PATIENCE_SECONDS, until

LAST = LeftCall(reason=EndReason.ENDED_BY_HOST)


class House:
    """Takes reports as a server does; `fails` are the answers to the next ones."""

    def __init__(self) -> None:
        self.taken: list[Report] = []
        self.fails: list[MeetbotError] = []
        self.tries = 0
        self.open = asyncio.Event()
        self.open.set()

    async def claim(self, claim: Claim) -> Lot:
        raise AssertionError("a journal claims nothing")

    async def report(self, report: Report) -> Receipt:
        self.tries += 1
        await self.open.wait()
        if self.fails:
            raise self.fails.pop(0)
        assert report.sequence == len(self.taken) + 1
        self.taken.append(report)
        return Receipt(repeated=False, next_sequence=report.sequence + 1, state="joining")

    def news(self) -> list[News]:
        return [report.event for report in self.taken]


def brief() -> Brief:
    return Brief(
        job_id="job_1",
        lease="a" * 32,
        next_sequence=1,
        join_at=datetime.now(UTC),
        meeting_url="https://meet.google.com/abc-defg-hij",
        display_name="Meetbot",
        language="en",
        lobby_seconds=540,
        policy={},
    )


def line(number: int) -> Line:
    return Line(line=Told.TROUBLE, data={"number": number})


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
async def journal(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RemoteJournal]:
    monkeypatch.setattr("agent.lifecycle.remote.journal.RETRY_SECONDS", (0.01,))
    journal = RemoteJournal(house, SystemClock(), brief())
    sending = asyncio.create_task(journal.run())
    yield journal
    sending.cancel()


async def test_news_are_reported_in_the_order_they_were_written(house: House, journal: RemoteJournal) -> None:
    wanted = [line(number) for number in range(20)]
    for news in wanted:
        await journal.write(news)
    await journal.write(LAST)
    assert house.news() == [*wanted, LAST]
    assert {report.lease for report in house.taken} == {"a" * 32}


async def test_what_may_pass_is_tried_until_it_is_taken(house: House, journal: RemoteJournal) -> None:
    house.fails = [Temporary("away"), Denied("the key is being changed"), Temporary("away")]
    await journal.write(line(1))
    await journal.write(LAST)
    assert (house.news(), house.tries) == ([line(1), LAST], 5)


async def test_a_bot_does_not_wait_for_the_wire(house: House, journal: RemoteJournal) -> None:
    house.open.clear()
    async with asyncio.timeout(PATIENCE_SECONDS):
        for number in range(100):
            await journal.write(line(number))
    house.open.set()
    assert await journal.is_current()
    assert len(house.taken) == 100


async def test_what_waits_is_bounded(
    house: House, journal: RemoteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.lifecycle.remote.journal.MOST_WAITING", 3)
    house.open.clear()
    for number in range(3):
        await journal.write(line(number))
    one_more = asyncio.create_task(journal.write(line(3)))
    done, _ = await asyncio.wait({one_more}, timeout=0.1)
    assert not done
    house.open.set()
    await one_more


async def test_a_lost_loan_is_told_to_who_writes_and_to_who_waits(
    house: House, journal: RemoteJournal
) -> None:
    house.open.clear()
    await journal.write(line(1))
    waiting = asyncio.create_task(journal.write(LAST))
    await until(lambda: house.tries == 1)
    await journal.lose()
    with pytest.raises(Superseded):
        await waiting
    with pytest.raises(Superseded):
        await journal.write(line(2))
    assert not await journal.is_current()


async def test_a_refusal_ends_the_stay_and_the_end_is_told_under_the_same_number(
    house: House, journal: RemoteJournal
) -> None:
    house.fails = [Conflict("the state forbids it")]
    await journal.write(line(1))
    assert not await journal.is_current()
    with pytest.raises(Conflict):
        await journal.write(line(2))
    broke = GaveUp(code=FailureCode.INTERNAL_ERROR, retry=True)
    await journal.write(broke)
    assert house.news() == [broke]


async def test_an_end_that_is_refused_is_not_told_again(house: House, journal: RemoteJournal) -> None:
    house.fails = [Conflict("the lease is over")]
    with pytest.raises(Conflict):
        await journal.write(LAST)
    assert house.tries == 1
