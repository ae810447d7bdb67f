"""What bots in calls cost and how quick they are, on real Chromium against the fake Meet.

python -m bench.meet [--bots 1 10 40 100] [--seconds 20] [--due 20] [--soak-minutes 0]

Cost is counted above idle pages: the same number of the same page in the same browsers, joined, with no bot looking at
them. Memory is proportional (PSS) of the browsers; CPU is of browsers, driver and Python, in percent of one core. The fake
world runs in a process of its own and is not counted. Latency is from the order to the caption to its event.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
from playwright.async_api import Page, async_playwright

from agent.daemon.clock import SystemClock
from agent.meet import BrowserMeet, Launch
from agent.meet.browser import start_browser
from agent.meet.call import PageCaller
from agent.model.call import Admitted, Captioned, Knocked, Refused, Visit
from agent.sandbox.demo.stage import Stage
from agent.sandbox.teller import Teller
from agent.sandbox.world import World

PER_BROWSER = 8
JOINING_AT_ONCE = 4
TALK_EVERY_SECONDS = 2.0
SAMPLES = 5
SPAWN = get_context("spawn")
Figures = dict[str, Any]


def code_of(number: int) -> str:
    letters = "".join("abcdefghij"[int(digit)] for digit in f"{number:04d}")
    return f"abc-{letters}-xyz"


def at(values: Sequence[float], share: float) -> float:
    """The quantile of some values, rounded; 0 of none."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 4) if ordered else 0.0


def host(telling: Connection) -> None:
    """The fake world, until its process is ended."""

    async def run() -> None:
        async with World() as world:
            telling.send(world.base_url)
            await asyncio.Event().wait()

    asyncio.run(run())


class Family:
    """This process with all its children: their memory and the time they spent."""

    def __init__(self) -> None:
        self._me = psutil.Process()

    def pss_mb(self) -> float:
        total = 0
        for child in self._children():
            try:
                if "chrom" in child.name():
                    total += child.memory_full_info().pss
            except psutil.Error:
                continue
        return total / 1e6

    def cpu_seconds(self) -> float:
        spent = 0.0
        for one in (self._me, *self._children()):
            try:
                times = one.cpu_times()
            except psutil.Error:
                continue
            spent += times.user + times.system
        return spent

    def descriptors(self) -> int:
        return self._me.num_fds()

    def processes(self) -> int:
        return len(self._children())

    def browsers(self) -> int:
        return sum("chrom" in child.name() for child in self._children())

    def _children(self) -> list[psutil.Process]:
        return self._me.children(recursive=True)


async def watched(seconds: float) -> Figures:
    """Memory and CPU over a while in which nothing else is done."""
    family, began, spent, memory = Family(), time.monotonic(), 0.0, []
    spent = family.cpu_seconds()
    for _ in range(SAMPLES):
        await asyncio.sleep(seconds / SAMPLES)
        memory.append(family.pss_mb())
    passed = time.monotonic() - began
    return {"pss_mb": min(memory), "cpu_percent": (family.cpu_seconds() - spent) / passed * 100}


async def in_turns(doing: Sequence[Callable[[], Awaitable[Any]]]) -> list[Any]:
    """Do it all, a few at a time."""
    places = asyncio.Semaphore(JOINING_AT_ONCE)

    async def one(work: Callable[[], Awaitable[Any]]) -> Any:
        async with places:
            return await work()

    return await asyncio.gather(*(one(work) for work in doing))


