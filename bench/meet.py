"""What bots in calls cost and how quick they are, on real Chromium against the fake Meet.

python -m bench.meet [--bots 1 10 40 100] [--seconds 20] [--due 20]

In every meeting a caption grows twice a second, somebody writes each minute, and a guest comes or goes every 45 s. Cost is
counted above the same number of the same pages in the same browsers with no bot looking at them: once with captions off
(`page`), once with captions on (`captions`), because showing them is the page's work. Memory is proportional (PSS) of the
browsers; CPU is of browsers, driver and Python, in percent of one core. The fake world and its people run in a process of
their own: what they take is told (`world_cpu_percent`) and counted to nobody. Latency is from the change to its event.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright

from agent.daemon.clock import SystemClock
from agent.meet import BrowserMeet, Launch
from agent.meet.browser import Starter
from agent.meet.call import PageCaller
from agent.model.call import Admitted, Captioned, Knocked, Refused, Visit
from agent.sandbox.demo.stage import Stage
from agent.sandbox.teller import Teller
from bench.crowd import SPAWN, Crowd, Pace, code_of, said_at
from bench.processes import family, memory_mb, spent_by_kind, spent_seconds

PER_BROWSER = 8
JOINING_AT_ONCE = 4
SETTLE_SECONDS = 5.0
Figures = dict[str, Any]
Signal = Callable[[], Awaitable[None]]


def at(values: Sequence[float], share: float) -> float:
    """The quantile of some values, rounded; 0 of none."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 4) if ordered else 0.0


async def in_turns(doing: Sequence[Callable[[], Awaitable[Any]]]) -> list[Any]:
    """Do it all, a few at a time."""
    places = asyncio.Semaphore(JOINING_AT_ONCE)

    async def one(work: Callable[[], Awaitable[Any]]) -> Any:
        async with places:
            return await work()

    return await asyncio.gather(*(one(work) for work in doing))


