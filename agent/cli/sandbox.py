"""`meetbot sandbox`: the fake world alone, for people who write clients."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import AsJson
from agent.cli.output import say
from agent.config.reference import settings_file
from agent.errors import Invalid
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
    except OSError as error:
        raise Invalid(
            f"The sandbox cannot start ({error.strerror}). Give it ports that are free, as with --port 0 --smtp-port 0, "
            "and a --directory that you may write."
        ) from error


async def _run(port: int, smtp_port: int, directory: Path | None, *, as_json: bool) -> None:
    async with World(port=port, smtp_port=smtp_port, directory=directory) as world:
        show(world, as_json=as_json)
        await asyncio.Event().wait()


def show(world: World, *, as_json: bool) -> None:
    """Print the settings of a daemon in this world, and tell a person how to go on."""
    if as_json:
        typer.echo(json.dumps({"base_url": world.base_url, "settings": world.settings()}))
        return
    typer.echo(settings_file(world.settings()))
    say(f"These are the settings of a daemon in it. Tell it what to do at {world.base_url}/control")
    say("(all of it: /control/docs). Ctrl-C ends it.")
