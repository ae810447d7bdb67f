"""The order in which the writers of one process are let in."""

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from agent.store.database import Database
from agent.store.turn import Turn
from tests.waiting import PATIENCE_SECONDS


def waiting(turn: Turn, number: int) -> None:
    """Wait until that many stand in line."""
    deadline = threading.Event()
    for _ in range(int(PATIENCE_SECONDS * 1000)):
        if len(turn._line) == number:
            return
        deadline.wait(0.001)
    raise AssertionError("nobody queued up")


def test_the_turn_goes_to_whoever_waits_longest() -> None:
    turn, order = Turn(), list[int]()
    assert turn.take(0)

    def write(number: int) -> None:
        assert turn.take(PATIENCE_SECONDS)
        order.append(number)
        turn.pass_on()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(5)]
    for number, writer in enumerate(writers):
        writer.start()
        waiting(turn, number + 1)
    turn.pass_on()
    for writer in writers:
        writer.join(PATIENCE_SECONDS)
    assert order == [0, 1, 2, 3, 4]


def test_who_goes_first_stands_before_those_who_wait() -> None:
    turn, order = Turn(), list[str]()
    assert turn.take(0)

    def write(name: str, first: bool) -> None:
        assert turn.take(PATIENCE_SECONDS, first=first)
        order.append(name)
        turn.pass_on()

    writers = [
        threading.Thread(target=write, args=one)
        for one in (("early", False), ("late", False), ("door", True))
    ]
    for number, writer in enumerate(writers):
        writer.start()
        waiting(turn, number + 1)
    turn.pass_on()
    for writer in writers:
        writer.join(PATIENCE_SECONDS)
    assert order == ["door", "early", "late"]


def test_who_gives_up_leaves_the_line() -> None:
    turn = Turn()
    assert turn.take(0)
    assert not turn.take(0.01)
    turn.pass_on()
    assert turn.take(0)


def test_the_durable_engine_waits_in_the_same_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.store.database.JOBS_BUSY_TIMEOUT_MS", 0)  # SQLite itself lets nobody wait
    database = Database(f"sqlite:///{tmp_path}/store.db")
    database.migrate()
    written = threading.Event()

    def write() -> None:
        with database.jobs_engine.begin() as connection:
            assert connection.execute(sa.text("SELECT 1")).scalar() == 1
            connection.execute(sa.text("UPDATE worker SET beat = beat + 1"))
        written.set()

    with database.write() as session:
        session.execute(sa.text("UPDATE worker SET beat = beat + 1"))
        writer = threading.Thread(target=write)
        writer.start()
        assert database._turn is not None
        waiting(database._turn, 1)
        assert not written.is_set()
    writer.join(PATIENCE_SECONDS)
    assert written.is_set()
    with database.write() as session:  # and passes the turn on
        session.execute(sa.text("UPDATE worker SET beat = beat + 1"))
    database.close()


def test_an_engine_s_transaction_that_fails_passes_the_turn_on(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/store.db")
    database.migrate()
    with pytest.raises(sa.exc.OperationalError), database.jobs_engine.begin() as connection:
        connection.execute(sa.text("UPDATE nowhere SET beat = 1"))
    with database.write() as session:
        session.execute(sa.text("UPDATE worker SET beat = beat + 1"))
    database.close()
