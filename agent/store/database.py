"""Connections and sessions. SQLite by default, PostgreSQL when there is more than one machine; one code path.

SQLite's rules: WAL with `synchronous=FULL` (a commit backs an SMTP 250), `BEGIN IMMEDIATE` for everything that writes
(a plain BEGIN fails at once when two read-then-write transactions meet), and a library without the WAL-reset race
(3.51.3 or newer), which pysqlite3 brings along.
"""

import fcntl
import importlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

import agent.model.tables as tables
from agent.errors import Misconfigured, Temporary
from agent.store.turn import Turn

try:
    driver: Any = importlib.import_module("pysqlite3.dbapi2")
except ImportError:  # platforms without its wheel use the interpreter's own library
    driver = sqlite3

SAFE_SQLITE = (3, 51, 3)
BUSY_TIMEOUT_MS = 5_000
JOBS_BUSY_TIMEOUT_MS = 30_000
TURN_SECONDS = 30.0
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
MIGRATIONS = Path(__file__).parent / "migrations"
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "journal_size_limit=67108864",
    "trusted_schema=OFF",
)
metadata = SQLModel.metadata
assert tables  # every table is registered before the metadata is used


def sqlite_version() -> tuple[int, ...]:
    """Return the version of the SQLite library in use."""
    return tuple(int(part) for part in driver.sqlite_version.split("."))


def revisions() -> tuple[str, ...]:
    """Return the schema's revisions, oldest first, by which their files are named."""
    return tuple(sorted(path.name.partition("_")[0] for path in MIGRATIONS.glob("versions/[0-9]*.py")))


