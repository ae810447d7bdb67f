"""The durable engine on a real SQLite file."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import agent.engine as engine_module
from agent.engine import Engine
from agent.errors import Temporary
from agent.ports import Inbox
from agent.store.database import Database
from tests.fresh_database import Away, fresh_database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return fresh_database(tmp_path / "engine.db")


class Diary:
    """Notes what ran, and lets a test wait for it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._changed = asyncio.Event()

    def note(self, line: str) -> None:
        self.lines.append(line)
        self._changed.set()

    async def until(self, *lines: str) -> None:
        async with asyncio.timeout(30):
            while not set(lines) <= set(self.lines):
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
async def diary() -> Diary:
    return Diary()


@pytest.fixture
async def engine(database: Database, diary: Diary) -> AsyncIterator[Engine]:
    engine = Engine(database, queues={"jobs": 5}, poll_seconds=0.05)

    async def write(line: str) -> None:
        diary.note(line)

    async def listen(inbox: Inbox, name: str) -> None:
        diary.note(f"{name} listens")
        while (message := await inbox.get())["verb"] != "leave":
            diary.note(f"{name} heard {message['verb']}")
        diary.note(f"{name} left")

    async def fail_once(name: str) -> None:
        diary.note(f"{name} tried")
        if diary.lines.count(f"{name} tried") == 1:
            raise Temporary("not now", retry_after_seconds=0.1)
        diary.note(f"{name} worked")

    engine.handles("write", write, queue="jobs")
    engine.handles("listen", listen, queue="jobs", hears=True)
    engine.handles("fail_once", fail_once, queue="jobs")
    await engine.start()
    yield engine
    await engine.stop()


async def test_a_job_runs_once_however_often_its_key_is_given(
    engine: Engine, database: Database, diary: Diary
) -> None:
    for _ in range(3):
        with database.write() as session:
            engine.after(session, "write", "once", "first")
    with database.write() as session:
        engine.after(session, "write", "other", "second")
    await diary.until("first", "second")
    assert diary.lines.count("first") == 1


async def test_a_job_starts_at_once_and_the_next_when_there_is_room_however_seldom_the_queue_is_looked_at(
    database: Database, diary: Diary
) -> None:
    engine = Engine(database, queues={"jobs": 1}, poll_seconds=600.0)

    async def write(line: str) -> None:
        diary.note(line)

    engine.handles("write", write, queue="jobs")
    await engine.start()
    for line in ("first", "second", "third"):
        with database.write() as session:
            engine.after(session, "write", line, line)
    await diary.until("first", "second", "third")
    await engine.stop()


async def test_what_waited_for_this_process_starts_with_it(database: Database, diary: Diary) -> None:
    async def write(line: str) -> None:
        diary.note(line)

    before, now = (Engine(database, queues={"jobs": 5}, poll_seconds=600.0) for _ in range(2))
    for engine in (before, now):
        engine.handles("write", write, queue="jobs")
    with database.write() as session:
        before.after(session, "write", "early", "early")
    await now.start()
    await diary.until("early")
    await now.stop()


async def test_a_job_does_not_exist_when_its_transaction_is_rolled_back(
    engine: Engine, database: Database, diary: Diary
) -> None:
    def change_its_mind() -> None:
        with database.write() as session:
            engine.after(session, "write", "ghost", "ghost")
            raise RuntimeError("the caller changed its mind")

    with pytest.raises(RuntimeError):
        change_its_mind()
    with database.write() as session:
        engine.after(session, "write", "real", "real")
    await diary.until("real")
    assert "ghost" not in diary.lines


async def test_a_delayed_job_waits_and_can_be_dropped(
    engine: Engine, database: Database, diary: Diary
) -> None:
    dropped_in_time = False
    for seconds in (0.2, 1.0, 5.0):  # a busy machine may take longer than that to drop it
        never = datetime.now(UTC) + timedelta(seconds=seconds)
        soon = never + timedelta(seconds=seconds)
        with database.write() as session:
            engine.after(session, "write", f"never {seconds}", "never", at=never)
            engine.after(session, "write", f"soon {seconds}", f"soon {seconds}", at=soon)
        await engine.drop(f"never {seconds}")
        dropped_in_time = datetime.now(UTC) < never
        await diary.until(f"soon {seconds}")
        assert datetime.now(UTC) >= soon
        if dropped_in_time:
            break
        diary.lines.clear()
    assert dropped_in_time
    assert "never" not in diary.lines