async def pages(base_url: str, number: int, measured: Signal, *, captions: bool) -> Figures:
    """The pages alone."""
    async with async_playwright() as playwright:
        starter = Starter(Launch())
        browsers = [await starter.start(playwright) for _ in range(-(-number // PER_BROWSER))]

        async def join(index: int) -> Page:
            context = await browsers[index // PER_BROWSER].new_context(
                locale="en-US", viewport={"width": 1280, "height": 720}
            )
            page = await context.new_page()
            await page.goto(f"{base_url}/meet/{code_of(index)}?hl=en")
            await page.get_by_role("textbox", name="Your name").fill("Idle Person")
            await page.get_by_text("Join now", exact=True).click()
            await page.get_by_role("button", name="Leave call").wait_for()
            await page.get_by_role("button", name="Chat with everyone").click()
            if captions:
                await page.get_by_role("button", name="Turn on captions").click()
            return page

        await in_turns([lambda index=index: join(index) for index in range(number)])  # type: ignore[misc]
        await measured()
        for browser in browsers:
            await browser.close()
        return {}


def new_meet(folder: str, places: int) -> BrowserMeet:
    return BrowserMeet(
        executable=None,
        headless=True,
        sandbox=None,
        bots_per_browser=PER_BROWSER,
        max_bots=places,
        profile_dir=None,
        data_dir=Path(folder),
        clock=SystemClock(),
    )


async def until(caller: PageCaller, kind: type) -> Any:
    async for event in caller.events():
        if isinstance(event, kind):
            return event
    raise RuntimeError(f"the visit ended without {kind.__name__}")


async def enter(meet: BrowserMeet, base_url: str, index: int) -> PageCaller:
    """A bot in a call, with captions on."""
    caller = await meet.open(Visit(f"j{index}", f"{base_url}/meet/{code_of(index)}", "Meetbot"))
    await caller.knock()
    await until(caller, Admitted)
    await caller.start_capture()
    return caller


async def bots(base_url: str, number: int, measured: Signal) -> Figures:
    """The same pages with a bot in each, who hears captions."""
    latencies: list[float] = []

    async def listen(caller: PageCaller) -> None:
        async for event in caller.events():
            if isinstance(event, Captioned):
                latencies.append(time.time() - said_at(event.text))

    with tempfile.TemporaryDirectory() as folder:
        meet = new_meet(folder, number)
        await meet.start()
        joining = [lambda index=index: enter(meet, base_url, index) for index in range(number)]  # type: ignore[misc]
        callers = await in_turns(joining)
        listening = [asyncio.create_task(listen(caller)) for caller in callers]
        await measured()
        heard = list(latencies)
        await asyncio.gather(*(caller.close() for caller in callers))
        await asyncio.gather(*listening)
        await meet.stop()
    names = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
    return {"events": len(heard)} | {name: round(at(heard, share) * 1000, 1) for name, share in names.items()}


def side(kind: str, base_url: str, number: int, orders: Connection) -> None:
    """One measurement in a process of its own; it is watched from outside."""

    async def measured() -> None:
        orders.send("ready")
        await asyncio.to_thread(orders.recv)

    async def work() -> Figures:
        if kind == "bots":
            return await bots(base_url, number, measured)
        return await pages(base_url, number, measured, captions=kind == "captions")

    orders.send(asyncio.run(work()))


def watched(pid: int, world: int, seconds: float) -> Figures:
    """What a family of processes takes over a while; memory is read afterwards, because reading it takes time."""
    pids, began = family(pid), time.monotonic()
    before, world_before = spent_by_kind(pids), spent_seconds([world])
    time.sleep(seconds)
    passed = (time.monotonic() - began) / 100
    after, world_after = spent_by_kind(pids), spent_seconds([world])
    cpu = {kind: (after[kind] - before.get(kind, 0.0)) / passed for kind in after}
    return {
        "cpu": cpu,
        "cpu_percent": sum(cpu.values()),
        "world_cpu_percent": (world_after - world_before) / passed,
        "pss_mb": memory_mb(family(pid, browsers=True)),
    }


def measure(kind: str, crowd: Crowd, number: int, seconds: float) -> Figures:
    """Run one side, speak to it and watch it."""
    crowd.fill(number)
    orders, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=side, args=(kind, crowd.base_url, number, theirs))
    process.start()
    theirs.close()
    if orders.recv() != "ready":
        raise RuntimeError(f"{kind} did not come up")
    crowd.talk(Pace())
    time.sleep(SETTLE_SECONDS)
    figures = watched(process.pid or 0, crowd.pid, seconds)
    updates = crowd.quiet()
    time.sleep(1)
    orders.send("enough")
    told: Figures = orders.recv()
    process.join()
    return figures | told | {"updates": updates}


def cost(crowd: Crowd, number: int, seconds: float) -> Figures:
    """One line of the table."""
    sides = {kind: measure(kind, crowd, number, seconds) for kind in ("page", "captions", "bots")}
    bot, page, captions = sides["bots"], sides["page"], sides["captions"]

    def each(value: float) -> float:
        return round(value / number, 2)

    return {
        "bots": number,
        "pss_mb_per_page": each(page["pss_mb"]),
        "pss_mb_above_page": each(bot["pss_mb"] - page["pss_mb"]),
        "pss_mb_above_captions": each(bot["pss_mb"] - captions["pss_mb"]),
        "cpu_percent_per_page": each(page["cpu_percent"]),
        "cpu_percent_per_captions": each(captions["cpu_percent"]),
        "cpu_percent_above_page": each(bot["cpu_percent"] - page["cpu_percent"]),
        "cpu_percent_above_captions": each(bot["cpu_percent"] - captions["cpu_percent"]),
        "cpu_by_kind": {
            name: {kind: each(value) for kind, value in one["cpu"].items()} for name, one in sides.items()
        },
        "world_cpu_percent": {name: round(one["world_cpu_percent"], 1) for name, one in sides.items()},
        **{name: bot[name] for name in ("updates", "events", "p50_ms", "p95_ms", "p99_ms")},
        "load_average": round(os.getloadavg()[0], 1),
    }


async def quickness(base_url: str, times: int = 5) -> Figures:
    """From the start to the pressed button, beside a browser that runs; from the page's refusal to the verdict."""
    joins: list[float] = []
    verdicts: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        meet = new_meet(folder, 4)
        await meet.start()
        async with Teller(base_url) as teller:
            await teller.reset()
            await teller.create_meeting(code_of(1), access="open")
            await teller.create_meeting(code_of(2), access="blocked_after_knock")
            keeper = await meet.open(Visit("keeper", f"{base_url}/meet/{code_of(1)}", "Meetbot"))
            for _ in range(times):
                began = time.monotonic()
                caller = await meet.open(Visit("j", f"{base_url}/meet/{code_of(1)}", "Meetbot"))
                await caller.knock()
                await until(caller, Knocked)
                joins.append(time.monotonic() - began)
                await caller.close()
            for number in range(1, times + 1):
                caller = await meet.open(Visit("j", f"{base_url}/meet/{code_of(2)}", "Meetbot"))
                await caller.knock()
                told = await until(caller, Refused)
                seen = await teller.observed(code_of(2))
                shown = [line["at"] for line in seen["log"] if line["what"] == "knocked"][number - 1]
                verdicts.append((told.at - datetime.fromisoformat(shown)).total_seconds())
                await caller.close()
        await keeper.close()
        await meet.stop()
    return {
        "start_to_join_clicked_s": {"p50": at(joins, 0.5), "max": at(joins, 1)},
        "blocked_to_verdict_s": {"p50": at(verdicts, 0.5), "max": at(verdicts, 1)},
    }


async def due(number: int) -> Figures:
    """Meetings due at the same instant, by the whole daemon: how late the knocks fall."""
    with tempfile.TemporaryDirectory() as folder:
        overrides = {"browser": {"max_bots": number, "bots_per_browser": PER_BROWSER}}
        async with Stage(Path(folder), lambda _: None, overrides) as stage:
            join_at = datetime.now(UTC) + timedelta(seconds=40)
            for index in range(number):
                await stage.teller.create_meeting(code_of(index), access="open")
                wish = {"meetingUrl": stage.meet_url(code_of(index)), "joinAt": join_at.isoformat()}
                (await stage.api.post("/api/v1/jobs", json=wish)).raise_for_status()
            late = []
            for index in range(number):
                seen = await stage.teller.wait(code_of(index), "knocked", timeout=120)
                knocked_at = datetime.fromisoformat(seen["visitors"][0]["knocked_at"])
                late.append((knocked_at - join_at).total_seconds())
    return {"meetings": number, "late_s": {"p50": at(late, 0.5), "p99": at(late, 0.99), "max": max(late)}}


def main() -> None:
    """Print one JSON object a line: each measurement as it is done."""
    parser = argparse.ArgumentParser(description="What bots in calls cost and how quick they are.")
    parser.add_argument("--bots", type=int, nargs="*", default=[1, 10, 40, 100])
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each line is watched")
    parser.add_argument("--due", type=int, default=20, help="meetings due at the same instant; 0 for none")
    parser.add_argument("--quickness", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    crowd = Crowd()
    try:
        if options.quickness:
            print(json.dumps(asyncio.run(quickness(crowd.base_url))), flush=True)
        for number in options.bots:
            print(json.dumps(cost(crowd, number, options.seconds)), flush=True)
    finally:
        crowd.end()
    if options.due:
        print(json.dumps(asyncio.run(due(options.due))), flush=True)


if __name__ == "__main__":
    main()
