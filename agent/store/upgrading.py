"""Brings the schema to the newest revision. Alembic lives here and in the revisions."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config


def upgrade(engine: sa.Engine, migrations: Path) -> None:
    """Apply the revisions of a folder that the database does not have yet."""
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.attributes["engine"] = engine
    command.upgrade(config, "head")
