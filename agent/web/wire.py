"""What the wire types of several families share: spelling, and bounds that every text, number and instant keeps."""

import math
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from fastapi import Path
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
)
from pydantic.alias_generators import to_camel

from agent.rules.addresses import web_address

T = TypeVar("T")
NO_NUL = r"^[^\x00]*$"  # PostgreSQL has no place for it
ONE_LINE = r"^[^\x00-\x1f\x7f]*$"  # it may come to stand in a header, a subject or a terminal
LARGEST_ID = 2**63 - 1
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _spelled(value: object) -> object:
    if not isinstance(value, str) or "-" not in value:
        raise ValueError("write an instant as 2027-01-31T09:00:00+01:00")
    return value


def _within_reach(at: datetime) -> datetime:
    """Refuse instants that no calendar of ours reaches; near the ends of time they could not even be compared."""
    if not EARLIEST.year < at.year < LATEST.year:
        raise ValueError(f"must lie between the years {EARLIEST.year} and {LATEST.year}")
    return at


def _distinct(values: list[T]) -> list[T]:
    return list(dict.fromkeys(values))


def _readable(values: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Refuse what JSON's grammar lets through and other readers, or a database, do not."""
    waiting: list[JsonValue] = [values]
    while waiting:
        match waiting.pop():
            case float() as number if not math.isfinite(number):
                raise ValueError("has a number that is none: JSON knows neither NaN nor Infinity")
            case str() as text if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
                raise ValueError("has a text with a NUL or half a surrogate pair")
            case list() as listed:
                waiting.extend(listed)
            case dict() as named:
                waiting.extend([*named, *named.values()])
    return values


Text = Annotated[str, StringConstraints(max_length=300, pattern=ONE_LINE)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=ONE_LINE, strip_whitespace=True)]
OwnId = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=ONE_LINE)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=NO_NUL)]
Email = Annotated[str, StringConstraints(min_length=3, max_length=254, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$")]
Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
Instant = Annotated[AwareDatetime, BeforeValidator(_spelled), AfterValidator(_within_reach)]
Seconds = Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False, strict=True)]
Distinct = AfterValidator(_distinct)  # of a list: what is said twice counts once
Flag = Annotated[bool, Field(strict=True)]
Notes = Annotated[dict[str, JsonValue], AfterValidator(_readable)]
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
HookUrl = Annotated[
    str,
    StringConstraints(max_length=2000),
    AfterValidator(web_address),
    Field(json_schema_extra={"format": "uri"}),
]


class Asked(BaseModel):
    """What a client sends: camelCase outside, snake_case inside; unknown fields are refused."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Told(BaseModel):
    """What a client gets: camelCase outside, snake_case inside."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Paged(BaseModel):
    """One page of a list, and how much there is in all."""

    total: int
    page: int
    page_size: int
