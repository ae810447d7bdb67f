"""`meetbot db`: the database's schema, and copies of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import AsJson, ConfigFile, read_settings
from agent.cli.output import show
from agent.store import backup as copies
from agent.store.database import Database

family = typer.Typer(help="The database: schema and copies.", no_args_is_help=True)


@contextmanager
def _database(config: Path | None) -> Iterator[Database]:
    database = Database(read_settings(config).database_url)
    try:
        yield database
    finally:
        database.close()


@family.command("upgrade")
def upgrade(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Bring the schema to this version's. `serve` does it by itself."""
    with _database(config) as database:
        database.migrate()
        show(
            {"database": str(database.path or database.url.host), "schema": database.revision()},
            as_json,
        )


@family.command("backup")
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="A file that does not exist yet.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Copy the database, also while the server runs."""
    with _database(config) as database:
        size = copies.backup(database, target)
    show({"file": str(target), "bytes": size}, as_json)


@family.command("restore")
def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A file written by `backup`.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Put a copy in the place of the database; the server must not run."""
    with _database(config) as database:
        copies.restore(database, source)
        database.migrate()
        show({"database": str(database.path), "schema": database.revision()}, as_json)