class Database:
    """One database. `read()` and `write()` give sessions; `jobs_engine` is the durable engine's own way in."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.embedded = self.url.get_backend_name() == "sqlite"
        self._lock: IO[str] | None = None
        self._turn = Turn() if self.embedded else None
        if self.embedded:
            self.engine = self._sqlite_engine(BUSY_TIMEOUT_MS, explicit_begin=True)
            self.jobs_engine = self._sqlite_engine(JOBS_BUSY_TIMEOUT_MS, explicit_begin=False)
            self._let_jobs_queue_up(self.jobs_engine)
        else:
            self.url = self.url.set(drivername="postgresql+psycopg")
            self.engine = sa.create_engine(self.url, pool_pre_ping=True, pool_size=10)
            self.jobs_engine = sa.create_engine(self.url, pool_pre_ping=True, pool_size=10)
        self._reader = self.engine.execution_options(reads=True)
        self._glancer = self._reader.execution_options(glances=True)

    @property
    def path(self) -> Path | None:
        """The database's file, or None where it is not a file."""
        return Path(self.url.database) if self.embedded and self.url.database else None

    @contextmanager
    def write(self, *, first: bool = False) -> Iterator[Session]:
        """Open a session whose transaction may write; commit at the end, roll back on an error.

        With `first` it goes before all others that wait to write, for what somebody outside waits for.

        Raises `Temporary` when the database is locked, full or away.
        """
        with self._my_turn(first), self._session(self.engine) as session:
            yield session
            session.commit()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that only reads; it never takes the write lock."""
        with self._session(self._reader) as session:
            yield session

    @contextmanager
    def glance(self) -> Iterator[sa.Connection]:
        """Open a connection for one statement that reads: half of a session's price, for what every request asks."""
        with _our_errors(), self._glancer.connect() as connection:
            yield connection

    @contextmanager
    def _my_turn(self, first: bool) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        if not self._turn.take(TURN_SECONDS, first=first):
            raise Temporary("The database cannot take this now.", full="database: too many writers wait")
        try:
            yield
        finally:
            self._turn.pass_on()

    @contextmanager
    def _session(self, engine: sa.Engine) -> Iterator[Session]:
        with _our_errors(), Session(engine, expire_on_commit=False) as session:
            yield session

    def migrate(self) -> None:
        """Bring the schema to the newest revision. A schema newer than this build is refused."""
        self._ensure_folder()
        current, known = self.revision(), revisions()
        if current and current not in known:
            raise Misconfigured(
                f"The database has schema {current}, which this version of meetbot does not know. "
                "Install the version that made it, or restore a backup made before the upgrade."
            )
        if current != known[-1]:
            # Alembic takes ten megabytes and a quarter of a second, which only those pay who upgrade.
            importlib.import_module("agent.store.upgrading").upgrade(self.engine, MIGRATIONS)

    def revision(self) -> str:
        """Return the schema's revision; '' for a database that is not there yet."""
        with self._opening(), self.engine.connect() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return ""
            return str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() or "")

    def lock(self) -> None:
        """Hold the lock file that keeps a second process off an SQLite database; a no-op on PostgreSQL."""
        if self.path is None:
            return
        self._ensure_folder()
        try:
            handle = self.path.with_suffix(self.path.suffix + ".lock").open("w")
        except OSError as error:
            raise _no_place(self.path.parent, error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            handle.close()
            raise Misconfigured(
                f"Another meetbot process is using {self.path}. Stop it first, or give this one a [database] url of its own."
            ) from error
        self._lock = handle

    def checkpoint(self) -> None:
        """Fold SQLite's write-ahead log into the file, so that deleted text is gone from the disk too."""
        if self.embedded:
            connection = self.engine.raw_connection()
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()

    def close(self) -> None:
        """Close every connection and let the lock go."""
        self.engine.dispose()
        self.jobs_engine.dispose()
        if self._lock:
            self._lock.close()
            self._lock = None

    def _let_jobs_queue_up(self, engine: sa.Engine) -> None:
        """Let the durable engine's own transactions wait in the same line as ours.

        Its connection takes the turn with the first statement that writes, and passes it on when it goes back to the
        pool. When the turn does not come, SQLite's own timeout has the last word.
        """
        turn = self._turn
        assert turn is not None

        @sa.event.listens_for(engine, "before_cursor_execute")
        def _take(connection: sa.Connection, _cursor: object, statement: str, *_rest: object) -> None:
            if statement.lstrip()[:7].upper().startswith(WRITES) and not connection.info.get("turn"):
                connection.info["turn"] = turn.take(TURN_SECONDS)

        @sa.event.listens_for(engine, "checkin")
        def _pass_on(_connection: object, record: Any) -> None:
            if record.info.pop("turn", False):
                turn.pass_on()

    def _ensure_folder(self) -> None:
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _no_place(self.path.parent, error) from error

    @contextmanager
    def _opening(self) -> Iterator[None]:
        """Tell what keeps the database from being opened, and what to do about it."""
        where = self.path or self.url.render_as_string(hide_password=True)
        try:
            yield
        except sa.exc.OperationalError as error:
            raise Temporary(
                f"The database {where} cannot be opened. See that it runs and lets this user in, or correct database.url.",
                full=f"database: {error}",
            ) from error
        except sa.exc.DatabaseError as error:
            raise Misconfigured(
                f"{where} is no database of Meetbot ({error.orig}). Restore a backup, or correct database.url."
            ) from error

    def _sqlite_engine(self, busy_timeout_ms: int, *, explicit_begin: bool) -> sa.Engine:
        engine = sa.create_engine(
            self.url,
            module=driver,
            connect_args={"check_same_thread": False, "timeout": busy_timeout_ms / 1000},
        )

        @sa.event.listens_for(engine, "connect")
        def _prepare(connection: Any, _record: object) -> None:
            # The jobs engine begins by itself and may nest DDL, so it keeps the driver's implicit BEGIN.
            connection.isolation_level = None if explicit_begin else "IMMEDIATE"
            connection.execute(f"PRAGMA busy_timeout={busy_timeout_ms}")
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")

        if explicit_begin:

            @sa.event.listens_for(engine, "begin")
            def _begin(connection: sa.Connection) -> None:
                options = connection.get_execution_options()
                if options.get("glances", False):
                    return  # a single statement is a transaction of its own
                if options.get("reads", False):
                    connection.connection.cursor().execute("BEGIN")  # takes no lock, so nothing can go wrong
                else:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")

        return engine


def _no_place(folder: Path, error: OSError) -> Misconfigured:
    return Misconfigured(
        f"The database cannot be kept in {folder} ({error.strerror}). "
        "Let this user write there, or set bot.data_dir to another place."
    )


@contextmanager
def _our_errors() -> Iterator[None]:
    """Raise what the database's driver raises as `Temporary`; a broken rule of the schema stays what it is."""
    try:
        yield
    except sa.exc.IntegrityError:
        raise
    except sa.exc.DBAPIError as error:
        raise Temporary("The database cannot take this now.", full=f"database: {error}") from error
