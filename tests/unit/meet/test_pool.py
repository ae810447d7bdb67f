"""Which browsers are started and ended, on browsers that only count; real ones are in tests/contract/test_meet_pool.py."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Error

from agent.errors import NoPlace, Temporary
from agent.meet import pool as pool_module
from agent.meet.browser import Launch
from agent.meet.pool import Lease, Pool


class CountedContext:
    async def close(self) -> None: ...


class CountedBrowser:
    def __init__(self) -> None:
        self.connected = True
        self.closed = 0
        self.gives_contexts = True

    def is_connected(self) -> bool:
        return self.connected

    async def new_context(self, **_: Any) -> CountedContext:
        if not self.gives_contexts:
            raise Error("no context")
        return CountedContext()

    async def new_browser_cdp_session(self) -> None:
        raise Error("there is no process")

    async def close(self) -> None:
        self.connected = False
        self.closed += 1


class CountedDriver:
    async def start(self) -> "CountedDriver":
        return self

    async def stop(self) -> None: ...


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[CountedBrowser]:
    """Every browser that was started, in order."""
    browsers: list[CountedBrowser] = []

    class CountingStarter:
        def __init__(self, launch: Launch) -> None: ...

        async def start(self, _: Any) -> CountedBrowser:
            browsers.append(CountedBrowser())
            return browsers[-1]

    monkeypatch.setattr(pool_module, "Starter", CountingStarter)
    monkeypatch.setattr(pool_module, "async_playwright", CountedDriver)
    return browsers


def pool(tmp_path: Path, *, per_browser: int = 3, max_bots: int = 6, visits: int = 4) -> Pool:
    return Pool(Launch(), per_browser, max_bots, tmp_path, visits)


async def seated(pool: Pool, number: int) -> list[Lease]:
    return [await pool.lease(None) for _ in range(number)]


async def retiring(pool: Pool) -> Lease:
    """A lease in a browser that takes no more bots, with two of its three seats free."""
    *leaving, staying = await seated(pool, 3)
    await leaving[0].release()
    last = await pool.lease(None)
    for lease in (leaving[1], last):
        await lease.release()
    return staying


async def test_a_browser_that_served_its_visits_ends_with_its_last_bot(
    tmp_path: Path, started: list[CountedBrowser]
) -> None:
    bots = pool(tmp_path)
    staying = await retiring(bots)
    assert len(started) == 1
    fresh = await bots.lease(None)
    assert len(started) == 2
    assert [one.closed for one in started] == [0, 0]
    await staying.release()
    assert [one.closed for one in started] == [1, 0]
    await fresh.release()
    assert [one.closed for one in started] == [1, 1]


async def test_bots_in_a_retiring_browser_keep_their_places(
    tmp_path: Path, started: list[CountedBrowser]
) -> None:
    bots = pool(tmp_path, max_bots=3)
    staying = await retiring(bots)
    others = await seated(bots, 2)
    assert bots.bots == 3
    with pytest.raises(NoPlace):
        await bots.lease(None)
    await staying.release()
    assert bots.full() == ""
    for lease in others:
        await lease.release()
    assert bots.bots == 0
    assert len(started) == 2


async def test_a_retiring_browser_that_crashes_gives_its_place_back(
    tmp_path: Path, started: list[CountedBrowser]
) -> None:
    bots = pool(tmp_path)
    staying = await retiring(bots)
    started[0].connected = False
    fresh = await bots.lease(None)
    await staying.release()
    assert bots.bots == 1
    assert started[0].closed == 1
    await fresh.release()


async def test_stopping_ends_retiring_browsers_too(tmp_path: Path, started: list[CountedBrowser]) -> None:
    bots = pool(tmp_path)
    staying = await retiring(bots)
    fresh = await bots.lease(None)
    await bots.stop()
    assert [one.closed for one in started] == [1, 1]
    await asyncio.gather(staying.release(), fresh.release())
    assert bots.bots == 0
    assert [one.closed for one in started] == [1, 1]


async def test_a_browser_that_gives_no_context_ends_when_nobody_is_in_it(
    tmp_path: Path, started: list[CountedBrowser]
) -> None:
    bots = pool(tmp_path)
    first = await bots.lease(None)
    started[0].gives_contexts = False
    with pytest.raises(Temporary):
        await bots.lease(None)
    assert bots.bots == 1
    await first.release()
    assert started[0].closed == 1
