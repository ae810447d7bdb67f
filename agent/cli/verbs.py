"""Commands that send one call about one thing, and show what came of it."""

from collections.abc import Callable, Mapping
from typing import Any

import typer

from agent.cli.options import AsJson
from agent.cli.output import show
from agent.cli.remote import Server, sent
from agent.client import Call


def verb(
    family: typer.Typer,
    name: str,
    text: str,
    call: Callable[[Any], Call[Any]],
    *,
    about: Any,
    put: Callable[[Mapping[str, Any], bool], None] = show,
) -> None:
    """Add a command to a family. `about` is the annotated type of its one argument; `put` prints the answer."""

    def command(thing: Any, server: Server = None, as_json: AsJson = False) -> None:
        put(sent(call(thing), server), as_json)

    command.__annotations__["thing"] = about
    family.command(name, help=text)(command)
