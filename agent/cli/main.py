"""The command table. An error ends in one sentence on standard error and an exit status that tells its kind."""

import gc
import os
from importlib import import_module
from importlib.metadata import version
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from agent.errors import Kind, MeetbotError, Misconfigured
from agent.rules.visible import visible

# Each command by the name of what carries it out; a module is loaded when its command is asked for, so that none waits
# for what the others import.
COMMANDS = {
    "init": "agent.cli.init:init",
    "sandbox": "agent.cli.sandbox:sandbox",
    "demo": "agent.cli.demo:demo",
    "serve": "agent.cli.serve:serve",
    "worker": "agent.cli.worker:worker",
    "google-login": "agent.cli.google_login:google_login",
    "login": "agent.cli.login:login",
    "logout": "agent.cli.login:logout",
    "whoami": "agent.cli.login:whoami",
    "mcp": "agent.cli.mcp:mcp",
    "config": "agent.cli.config:commands",
    "users": "agent.cli.users:family",
    "keys": "agent.cli.keys:family",
    "jobs": "agent.cli.jobs:family",
    "bots": "agent.cli.bots:family",
    "meetings": "agent.cli.meetings:family",
    "webhooks": "agent.cli.webhooks:family",
    "db": "agent.cli.db:family",
    "invitations": "agent.cli.invitations:family",
}
MISCONFIGURED_STATUS = 78  # EX_CONFIG; the service unit does not restart on it
STATUS = {  # after sysexits.h
    Kind.INVALID: 65,
    Kind.DENIED: 77,
    Kind.MISSING: 66,
    Kind.CONFLICT: 69,
    Kind.TEMPORARY: 75,
}


class Commands(TyperGroup):
    """The commands of the table."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, as help shows them."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load one command; None when there is none of that name."""
        return _load(cmd_name, COMMANDS[cmd_name]) if cmd_name in COMMANDS else None


app = typer.Typer(
    name="meetbot",
    cls=Commands,
    help="Takes part in Google Meet meetings it is invited to by mail, asks for consent, and sends the recap.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _load(name: str, where: str) -> Any:
    module, _, attribute = where.partition(":")
    gc.disable()  # what is loaded stays: looking for garbage in it again and again takes a quarter of the start
    try:
        found = getattr(import_module(module), attribute)
    finally:
        gc.enable()
    if isinstance(found, typer.Typer):
        command: Any = get_group(found)
        command.name = name
        return command
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return get_command(alone)


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"meetbot {version('meetbot')}")
        raise typer.Exit


@app.callback()
def meetbot(
    tell_version: bool = typer.Option(
        False, "--version", callback=_tell_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Carry options that stand before every command."""


def main() -> None:
    """Run the command line. Whatever it writes is for its own user's eyes only."""
    os.umask(0o077)
    try:
        app(prog_name="meetbot")
    except MeetbotError as error:
        typer.echo(f"meetbot: {visible(error.safe)}", err=True)
        raise SystemExit(_status(error)) from None


def _status(error: MeetbotError) -> int:
    return MISCONFIGURED_STATUS if isinstance(error, Misconfigured) else STATUS[error.kind]
