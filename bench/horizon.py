"""What it costs to hold weekly series without an end: taking them in, a day on which nothing is short, and a week's roll.

python -m bench.horizon [--series 10000]

Real database, engine and reading process; the clock is put forward. A week's roll is the worst day there can be: every
series runs short at once, though in service a seventh does.
"""

import argparse
import asyncio
import json
import logging
import resource
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, cast

import structlog
from sqlalchemy import func
from sqlmodel import select

from agent.engine import Engine
from agent.invites.reader import LimitedReader
from agent.lifecycle.house import BOTS_QUEUE, JOBS_QUEUE, Habits, House
from agent.lifecycle.invitations.calendar import Calendar, Message
from agent.lifecycle.invitations.horizon import Horizon
from agent.lifecycle.invitations.intake import Intake
from agent.lifecycle.plan import ATTEND
from agent.model.invite import Component
from agent.model.tables import Job
from agent.rules.ical import Context, read_calendar
from agent.rules.trust import Binding
from agent.store.database import Database

BATCH = 10
EVENT = """BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
UID:{uid}
DTSTAMP:{stamp}
DTSTART:{start}
DURATION:PT30M
RRULE:FREQ=WEEKLY
SUMMARY:Weekly review
ORGANIZER:mailto:{host}
ATTENDEE:mailto:bot@example.com
LOCATION:https://meet.google.com/{code}
END:VEVENT
END:VCALENDAR
"""


class Clock:
    """The machine's clock, which the measurement puts forward."""

    ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def component(number: int, now: datetime) -> Component:
    """Return one weekly series; each has a host and a meeting of its own."""
    text = EVENT.format(
        uid=f"series-{number}@example.com",
        stamp=f"{now:%Y%m%dT%H%M%SZ}",
        start=f"{now + timedelta(hours=2, minutes=number % 10_000):%Y%m%dT%H%M%SZ}",
        host=f"host{number}@example.com",
        code=f"{_letters(number // 17_576 + 1, 3)}-aaaa-{_letters(number, 3)}",
    )
    return read_calendar(text.encode(), Context(now)).components[0]


def _letters(number: int, length: int) -> str:
    return "".join(chr(97 + number // 26**place % 26) for place in reversed(range(length)))


async def measure(series: int) -> dict[str, float]:
    """Return the figures; times are of CPU in this process, and of the wall where it says so."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/bench.db")
        database.migrate()
        engine = Engine(database, queues={BOTS_QUEUE: 1, JOBS_QUEUE: 1})
        engine.handles(ATTEND, _nothing, queue=BOTS_QUEUE)
        reader, clock = LimitedReader(), Clock()
        idle: Any = None
        house = House(
            database=database,
            engine=engine,
            clock=cast(Any, clock),
            meet=idle,
            transcripts=idle,
            summariser=idle,
            letters=idle,
            mailer=idle,
            hooks=idle,
            reader=reader,
            habits=Habits(data_dir=Path(folder)),
        )
        await engine.start()
        try:
            return await _figures(house, clock, series)
        finally:
            await engine.stop()
            await reader.stop()
            database.close()


async def _figures(house: House, clock: Clock, series: int) -> dict[str, float]:
    horizon = Horizon(house, Intake(house))
    busy = process_time()
    for begin in range(0, series, BATCH):
        with house.database.write() as session:
            for number in range(begin, min(begin + BATCH, series)):
                host = f"host{number}@example.com"
                message = Message(
                    component(number, clock.now()), "smtp", host, "", binding=Binding(host, "example.com")
                )
                Calendar(session, house, message.component.uid).take(message)
    figures = {
        "series": series,
        "held_jobs": _jobs(house),
        "take_in_ms_each": (process_time() - busy) / series * 1000,
    }
    size = house.database.path
    figures["database_mb"] = size.stat().st_size / 1e6 if size else 0.0
    began = perf_counter()
    await horizon()
    figures["quiet_day_seconds"] = perf_counter() - began
    clock.ahead = timedelta(days=8)
    began, busy = perf_counter(), process_time()
    await horizon()
    figures["week_roll_wall_seconds"] = perf_counter() - began
    figures["week_roll_ms_each"] = (process_time() - busy) / series * 1000
    figures["jobs_after"] = _jobs(house)
    busy = process_time()
    await asyncio.sleep(10)
    figures["idle_cpu_percent"] = (process_time() - busy) * 10
    figures["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {name: round(value, 2) for name, value in figures.items()}


def _jobs(house: House) -> int:
    with house.database.read() as session:
        return session.exec(select(func.count()).select_from(Job)).one()


async def _nothing(*_arguments: str | int) -> None:
    """Stand for the bots, which this does not measure."""


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description="What it costs to hold weekly series without an end.")
    parser.add_argument("--series", type=int, default=10_000)
    print(json.dumps(asyncio.run(measure(parser.parse_args().series))))


if __name__ == "__main__":
    main()
