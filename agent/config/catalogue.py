"""The settings model seen as a table: which sections there are, and which keys each has."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from agent.config.settings import Settings
from agent.config.values import Section

Key = tuple[str, ...]  # ("rivals", "policy"), or ("webhooks", "0", "url") in a section that repeats


@dataclass(frozen=True, slots=True)
class Chapter:
    """A section of the file: `repeats` is true for `[[name]]`."""

    name: str
    model: type[Section]
    repeats: bool

    def fields(self) -> dict[str, FieldInfo]:
        """Return the fields by the key that stands in the file."""
        return {field.alias or name: field for name, field in self.model.model_fields.items()}


def chapters() -> Iterator[Chapter]:
    """Yield all sections in the order of the file."""
    for name, field in Settings.model_fields.items():
        inner = get_args(field.annotation)
        if inner:
            yield Chapter(name, inner[0], repeats=True)
        elif isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield Chapter(name, field.annotation, repeats=False)


CHAPTERS = {chapter.name: chapter for chapter in chapters()}


def dotted(key: Key) -> str:
    """Return the key as it is written: `rivals.policy`, `webhooks[0].url`."""
    return "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in key).lstrip(".")


def setting_part(key: Key) -> Key:
    """Return the part of the key that names a setting, without a place inside its value."""
    chapter = CHAPTERS.get(key[0])
    return key[: 3 if chapter and chapter.repeats else 2]


def find(key: Key) -> FieldInfo | None:
    """Return the field of a whole key, None when there is none."""
    chapter = CHAPTERS.get(key[0])
    if chapter is None or len(key) != (3 if chapter.repeats else 2):
        return None
    return chapter.fields().get(key[-1])


def is_secret(field: FieldInfo) -> bool:
    """Whether the value must not be shown."""
    return field.annotation is SecretStr


def is_list(field: FieldInfo) -> bool:
    """Whether the value is a list."""
    return get_origin(field.annotation) is tuple


def is_table(field: FieldInfo) -> bool:
    """Whether the value is a table of its own."""
    return get_origin(field.annotation) is dict
