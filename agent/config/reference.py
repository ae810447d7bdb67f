"""What the settings model says about itself: the example file, the page of all keys, and the values in force."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from agent.config.catalogue import CHAPTERS, Chapter, is_list, is_secret, is_table
from agent.config.settings import Settings
from agent.config.values import Section

MASK = "••••••"
WIDTH = 100
NAMES: dict[Any, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "path",
}
EXAMPLE_HEAD = """\
# Every setting of Meetbot with its default. Generated from the settings model: make docs.
# Order: defaults < this file < environment MEETBOT_<SECTION>__<KEY> < flags. Durations take fractions.
# Each secret may stand in a file of its own instead, <key>_file, or in a systemd credential named
# <section>.<key>. Only bot.email must be set.
"""
PAGE_HEAD = """\
# Configuration

Generated from the settings model by `make docs`; `config.example.toml` shows the same as a file.

- **Order**: defaults < file < environment < flags. Whatever is wrong is told at once, by `meetbot config check`.
- **File**: `--config PATH`, else `MEETBOT_CONFIG`, else `meetbot.toml` here, else `/etc/meetbot/meetbot.toml`.
- **Environment**: `MEETBOT_<SECTION>__<KEY>`, as in `MEETBOT_RIVALS__POLICY=ask`. Lists take commas or JSON, tables
  JSON. Repeated sections are numbered from 0: `MEETBOT_WEBHOOKS__0__URL`.
- **Flags**: `--set section.key=value`, as often as needed.
- **Secrets**: each one also as `<key>_file`, a file that others cannot read. A systemd credential named
  `<section>.<key>` or `<section>_<key>` (`okoro.service_token`, `webhooks.0.secret`) is found by itself when neither
  key is set.
- **Durations** carry their unit in the name and take fractions. Relative paths start at the working directory.
"""


def example_file(values: Mapping[str, object] | None = None) -> str:
    """Return a whole file with every key explained: `values` (`section.key` → value) in place of defaults.

    Without values it is `config.example.toml`: valid TOML that says what the defaults say.
    """
    given = values or {}
    return "\n".join(
        [EXAMPLE_HEAD, *(line for chapter in CHAPTERS.values() for line in _example(chapter, given))]
    )


def reference_page() -> str:
    """Return the whole of `docs/configuration.md`."""
    return "\n".join([PAGE_HEAD, *(line for chapter in CHAPTERS.values() for line in _table(chapter))])


def shown(settings: Settings) -> dict[str, Any]:
    """Return the settings in force as plain values, with every secret masked."""
    result: dict[str, Any] = {}
    for name in CHAPTERS:
        value = getattr(settings, name)
        result[name] = [_plain(item) for item in value] if isinstance(value, tuple) else _plain(value)
    return result


def settings_file(view: Mapping[str, Any]) -> str:
    """Return what `shown` returned as TOML."""
    lines = []
    for name, value in view.items():
        for table in value if isinstance(value, list) else [value]:
            lines.append(f"[[{name}]]" if isinstance(value, list) else f"[{name}]")
            lines += [f"{key} = {toml_value(item)}" for key, item in table.items()]
            lines.append("")
    return "\n".join(lines)


def plain_value(settings: Settings, key: str) -> object:
    """Return the value of `section.key` in clear, as `example_file` takes it."""
    section, name = key.split(".")
    fields = CHAPTERS[section].model.model_fields
    attribute = next(inner for inner, field in fields.items() if name in (field.alias, inner))
    value = getattr(getattr(settings, section), attribute)
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def toml_value(value: object) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml_value(k)} = {toml_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if isinstance(value, int) else json.dumps(str(value), ensure_ascii=False)


def _plain(section: Section) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if value is None:
            continue
        if isinstance(value, SecretStr):
            value = _masked(value.get_secret_value())
        plain[field.alias or name] = str(value) if isinstance(value, Path) else value
    return plain


def _masked(secret: str) -> str:
    """A database URL shows everything but its password."""
    parts = urlsplit(secret)
    if not parts.scheme or not secret.startswith((f"{parts.scheme}://",)):
        return MASK if secret else ""
    return secret.replace(f":{parts.password}@", f":{MASK}@") if parts.password else secret


def _example(chapter: Chapter, given: Mapping[str, object]) -> Iterator[str]:
    mark = "# " if chapter.repeats else ""
    yield f"# {_intro(chapter)}"
    yield f"{mark}[[{chapter.name}]]" if chapter.repeats else f"[{chapter.name}]"
    for key, field in chapter.fields().items():
        default = given.get(f"{chapter.name}.{key}", _default(field))
        yield from (f"# {line}" for line in _wrapped(f"{_choices(field)}{field.description}"))
        yield f"{mark}{key} = {toml_value(default)}" if default is not None else f"# {key} ="
    yield ""


def _table(chapter: Chapter) -> Iterator[str]:
    yield f"## `[[{chapter.name}]]`" if chapter.repeats else f"## `[{chapter.name}]`"
    yield ""
    yield _intro(chapter)
    yield ""
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    for key, field in chapter.fields().items():
        default = _default(field)
        written = f"`{toml_value(default)}`" if default not in (None, "") else ""
        cells = (f"`{key}`", _kind(field), written, field.description or "")
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def _intro(chapter: Chapter) -> str:
    return (chapter.model.__doc__ or "").strip()


def _default(field: FieldInfo) -> object:
    default = field.get_default(call_default_factory=True)
    return default.get_secret_value() if isinstance(default, SecretStr) else default


def _choices(field: FieldInfo) -> str:
    kind = _kind(field)
    return f"{kind}. " if '"' in kind else ""


def _kind(field: FieldInfo) -> str:
    """Return what may stand there, in words."""
    if is_secret(field):
        return "secret"
    if is_list(field):
        return "list"
    if is_table(field):
        return "table"
    parts = [
        part.__origin__ if hasattr(part, "__metadata__") else part for part in get_args(field.annotation)
    ]
    named = [NAMES[kind] for kind in (field.annotation, *parts) if kind in NAMES]
    return named[0] if named else " | ".join(json.dumps(choice) for choice in parts)


def _wrapped(text: str) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and len(line) + len(word) >= WIDTH:
            yield line
            line = ""
        line = f"{line} {word}".strip()
    yield line
