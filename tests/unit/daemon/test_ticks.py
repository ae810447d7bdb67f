import asyncio
from datetime import UTC, datetime, timedelta

from structlog.testing import capture_logs

from agent.daemon import ticks as ticking
from agent.daemon.ticks import Slots, Tick, Ticks
from agent.errors import Temporary


async def rung(ring, done: asyncio.Event, interval_seconds=0.02) -> list[dict]:
    """Let the bell ring until it says it is done; return what was logged."""
    ticks = Ticks([Tick("poll", interval_seconds, ring)])
    with capture_logs() as lines:
        await ticks.start()
        await asyncio.wait_for(done.wait(), 30)
        await ticks.stop()
    return lines


async def test_a_bell_rings_at_the_start_and_again():
    count, done = [], asyncio.Event()

    async def ring():
        count.append(1)
        if len(count) == 3:
            done.set()

    await rung(ring, done)
    assert len(count) >= 3


async def test_a_bell_with_a_long_interval_rings_at_once():
    done = asyncio.Event()

    async def ring():
        done.set()

    await rung(ring, done, interval_seconds=3600)


async def test_a_failing_bell_says_so_once_and_once_that_it_works_again():
    count, done = [], asyncio.Event()

    async def ring():
        count.append(1)
        if len(count) <= 3:
            raise Temporary("no calendar", full="no calendar: 503")
        if len(count) == 6:
            done.set()

    lines = await rung(ring, done)
    assert [(line["event"], line["tick"]) for line in lines] == [("down", "poll"), ("recovered", "poll")]
    assert lines[0]["error"] == "no calendar: 503"


async def test_a_bell_waits_for_its_last_ring():
    running, most, count, done = 0, 0, 0, asyncio.Event()

    async def ring():
        nonlocal running, most, count
        running, count = running + 1, count + 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1
        if count == 3:
            done.set()

    await rung(ring, done)
    assert most == 1


async def test_stopping_twice_or_before_the_start_is_fine():
    ticks = Ticks([])
    await ticks.stop()
    await ticks.start()
    await ticks.stop()
    await ticks.stop()


async def test_a_clock_that_is_put_back_silences_no_bell(monkeypatch):
    monkeypatch.setattr(ticking, "LOOK_SECONDS", 0.01)
    rings, fast, again = [], timedelta(hours=2), asyncio.Event()

    async def ring():
        rings.append(1)
        if len(rings) == 1:
            nonlocal fast
            fast = timedelta(0)
        else:
            again.set()

    ticks = Ticks([Tick("poll", 3600, ring)], lambda: datetime.now(UTC) + fast)
    await ticks.start()
    await asyncio.wait_for(again.wait(), 30)
    await ticks.stop()


def test_rings_are_named_alike_on_every_machine_and_anew_when_the_clock_was_put_back():
    one, other = Slots(60), Slots(60)
    now = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)
    assert one.name(now, "one") == other.name(now + timedelta(seconds=10), "other")
    later = one.name(now + timedelta(minutes=2), "one")
    assert later != one.name(now, "one") != other.name(now, "other")
    assert one.name(now + timedelta(minutes=3), "one") == other.name(now + timedelta(minutes=3), "other")