async def idle_pages(base_url: str, number: int, seconds: float, ready: Callable[[], None]) -> Figures:
    """The pages alone."""
    async with async_playwright() as playwright:
        browsers = [await start_browser(Launch(), playwright) for _ in range(-(-number // PER_BROWSER))]

        async def join(index: int) -> Page:
            context = await browsers[index // PER_BROWSER].new_context(
                locale="en-US", viewport={"width": 1280, "height": 720}
            )
            page = await context.new_page()
            await page.goto(f"{base_url}/meet/{code_of(index)}?hl=en")
            await page.get_by_role("textbox", name="Your name").fill("Idle Person")
            await page.get_by_text("Join now", exact=True).click()
            await page.get_by_role("button", name="Leave call").wait_for()
            return page

        await in_turns([lambda index=index: join(index) for index in range(number)])  # type: ignore[misc]
        ready()
        figures = await watched(seconds)
        for browser in browsers:
            await browser.close()
        return figures


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


async def bots(base_url: str, number: int, seconds: float, ready: Callable[[], None]) -> Figures:
    """The same pages with a bot in each, who hears captions."""
    latencies: list[float] = []

    async def listen(caller: PageCaller) -> None:
        heard: set[str] = set()
        async for event in caller.events():
            if isinstance(event, Captioned) and event.text not in heard:
                heard.add(event.text)
                latencies.append(time.time() - float(event.text.rpartition(" ")[2]))

    with tempfile.TemporaryDirectory() as folder:
        meet = new_meet(folder, number)
        await meet.start()

        async def join(index: int) -> PageCaller:
            caller = await meet.open(Visit(f"j{index}", f"{base_url}/meet/{code_of(index)}", "Meetbot"))
            await caller.knock()
            await until(caller, Admitted)
            await caller.start_capture()
            return caller

        callers = await in_turns([lambda index=index: join(index) for index in range(number)])  # type: ignore[misc]
        listening = [asyncio.create_task(listen(caller)) for caller in callers]
        ready()
        figures = await watched(seconds)
        await asyncio.gather(*(caller.close() for caller in callers))
        await asyncio.gather(*listening)
        await meet.stop()
    return figures | {
        "events": len(latencies),
        "p50_ms": at(latencies, 0.5) * 1000,
        "p95_ms": at(latencies, 0.95) * 1000,
    }


def side(kind: str, base_url: str, number: int, seconds: float, telling: Connection) -> None:
    """One measurement in a process of its own."""
    work = {"idle": idle_pages, "bots": bots}[kind]
    telling.send(asyncio.run(work(base_url, number, seconds, lambda: telling.send("ready"))))


async def talk(base_url: str, number: int, until_at: float) -> None:
    """Somebody speaks in each meeting now and then; the words are the time."""
    async with Teller(base_url) as teller:
        spoken = 0
        while time.monotonic() < until_at:
            began = time.monotonic()
            for index in range(number):
                spoken += 1
                words = f"{spoken} words at {time.time():.6f}"
                step = {"do": "caption", "speaker": "Host Person", "text": words, "id": f"c{spoken}"}
                await teller.step(code_of(index), step)
                await asyncio.sleep(max(0.0, TALK_EVERY_SECONDS / number - 0.01))
            await asyncio.sleep(max(0.0, TALK_EVERY_SECONDS - (time.monotonic() - began)))


async def meetings(base_url: str, number: int) -> None:
    """Fresh meetings with a host in each, open to everybody."""
    async with Teller(base_url) as teller:
        await teller.reset()
        for index in range(number):
            await teller.create_meeting(code_of(index), access="open")
            person = {"do": "join_person", "id": "host", "name": "Host Person", "host": True}
            await teller.step(code_of(index), person)


def measure(kind: str, base_url: str, number: int, seconds: float) -> Figures:
    """Run one side and speak to it."""
    asyncio.run(meetings(base_url, number))
    hearing, telling = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=side, args=(kind, base_url, number, seconds, telling))
    process.start()
    telling.close()
    assert hearing.recv() == "ready"
    asyncio.run(talk(base_url, number, time.monotonic() + seconds))
    figures: Figures = hearing.recv()
    process.join()
    return figures


def cost(base_url: str, number: int, seconds: float) -> Figures:
    """One line of the table."""
    idle, bots_too = measure("idle", base_url, number, seconds), measure("bots", base_url, number, seconds)
    above = {name: (bots_too[name] - idle[name]) / number for name in ("pss_mb", "cpu_percent")}
    return {
        "bots": number,
        "pss_mb_per_page": round(idle["pss_mb"] / number, 1),
        "pss_mb_above_per_bot": round(above["pss_mb"], 1),
        "cpu_percent_per_page": round(idle["cpu_percent"] / number, 2),
        "cpu_percent_above_per_bot": round(above["cpu_percent"], 2),
        "events": bots_too["events"],
        "p50_ms": round(bots_too["p50_ms"], 1),
        "p95_ms": round(bots_too["p95_ms"], 1),
        "load_average": round(os.getloadavg()[0], 1),
    }


async def quickness(base_url: str, times: int = 5) -> Figures:
    """From the start to the pressed button, cold and warm; from the page's refusal to the verdict."""
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
        "start_to_join_clicked_s": {"p50": at(joins, 0.5), "max": max(joins)},
        "blocked_to_verdict_s": {"p50": at(verdicts, 0.5), "max": max(verdicts)},
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


async def soak(base_url: str, minutes: float, number: int = 5) -> Figures:
    """Calls one after the other for a while: what is held at their start and end, with no call open."""
    family, samples, calls = Family(), [], 0
    with tempfile.TemporaryDirectory() as folder:
        meet = new_meet(folder, number + 1)
        await meet.start()
        keeper = await meet.open(Visit("keeper", f"{base_url}/meet/{code_of(0)}", "Meetbot"))
        ends = time.monotonic() + minutes * 60

        async def call(index: int) -> None:
            caller = await meet.open(Visit(f"j{index}", f"{base_url}/meet/{code_of(index)}", "Meetbot"))
            await caller.knock()
            await until(caller, Admitted)
            await caller.start_capture()
            await asyncio.sleep(2)
            await caller.leave()
            await caller.close()

        while time.monotonic() < ends:
            await meetings(base_url, number)
            await asyncio.gather(*(call(index) for index in range(number)))
            calls += number
            samples.append((family.pss_mb(), family.descriptors(), family.processes()))
        await keeper.close()
        await meet.stop()
    third = max(1, len(samples) // 3)
    names = ("pss_mb", "descriptors", "processes")
    first, last = (
        [max(one) for one in zip(*part, strict=True)] for part in (samples[:third], samples[-third:])
    )
    return {
        "minutes": minutes,
        "calls": calls,
        "first_third": dict(zip(names, (round(value, 1) for value in first), strict=True)),
        "last_third": dict(zip(names, (round(value, 1) for value in last), strict=True)),
        "browser_processes_after_stop": family.browsers(),
    }


def main() -> None:
    """Print one JSON object a line: each measurement as it is done."""
    parser = argparse.ArgumentParser(description="What bots in calls cost and how quick they are.")
    parser.add_argument("--bots", type=int, nargs="*", default=[1, 10, 40, 100])
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="How long each line of the table is watched."
    )
    parser.add_argument("--due", type=int, default=20, help="Meetings due at the same instant; 0 for none.")
    parser.add_argument("--soak-minutes", type=float, default=0.0)
    options = parser.parse_args()
    hearing, telling = SPAWN.Pipe(duplex=False)
    world = SPAWN.Process(target=host, args=(telling,), daemon=True)
    world.start()
    base_url = hearing.recv()
    try:
        print(json.dumps(asyncio.run(quickness(base_url))), flush=True)
        for number in options.bots:
            print(json.dumps(cost(base_url, number, options.seconds)), flush=True)
        if options.soak_minutes:
            asyncio.run(meetings(base_url, 5))
            print(json.dumps(asyncio.run(soak(base_url, options.soak_minutes))), flush=True)
    finally:
        world.terminate()
        world.join()
    if options.due:
        print(json.dumps(asyncio.run(due(options.due))), flush=True)


if __name__ == "__main__":
    main()
