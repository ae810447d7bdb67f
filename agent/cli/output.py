"""How the command families print: a table for people, JSON when asked for or into a pipe."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

Row = Mapping[str, Any]


def show(value: Row, as_json: bool) -> None:
    """Print one thing: its fields below each other, or one JSON object."""
    if as_json or not sys.stdout.isatty():
        typer.echo(_json(value))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, field in value.items():
        table.add_row(Text(name.replace("_", " ")), Text(_plain(field)))
    Console().print(table)


def show_all(rows: Sequence[Row], columns: Sequence[str], as_json: bool) -> None:
    """Print many things: a table of these columns, or one JSON list with every field."""
    if as_json or not sys.stdout.isatty():
        typer.echo(_json(list(rows)))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_plain(row.get(name))) for name in columns))
    Console().print(table if rows else Text("None."))


def say(text: str) -> None:
    """Tell a person something on the way, where it cannot mix with the result."""
    typer.echo(text, err=True)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
