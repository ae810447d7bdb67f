"""Settings as they were found, before anybody has looked whether they are right: values and where each came from."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.config.catalogue import CHAPTERS, Key, find, is_list, is_table, setting_part


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: `origin` is a file, a variable or a flag; `text` also says what to do."""

    origin: str
    key: Key
    text: str


class Draft:
    """Layers of settings laid over each other; the later layer wins key by key."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._values: dict[Key, Any] = {}
        self._origins: dict[Key, str] = {}
        self._lengths = {name: 0 for name, chapter in CHAPTERS.items() if chapter.repeats}
        self._whole = "the settings"

    def add_table(self, table: Mapping[str, Any], origin: str) -> None:
        """Add a parsed file."""
        self._whole = origin
        for key, value in _leaves(table):
            self.put(key, value, origin)

    def add_text(self, key: Key, text: str, origin: str) -> None:
        """Add one value given as text: lists as JSON or with commas, tables as JSON."""
        field = find(key)
        value: Any = text
        if field is not None and (is_table(field) or (is_list(field) and text.lstrip().startswith("["))):
            try:
                value = json.loads(text)
            except ValueError:
                self.problems.append(Problem(origin, key, f"is not JSON: {text}; correct it"))
                return
        elif field is not None and is_list(field):
            value = [part.strip() for part in text.split(",") if part.strip()]
        if field is not None:
            self._drop_twin(key)
        self.put(key, value, origin)

    def put(self, key: Key, value: object, origin: str) -> None:
        """Lay one value over what is there."""
        section = key[0]
        if section in self._lengths and len(key) > 1:
            length = self._lengths[section]
            if not key[1].isdigit() or int(key[1]) > length:
                text = f"has no place; in a file write [[{section}]], elsewhere number the items 0, 1, 2 …"
                self.problems.append(Problem(origin, key, text))
                return
            self._lengths[section] = max(length, int(key[1]) + 1)
        self._values[key] = value
        self._origins[setting_part(key)] = origin

    def get(self, key: Key) -> Any:
        """Return the value found for the key, None when there is none."""
        return self._values.get(key)

    def drop(self, key: Key) -> None:
        """Forget the value and all below it. An item of a repeated section keeps its place."""
        self._values = {found: value for found, value in self._values.items() if found[: len(key)] != key}

    def origin(self, key: Key) -> str:
        """Return where the key's value came from; for an absent one, where it would best be set."""
        part = setting_part(key)
        within = (origin for found, origin in self._origins.items() if found[: len(part)] == part)
        return self._origins.get(part) or next(within, self._whole)

    def tables(self, section: str) -> Iterator[Key]:
        """Yield the keys under which the section's own keys stand: one, or one for each repetition."""
        if section in self._lengths:
            yield from ((section, str(index)) for index in range(self._lengths[section]))
        else:
            yield (section,)

    def table(self) -> dict[str, Any]:
        """Return all values as the nested table that the model takes."""
        table: dict[str, Any] = {}
        for name, length in self._lengths.items():
            table[name] = [self._values.get((name, str(index)), {}) for index in range(length)]
        for key, value in sorted(self._values.items(), key=lambda found: len(found[0])):
            inner = table
            for part in key[:-1]:
                inner = inner[int(part)] if isinstance(inner, list) else inner.setdefault(part, {})
                if not isinstance(inner, dict | list):
                    break  # a section that is not a table; the model will say so
            if isinstance(inner, dict):
                inner[key[-1]] = value
        return table

    def _drop_twin(self, key: Key) -> None:
        """A secret given as text outranks a file named in a lower layer, and the other way round."""
        last = key[-1]
        twin = last.removesuffix("_file") if last.endswith("_file") else f"{last}_file"
        if find((*key[:-1], twin)) is not None:
            self.drop((*key[:-1], twin))


def _leaves(table: Mapping[str, Any]) -> Iterator[tuple[Key, Any]]:
    """Yield the settings of a parsed file, down to the depth that the model knows."""
    for name, value in table.items():
        chapter = CHAPTERS.get(name)
        if chapter and chapter.repeats and isinstance(value, list):
            for index, item in enumerate(value):
                yield from _inner((name, str(index)), item)
        else:
            yield from _inner((name,), value)


def _inner(where: Key, value: Any) -> Iterator[tuple[Key, Any]]:
    """An empty table is yielded whole, so that it keeps its place among its like."""
    if isinstance(value, dict) and value:
        yield from (((*where, name), item) for name, item in value.items())
    else:
        yield where, value
