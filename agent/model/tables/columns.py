"""Column types that keep their promises on SQLite and PostgreSQL alike."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field


class UtcInstant(TypeDecorator[datetime]):
    """An aware UTC datetime. SQLite stores text without a zone, so the zone is put back on the way out."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Refuse naive values: an instant without a zone is a bug."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime is not an instant")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def instant(*, index: bool = False, nullable: bool = True) -> Any:
    """Declare a column that holds a UTC instant."""
    default: Any = None if nullable else ...
    return Field(default, sa_type=UtcInstant, index=index, nullable=nullable)


def document(default_factory: Any = dict) -> Any:
    """Declare a column that holds a JSON document."""

    # What a factory takes is looked up for every row, and for a built-in type that is slow.
    def empty() -> Any:
        return default_factory()

    return Field(default_factory=empty, sa_type=sa.JSON, nullable=False)
