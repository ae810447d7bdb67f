"""Calls one after the other for a while: does what the bots hold stay flat?

python -m bench.soak [--minutes 10] [--times 6] [--calls 5] [--call-seconds 60]

So many calls are open at any time; each bot leaves after its time and another comes. With `--times 6` six times as much
happens in each meeting, so that ten minutes hold the captions, lines, comings and goings of an hour. With calls as long as
the whole (`--call-seconds`) it is seen whether one bot grows, with short ones whether its coming and going does. What is held is
sampled all the time; the slope is that of the straight line through the samples after the first fifth, per hour.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from dataclasses import dataclass, field
from typing import Any

import psutil

from agent.meet.call import PageCaller
from agent.model.call import Captioned
from bench.crowd import Crowd, Pace
from bench.meet import enter, new_meet
from bench.processes import family, memory_by_kind

SAMPLE_SECONDS = 5.0
PLACES_SECONDS = 60.0  # all places are taken within that time
WARM_UP = 0.2


@dataclass
class Held:
    """Samples of what this process and its browsers hold, without the fake world: (seconds since the start, value)."""

    world: int
    samples: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def sample(self) -> None:
        """Read everything once."""
        at = time.monotonic() - self.began
        try:
            pids = [pid for pid in family(ME) if pid != self.world]
            read = {f"{kind}_pss_mb": value for kind, value in memory_by_kind(pids).items()}
            read["all_pss_mb"] = sum(read.values())
            read |= {"python_descriptors": descriptors([ME]), "all_descriptors": descriptors(pids)}
            read["processes"] = float(len(pids))
        except (psutil.Error, OSError):  # a process ended while it was read
            return
        for name, value in read.items():
            self.samples.setdefault(name, []).append((at, value))

    def summary(self) -> dict[str, dict[str, float]]:
        """What became of each of them."""
        return {name: described(points) for name, points in self.samples.items()}


def described(points: list[tuple[float, float]]) -> dict[str, float]:
    """First and last fifth on average, the most, and the slope per hour after the warm-up."""
    fifth = max(1, len(points) // 5)
    values = [value for _, value in points]
    return {
        "first_fifth": round(sum(values[:fifth]) / fifth, 1),
        "last_fifth": round(sum(values[-fifth:]) / fifth, 1),
        "max": round(max(values), 1),
        "slope_per_hour": round(slope(points[int(len(points) * WARM_UP) :]) * 3600, 2),
    }


def slope(points: list[tuple[float, float]]) -> float:
    """Of the straight line that fits best."""
    if len(points) < 2:
        return 0.0
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def descriptors(pids: list[int]) -> float:
    """How many files and sockets the processes have open."""
    return float(sum(psutil.Process(pid).num_fds() for pid in pids))


ME = os.getpid()


async def soak(crowd: Crowd, minutes: float, calls: int, call_seconds: float, pace: Pace) -> dict[str, Any]:
    """Keep so many calls open for so long."""
    held, told = Held(crowd.pid), {"calls": 0, "captions": 0}
    ends, settling = time.monotonic() + minutes * 60, min(call_seconds, PLACES_SECONDS)

    async def listen(caller: PageCaller) -> None:
        async for event in caller.events():
            told["captions"] += isinstance(event, Captioned)

    async def place(index: int) -> None:
        await asyncio.sleep(index * settling / calls)
        while time.monotonic() < ends:
            caller = await enter(meet, crowd.base_url, index)
            listening = asyncio.create_task(listen(caller))
            await asyncio.sleep(min(call_seconds, max(0.0, ends - time.monotonic())))
            await caller.leave()
            await caller.close()
            await listening
            told["calls"] += 1

    async def sample() -> None:
        await asyncio.sleep(settling)
        while True:
            await asyncio.to_thread(held.sample)
            await asyncio.sleep(SAMPLE_SECONDS)

    with tempfile.TemporaryDirectory() as folder:
        crowd.fill(calls)
        crowd.talk(pace)
        meet = new_meet(folder, calls + 1)
        await meet.start()
        sampling = asyncio.create_task(sample())
        await asyncio.gather(*(place(index) for index in range(calls)))
        sampling.cancel()
        await asyncio.gather(sampling, return_exceptions=True)
        await meet.stop()
        updates = crowd.quiet()
    return {
        "minutes": minutes,
        "hours_of_events": round(minutes * pace.times / 60, 2),
        "calls_at_once": calls,
        **told,
        "caption_updates": updates,
        "held": held.summary(),
        "browser_processes_after_stop": len(family(ME, browsers=True)),
    }


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description="Does what bots hold stay flat?")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--times", type=float, default=6.0, help="how much faster than life the meetings go")
    parser.add_argument("--calls", type=int, default=5, help="calls open at a time")
    parser.add_argument("--call-seconds", type=float, default=60.0)
    options = parser.parse_args()
    crowd = Crowd()
    try:
        pace = Pace(times=options.times)
        done = asyncio.run(soak(crowd, options.minutes, options.calls, options.call_seconds, pace))
    finally:
        crowd.end()
    print(json.dumps(done))


if __name__ == "__main__":
    main()
