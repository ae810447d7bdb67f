"""The daemon by itself: how soon it is ready, and what it takes while ten thousand meetings wait."""

import asyncio
import os
import socket
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent import app
from agent.config.load import load
from agent.daemon.clock import SystemClock
from agent.lifecycle import plan
from agent.sandbox.demo.stage import Stage
from bench.figures import Figure, spread
from bench.processes import family, use

MEETINGS = 10_000
STARTS = 5
BATCH = 500
SETTLE_SECONDS = 15.0
WATCH_SECONDS = 30.0
PATIENCE_SECONDS = 60.0


async def measure(directory: Path) -> list[Figure]:
    """Start, fill, start again and watch."""
    async with Stage(directory, lambda _: None) as stage:
        await stage.stop_daemon()
        empty = [await _start_seconds(stage, directory / "notify") for _ in range(STARTS)]
        await asyncio.to_thread(_fill, stage.config)
        full = await _start_seconds(stage, directory / "notify")
        await stage.start_daemon()
        await asyncio.sleep(SETTLE_SECONDS)
        idle = await use(family(stage.daemon_pid), WATCH_SECONDS)
    return [
        Figure("cold start → ready", statistics.median(empty), "s", 3.0, more=spread(empty)),
        Figure(f"cold start → ready, {MEETINGS:,} meetings waiting", full, "s", 3.0),
        Figure(f"idle, {MEETINGS:,} meetings waiting: of one core", idle.core_percent, "%", 1.0),
        Figure(f"idle, {MEETINGS:,} meetings waiting: memory", idle.memory_mb, "MB", 150.0),
    ]


async def _start_seconds(stage: Stage, channel: Path) -> float:
    """Start the daemon as systemd does, until it says READY=1; end it again."""
    channel.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(channel))
        notified.setblocking(False)
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agent", "serve", "--config", str(stage.config)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=os.environ | {"NOTIFY_SOCKET": str(channel)},
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            said = await asyncio.get_running_loop().sock_recv(notified, 100)
        seconds = time.monotonic() - began
        assert said == b"READY=1", said
        process.terminate()
        await process.wait()
    return seconds


def _fill(config: Path) -> None:
    """Put meetings of the coming year into the database, as a mail or an API call would."""
    house = app.build(load(config, environment={}), SystemClock()).house
    begin = datetime.now(UTC) + timedelta(days=1)
    for first in range(0, MEETINGS, BATCH):
        with house.database.write() as session:
            for number in range(first, first + BATCH):
                starts_at = begin + timedelta(minutes=50 * number)
                code = f"wai-{''.join('abcdefghij'[int(digit)] for digit in f'{number:04d}')}-ing"
                plan.create(
                    session,
                    house,
                    plan.Wish(
                        key=f"bench:{number}",
                        meeting_url=f"{house.habits.meet_url}/{code}",
                        meeting_code=code,
                        title=f"Meeting {number}",
                        join_at=starts_at,
                        starts_at=starts_at,
                        ends_at=starts_at + timedelta(minutes=30),
                        inviter="host@example.com",
                        source="api",
                    ),
                )
    house.database.close()
