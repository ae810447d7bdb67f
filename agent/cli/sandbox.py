"""`meetbot sandbox`: the fake world alone, for people who write clients."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from agent.cli.options import AsJson
from agent.sandbox.world import World

Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="HTTP port; 0 takes a free one.")]
SmtpPort = Annotated[
    int, typer.Option("--smtp-port", min=0, max=65535, help="SMTP port; 0 takes a free one.")
]
Directory = Annotated[
    Path | None, typer.Option("--directory", help="Where mail is kept. Default: a temporary one.")
]


def sandbox(
    port: Port = 8790, smtp_port: SmtpPort = 8725, directory: Directory = None, as_json: AsJson = False
) -> None:
    """Run the fake Meet, okoro proxy, Google Calendar, model, mail server and webhook receiver until Ctrl-C."""
    try:
        asyncio.run(_run(port, smtp_port, directory, as_json=as_json))
    except KeyboardInterrupt:
        return


async def _run(port: int, smtp_port: int, directory: Path | None, *, as_json: bool) -> None:
    async with World(port=port, smtp_port=smtp_port, directory=directory) as world:
        if as_json:
            typer.echo(json.dumps({"base_url": world.base_url, "settings": world.settings()}))
        else:
            _show(world)
        await asyncio.Event().wait()


def _show(world: World) -> None:
    table = Table("setting", "value", box=None)
    for section, values in world.settings().items():
        for key, value in values.items():
            table.add_row(f"{section}.{key}", str(value))
    console = Console()
    console.print(table)
    console.print(f"\nTell it what to do at [bold]{world.base_url}/control[/]. Ctrl-C ends it.")
