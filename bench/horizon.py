"""What it costs to hold weekly series without an end: taking them in, a day on which nothing is short, and a week's roll.

Real database, engine and reading process; the clock is put forward. A week's roll is the worst day there can be: every
series runs short at once, though in service a seventh does.
"""

import asyncio
import logging
import resource
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, cast

import sqlalchemy as sa
import structlog
from sqlmodel import col, func, select

from agent.engine import Engine
from agent.invites.reader import LimitedReader
from agent.lifecycle.house import BOTS_QUEUE, JOBS_QUEUE, Habits, House
from agent.lifecycle.invitations.calendar import Calendar, Message
from agent.lifecycle.invitations.horizon import Horizon
from agent.lifecycle.invitations.intake import Intake
from agent.lifecycle.plan import ATTEND
from agent.model.invite import Component
from agent.model.states import State
from agent.model.tables import Job
from agent.rules.ical import Context, read_calendar
from agent.rules.trust import Binding
from agent.store.database import Database
from bench.figures import Figure

SERIES = 1_000
BATCH = 10
IDLE_SECONDS = 10.0
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


class Complaints(logging.Handler):
    """Counts what the engine complains of, as of a database that was locked for too long."""

    number = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.number += 1


async def measure(directory: Path, series: int = SERIES) -> list[Figure]:
    """Take in, hold and roll that many series. Times are of the processor in this process, unless said otherwise."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    complaints = Complaints(logging.WARNING)
    logging.getLogger("dbos").addHandler(complaints)
    database = Database(f"sqlite:///{directory}/bench.db")
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
        habits=Habits(data_dir=directory),
    )
    await engine.start()
    try:
        figures = await _figures(house, clock, series)
    finally:
        await engine.stop()
        await reader.stop()
        database.close()
        logging.getLogger("dbos").removeHandler(complaints)
    return [*figures, Figure("complaints of the engine meanwhile", complaints.number, "", 0)]


async def _figures(house: House, clock: Clock, series: int) -> list[Figure]:
    name = f"{series:,} weekly series"
    busy = process_time()
    await asyncio.to_thread(_take_in, house, clock, series)
    each = (process_time() - busy) / series * 1000
    found = [Figure(f"{name}: taking one in", each, "ms", 20, more={"jobs": _jobs(house)})]
    began = perf_counter()
    await Horizon(house, Intake(house))()
    found.append(Figure(f"{name}: a day on which none is short", perf_counter() - began, "s", 1))
    clock.ahead = timedelta(days=8)
    _let_pass(house)
    began, busy = perf_counter(), process_time()
    await Horizon(house, Intake(house))()
    spent, wall = process_time() - busy, perf_counter() - began
    more = {"all, wall s": round(wall, 1), "jobs": _jobs(house)}
    found.append(Figure(f"{name}: rolling one on", spent / series * 1000, "ms", 15, more=more))
    busy = process_time()
    await asyncio.sleep(IDLE_SECONDS)
    share = 100 * (process_time() - busy) / IDLE_SECONDS
    found.append(Figure(f"{name}: holding them, of one core", share, "%", 2))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = house.database.path.stat().st_size / 1e6 if house.database.path else 0.0
    found.append(Figure(f"{name}: memory at most", memory, "MB", 250, more={"database MB": round(size, 1)}))
    return found


def _take_in(house: House, clock: Clock, series: int) -> None:
    for begin in range(0, series, BATCH):
        with house.database.write() as session:
            for number in range(begin, min(begin + BATCH, series)):
                host = f"host{number}@example.com"
                message = Message(
                    component(number, clock.now()), "smtp", host, "", binding=Binding(host, "example.com")
                )
                Calendar(session, house, message.component.uid).take(message)


def _let_pass(house: House) -> None:
    """Have the meetings that are over by now been attended."""
    with house.database.write() as session:
        over = sa.update(Job).where(col(Job.join_at) < house.now())
        session.execute(over.values(state=State.COMPLETED.value))


def _jobs(house: House) -> int:
    with house.database.read() as session:
        return session.exec(select(func.count()).select_from(Job)).one()


async def _nothing(*_arguments: str | int) -> None:
    """Stand for the bots, which this does not measure."""
