"""Sessions, locks and migrations on real SQLite files."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from agent.errors import Misconfigured, Temporary
from agent.model.tables import Worker
from agent.store.database import (
    MIGRATIONS,
    SAFE_SQLITE,
    Database,
    driver,
    metadata,
    revisions,
    sqlite_version,
)


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path}/store.db")
    database.migrate()
    return database


def pragma(database: Database, name: str) -> object:
    with database.engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_the_library_is_without_the_race_that_corrupts() -> None:
    assert sqlite_version() >= SAFE_SQLITE


def test_a_commit_is_on_disk_before_it_is_answered(database: Database) -> None:
    assert pragma(database, "journal_mode") == "wal"
    assert pragma(database, "synchronous") == 2  # FULL
    assert pragma(database, "foreign_keys") == 1


def test_a_glance_sees_what_was_committed_and_holds_nothing_back(database: Database) -> None:
    count = sa.select(sa.func.count()).select_from(Worker)
    with database.glance() as connection:
        assert connection.execute(count).scalar_one() == 0
        with database.write() as session:
            session.add(Worker(id="w", started_at=_now()))
        assert connection.execute(count).scalar_one() == 1, "a statement is a transaction of its own"


def test_the_migrations_make_exactly_the_tables_of_the_model(database: Database) -> None:
    def no_search_index(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or name is None or not name.startswith(("said", "noted"))

    with database.engine.connect() as connection:
        options = {"compare_type": False, "include_name": no_search_index}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_revisions_are_what_their_files_are_named() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    newest_first = ScriptDirectory.from_config(config).walk_revisions()
    assert [one.revision for one in newest_first] == list(reversed(revisions()))


def test_migrating_twice_changes_nothing(database: Database) -> None:
    database.migrate()


def test_a_schema_from_the_future_is_refused_with_what_to_do(database: Database) -> None:
    with database.write() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Misconfigured, match="Install the version that made it"):
        database.migrate()


def test_read_then_write_from_many_threads_loses_nothing(database: Database) -> None:
    with database.write() as session:
        session.add(Worker(id="w", beat=0, started_at=_now()))

    def add_ten() -> None:
        for _ in range(10):
            with database.write() as session:
                worker = session.get(Worker, "w")
                assert worker is not None
                worker.beat += 1
                session.add(worker)

    threads = [threading.Thread(target=add_ten) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        worker = session.get(Worker, "w")
        assert worker is not None
        assert worker.beat == 80


def test_a_locked_database_is_a_temporary_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.store.database.BUSY_TIMEOUT_MS", 50)
    database = Database(f"sqlite:///{tmp_path}/locked.db")
    database.migrate()
    holder = driver.connect(tmp_path / "locked.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Temporary), database.write() as session:
        session.add(Worker(id="w", started_at=_now()))
    holder.close()


def test_a_full_disk_is_a_temporary_trouble_and_heals(database: Database) -> None:
    with database.write() as session:
        pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar()
    with database.engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        connection.rollback()
        with pytest.raises(sa.exc.OperationalError, match="full"):
            connection.execute(
                sa.text("INSERT INTO worker (id, beat, started_at) VALUES (:id, 0, '2026-01-01')"),
                {"id": "w" * 200_000},
            )
        connection.rollback()
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
        connection.rollback()
    with database.write() as session:
        session.add(Worker(id="w", started_at=_now()))


def test_a_second_process_is_kept_off_the_file(database: Database) -> None:
    database.lock()
    with pytest.raises(Misconfigured, match="Stop it first"):
        Database(str(database.url)).lock()
    database.close()
    other = Database(str(database.url))
    other.lock()
    other.close()


def test_many_writers_take_their_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.store.database.BUSY_TIMEOUT_MS", 200)
    database = Database(f"sqlite:///{tmp_path}/busy.db")
    database.migrate()
    refused: list[Temporary] = []

    def write(number: int) -> None:
        try:
            with database.write() as session:
                session.add(Worker(id=f"w{number}", beat=0, started_at=_now()))
                session.flush()
                threading.Event().wait(0.05)  # as long as a busy machine takes
        except Temporary as error:
            refused.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert refused == []
    database.close()
