"""How the command families print: tables and prose for people, JSON when asked for.

A terminal gets tables that fit it; a pipe gets one line a row, as wide as it must be.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import typer
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agent.cli.cells import cell, words
from agent.rules.visible import visible

Row = Mapping[str, Any]
WHOLE = {
    "id",
    "jobId",
    "at",
    "joinAt",
    "startedAt",
    "createdAt",
    "status",
    "state",
    "#",
}  # never broken over lines
UNBOUNDED = 10_000
LEAST_COLUMN = 12  # a column of text that is narrower is no reading
GAP = 2


def show(value: Row, as_json: bool) -> None:
    """Print one thing: its fields below each other without the empty ones, or one JSON object."""
    if as_json:
        typer.echo(_json(value))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, field in value.items():
        if text := cell(field, seconds=True):
            table.add_row(Text(words(name)), Text(visible(text)))
    _put(table)


def show_all(rows: Sequence[Row], columns: Sequence[str], as_json: bool) -> None:
    """Print many things: a table of these columns, or one JSON list with every field."""
    if as_json:
        typer.echo(_json(list(rows)))
        return
    if not rows:
        say("None.")
        return
    lines = [[_one_line(cell(row.get(name), seconds=name == "at")) for name in columns] for row in rows]
    if sys.stdout.isatty() and _least_width(columns, lines) > Console().width:
        for number, line in enumerate(lines):
            typer.echo("\n" if number else "", nl=False)
            show(dict(zip(columns, line, strict=True)), as_json=False)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(words(name), overflow="fold", no_wrap=name in WHOLE)
    for line in lines:
        table.add_row(*map(Text, line))
    _put(table)


def _least_width(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> int:
    """Return how wide a screen must be for a table of which nothing is lost: narrower, each row is shown by itself."""
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    least = [
        max(cell_len(words(name)), width if name in WHOLE else min(width, LEAST_COLUMN))
        for name, width in zip(columns, widths, strict=True)
    ]
    return sum(least) + GAP * (len(columns) - 1)


def heading(text: str) -> None:
    """Begin a part of what is printed for people."""
    _put(Text(f"\n{visible(text)}", style="bold"))


def points(lines: Sequence[str]) -> None:
    """Print prose, a point a line."""
    for line in lines:
        table = Table.grid(padding=(0, 1))
        table.add_row("•", Text(visible(line)))
        _put(Padding(table, (0, 0, 0, 1)))


def say(text: str) -> None:
    """Tell a person something on the way, where it cannot mix with the result."""
    typer.echo(visible(text), err=True)


def _put(what: RenderableType) -> None:
    if sys.stdout.isatty():
        Console(highlight=False).print(what)
        return
    console = Console(width=UNBOUNDED, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(what)
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _json(value: Any) -> str:
    return visible(json.dumps(value, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> str:
    """Return what JSON has no form for: an instant as the server writes it, anything else as its text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)


def _one_line(text: str) -> str:
    """Return a cell's text so that it cannot be taken for a row of its own."""
    return visible(" ".join(text.splitlines()))
