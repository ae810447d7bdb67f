"""The kinds of values that settings are made of, and what every section has in common."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


@dataclass(frozen=True, slots=True)
class Fault:
    """A key whose value is well formed but does not fit the others: `text` says what is wrong and what to do."""

    key: str
    text: str


class Section(BaseModel):
    """Base of all sections: frozen, strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def faults(self) -> Iterator[Fault]:
        """Yield what does not fit together within this section."""
        return iter(())


def _address(text: str) -> str:
    if text and not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", text):
        raise ValueError("is not an e-mail address; write it as name@example.com")
    return text.lower()


def _http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if text and not fits:
        raise ValueError("is not a web address; write it as https://host/path")
    return text


def _without_slash(text: str) -> str:
    return text.rstrip("/")


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError("is not a time zone; write an IANA name such as Europe/Berlin") from error
    return text


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is not a regular expression ({error}); escape special characters") from error
    return text


def _path(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError("begins with the home of a user who does not exist; write the whole path") from error


def _senders(text: str) -> str:
    return text.lower().removeprefix("*@").removeprefix("@")


def _whole(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


Address = Annotated[str, AfterValidator(_address)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
BaseUrl = Annotated[str, AfterValidator(_http_url), AfterValidator(_without_slash)]
TimeZone = Annotated[str, AfterValidator(_zone)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Senders = Annotated[str, AfterValidator(_senders)]
FilePath = Annotated[Path, AfterValidator(_path)]

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Interval = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=0, le=65535)]
Count = Annotated[int, Field(ge=1)]
Version = Annotated[Literal[1, 2], BeforeValidator(_whole)]
