"""The product on this machine, for commands that work on its database without a server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent import app
from agent.cli.options import read_settings
from agent.daemon.clock import SystemClock


@contextmanager
def local(config: Path | None) -> Iterator[app.App]:
    """Open the database that the configuration names, in its newest schema; close it afterwards."""
    assembled = app.build(read_settings(config), SystemClock())
    database = assembled.house.database
    try:
        database.migrate()
        yield assembled
    finally:
        database.close()
