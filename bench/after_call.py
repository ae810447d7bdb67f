"""How long it takes from the bot's leaving to the accepted recap: real engine, real phases, a slow proxy.

python -m bench.after_call [--entries 2000] [--delay 0.1] [--people 12]

`beyond_seconds` is what is left of the whole when Meet's answers (the chain of requests that have to follow one another) and
the writing of the summary are taken off: queues, commits, letters, SMTP.
"""

import argparse
import asyncio
import json
import math
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlmodel import select

from agent import app
from agent.config.settings import Settings
from agent.daemon.clock import SystemClock
from agent.lifecycle.attendance.ending import HARVEST
from agent.lifecycle.house import House
from agent.lifecycle.outbox import DELIVER
from agent.model.states import Told
from agent.model.tables import Consent, Job, JobEvent, SummaryVersion
from agent.okoro.endpoints import LIST_ENTRIES
from agent.sandbox.world import World
from bench.harvest import CHAIN_BEFORE_ENTRIES, CODE
from bench.slow_proxy import END, START, serve

PATIENCE_SECONDS = 120.0


def measure(entries: int, delay_seconds: float, people: int) -> dict[str, float]:
    """Return the whole time, the summary's share, and what is left beyond Meet and summary."""
    context = get_context("spawn")
    hearing, telling = context.Pipe(duplex=False)
    proxy = context.Process(target=serve, args=(telling, entries, people, delay_seconds), daemon=True)
    proxy.start()
    try:
        whole, model = asyncio.run(_play(f"http://127.0.0.1:{hearing.recv()}"))
    finally:
        proxy.terminate()
        proxy.join()
    meet = (CHAIN_BEFORE_ENTRIES + math.ceil(entries / LIST_ENTRIES.page_size)) * delay_seconds
    figures = {"seconds": whole, "meet": meet, "model": model, "beyond_seconds": whole - meet - model}
    return {name: round(value, 3) for name, value in figures.items()}


async def _play(proxy: str) -> tuple[float, float]:
    async with AsyncExitStack() as opened:
        folder = Path(opened.enter_context(TemporaryDirectory()))
        world = await opened.enter_async_context(World(directory=folder / "world"))
        built = app.build(_settings(world, proxy, folder), SystemClock())
        house = built.house
        await asyncio.to_thread(house.database.migrate)
        await house.engine.start()
        opened.push_async_callback(built.proxy.aclose)
        opened.push_async_callback(house.engine.stop)
        await _warm_up(house)
        left = await asyncio.to_thread(_leave, house)
        accepted = await _accepted(house)
        (row,) = await asyncio.to_thread(_versions, house)
    return (accepted - left).total_seconds(), row.took_ms / 1000


async def _warm_up(house: House) -> None:
    """Let the engine run a job that does nothing: a server that has just started is not what is measured."""

    def put() -> None:
        with house.database.write() as session:
            house.engine.after(session, DELIVER, "warm-up", "none", 1)

    await asyncio.to_thread(put)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await asyncio.to_thread(house.engine.alive, "warm-up"):
            await asyncio.sleep(0.02)


def _settings(world: World, proxy: str, folder: Path) -> Settings:
    """Return the settings of a server that mails into this world and has the embedded summary."""
    sections = world.settings()
    sections["google_calendar"]["enabled"] = False
    sections["bot"]["data_dir"] = str(folder)
    sections["summary"] = {"engine": "extractive"}
    sections["okoro"] |= {"proxy_url": f"{proxy}/p", "token_url": f"{proxy}/t/tokens"}
    return Settings.model_validate(sections)


def _leave(house: House) -> datetime:
    """Put a meeting where the bot has just left it, start what follows, and return when that was."""
    with house.database.write() as session:
        left = house.now()
        job = Job(
            public_id="job_bench",
            key="bench",
            state="finalizing",
            title="Bench",
            meeting_url=f"https://meet.google.com/{CODE}",
            meeting_code=CODE,
            inviter="host@example.com",
            join_at=START,
            starts_at=START,
            ends_at=END,
            admitted_at=START,
            left_at=left,
            created_at=START,
            updated_at=left,
        )
        session.add(job)
        session.flush()
        session.add(Consent(job_id=job.id or 0, at=START, outcome="granted", who="Person 0", words="yes"))
        house.engine.after(session, HARVEST, "harvest:job_bench:1:1", job.id or 0, 1)
        return left


async def _accepted(house: House) -> datetime:
    """Wait for the line that says that the mail server took the recap, and return its time."""

    def found() -> datetime | None:
        with house.database.read() as session:
            lines = session.exec(select(JobEvent).where(JobEvent.kind == Told.MAIL_ACCEPTED.value)).all()
            return lines[0].at if lines else None

    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (at := await asyncio.to_thread(found)):
            await asyncio.sleep(0.02)
    return at


def _versions(house: House) -> Sequence[SummaryVersion]:
    with house.database.read() as session:
        return session.exec(select(SummaryVersion)).all()


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description="How long it takes from leaving to the accepted recap.")
    parser.add_argument("--entries", type=int, default=2000)
    parser.add_argument("--delay", type=float, default=0.1)
    parser.add_argument("--people", type=int, default=12)
    options = parser.parse_args()
    print(json.dumps(measure(options.entries, options.delay, options.people)))


if __name__ == "__main__":
    main()
