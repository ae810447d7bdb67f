"""Copies of an SQLite database: taken while it is in use, put back while it is not."""

import contextlib
import os
from pathlib import Path

from agent.errors import Invalid, Misconfigured
from agent.store.database import Database, driver

FILE_MODE = 0o600
PAGES_A_STEP = 1000
SIDE_FILES = ("-wal", "-shm")


def backup(database: Database, target: Path) -> int:
    """Copy the database to a new file, consistent as of one instant, and return its size in bytes.

    Raises `Invalid` when the file exists or cannot be written, `Misconfigured` where the database is not a file.
    """
    path = _file_of(database)
    if target.exists():
        raise Invalid(f"{target} exists; choose another name.")
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))
    except OSError as error:
        raise Invalid(f"{target} cannot be written ({error.strerror}); choose another place.") from error
    with (
        contextlib.closing(driver.connect(path)) as source,
        contextlib.closing(driver.connect(target)) as copy,
    ):
        source.backup(copy, pages=PAGES_A_STEP)
        copy.execute("PRAGMA journal_mode=DELETE")
    return target.stat().st_size


def restore(database: Database, source: Path) -> None:
    """Put a copy in the database's place; what was there is kept beside it under `.before-restore`.

    Raises `Invalid` for a file that is no sound copy, `Misconfigured` while another process uses the database.
    """
    path = _file_of(database)
    check(source)
    database.lock()
    fresh = path.with_name(f"{path.name}.restoring")
    fresh.unlink(missing_ok=True)
    with contextlib.closing(driver.connect(source)) as old, contextlib.closing(driver.connect(fresh)) as new:
        old.backup(new)
    fresh.chmod(FILE_MODE)
    for suffix in SIDE_FILES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    if path.exists():
        path.replace(path.with_name(f"{path.name}.before-restore"))
    fresh.replace(path)


def check(source: Path) -> None:
    """Raise `Invalid` unless a file is a sound copy of a Meetbot database."""
    if not source.is_file():
        raise Invalid(f"There is no file {source}.")
    try:
        with contextlib.closing(driver.connect(f"file:{source}?mode=ro", uri=True)) as connection:
            verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
            connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except driver.DatabaseError as error:
        raise Invalid(f"{source} is no backup of a Meetbot database ({error}).") from error
    if verdict != "ok":
        raise Invalid(f"{source} is damaged: {verdict}.")


def _file_of(database: Database) -> Path:
    if database.path is None:
        raise Misconfigured(
            "This is not an SQLite database; use pg_dump and pg_restore of PostgreSQL instead."
        )
    return database.path