async def test_a_running_job_hears_each_verb_once(engine: Engine, database: Database, diary: Diary) -> None:
    with database.write() as session:
        engine.after(session, "listen", "bot", "bot")
    await diary.until("bot listens")
    await engine.tell("bot", "ask_again", "uid-1")
    await engine.tell("bot", "ask_again", "uid-1")
    await engine.tell("bot", "leave", "uid-2")
    await diary.until("bot left")
    assert diary.lines.count("bot heard ask_again") == 1


async def test_a_job_that_fails_runs_again_later(engine: Engine, database: Database, diary: Diary) -> None:
    with database.write() as session:
        engine.after(session, "fail_once", "shaky", "shaky")
    await diary.until("shaky worked")
    assert diary.lines.count("shaky tried") == 2


async def test_what_a_stop_interrupts_starts_again_with_the_next_process(
    tmp_path: Path, diary: Diary
) -> None:
    database = fresh_database(tmp_path / "restart.db")

    async def stay() -> None:
        diary.note("came")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.to_thread(diary.lines.append, "tidied up")

    async def hear(inbox: Inbox) -> None:
        diary.note("back")

    first = Engine(database, queues={"jobs": 5}, poll_seconds=0.05)
    first.handles("stay", lambda inbox: stay(), queue="jobs", hears=True)
    await first.start()
    with database.write() as session:
        first.after(session, "stay", "stay-1")
    await diary.until("came")
    await first.stop()
    assert diary.lines[-1] == "tidied up"
    second = Engine(database, queues={"jobs": 5}, poll_seconds=0.05)
    second.handles("stay", hear, queue="jobs", hears=True)
    await second.start()
    await diary.until("back")
    await second.stop()


async def test_a_job_that_failed_because_the_database_was_away_is_planned_again_once_it_is_back(
    engine: Engine, database: Database, diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "AWAY_SECONDS", 0.01)
    with database.write() as session:
        engine.after(session, "fail_once", "shaky", "shaky")
    away = Away(database.write, 3)
    monkeypatch.setattr(database, "write", away)
    await diary.until("shaky worked")
    assert away.times == 0


async def test_a_job_that_hears_begins_anew_under_its_own_key_when_it_fails(
    database: Database, diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "RESTART_DELAYS_SECONDS", (0.01,))
    engine = Engine(database, queues={"jobs": 5}, poll_seconds=0.05)

    async def stumble(inbox: Inbox) -> None:
        diary.note("came")
        if diary.lines.count("came") == 1:
            raise Temporary("not now")
        diary.note("back")
        diary.note(f"heard {(await inbox.get())['verb']}")

    engine.handles("stumble", stumble, queue="jobs", hears=True)
    await engine.start()
    with database.write() as session:
        engine.after(session, "stumble", "bot")
    await diary.until("back")
    await engine.tell("bot", "leave", "uid-1")
    await diary.until("heard leave")
    await engine.stop()


@pytest.mark.parametrize("told_while", ["it runs again", "nobody runs it"])
async def test_a_job_that_a_stop_interrupted_hears_what_it_is_told_later(
    database: Database, diary: Diary, told_while: str
) -> None:
    async def listen(inbox: Inbox) -> None:
        diary.note("listens")
        while True:
            diary.note(f"heard {(await inbox.get())['verb']}")

    first, second = (Engine(database, queues={"jobs": 5}, poll_seconds=0.05) for _ in range(2))
    for engine in (first, second):
        engine.handles("listen", listen, queue="jobs", hears=True)
    await first.start()
    with database.write() as session:
        first.after(session, "listen", "bot")
    await first.tell("bot", "before", "uid-1")
    await diary.until("heard before")
    await first.stop()
    diary.lines.clear()
    if told_while == "nobody runs it":
        await second.tell("bot", "after", "uid-2")
    await second.start()
    await diary.until("listens", "heard before")
    if told_while == "it runs again":
        await second.tell("bot", "after", "uid-2")
    await diary.until("heard after")
    await second.stop()


async def test_all_that_finished_long_ago_is_forgotten_however_much_it_is(
    engine: Engine, database: Database, diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "FORGET_AT_ONCE", 2)
    lines = [f"line {number}" for number in range(5)]
    with database.write() as session:
        for line in lines:
            engine.after(session, "write", line, line)
    await diary.until(*lines)
    async with asyncio.timeout(30):
        gone = 0
        while gone < len(lines):  # that a job has ended is recorded a moment after its end
            gone += await asyncio.to_thread(engine.forget_finished, datetime.now(UTC) + timedelta(hours=1))
    assert not await asyncio.to_thread(engine.alive, "line")
