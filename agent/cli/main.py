"""The command table. An error ends in one sentence on standard error and an exit status that tells its kind."""

import gc
import os
from importlib import import_module
from importlib.metadata import version
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from agent.errors import Kind, MeetbotError, Misconfigured
from agent.rules.visible import visible

# Each command by its name: what carries it out, and what help says of it. A module is loaded when its command is run,
# so that none waits for what the others import, and help for none.
COMMANDS = {
    "init": ("agent.cli.init:init", "Write a settings file, from a few questions or from flags."),
    "sandbox": (
        "agent.cli.sandbox:sandbox",
        "Run the fake Meet, okoro proxy, Google Calendar, model, mail server and webhook receiver until Ctrl-C.",
    ),
    "demo": (
        "agent.cli.demo:demo",
        "Play one meeting from invitation to recap, and check that all of it really arrived.",
    ),
    "serve": (
        "agent.cli.serve:serve",
        "Run the daemon: intake, schedule, bots, API, delivery in one process.",
    ),
    "worker": (
        "agent.cli.worker:worker",
        "Run bots for a server elsewhere: claim its jobs, bring the bots to the meetings, and report what happens.",
    ),
    "google-login": (
        "agent.cli.google_login:google_login",
        "Open a browser to sign the bot's Google account in, and keep the session for the bot.",
    ),
    "login": (
        "agent.cli.login:login",
        "Sign in: shows a code, which somebody who is signed in elsewhere approves.",
    ),
    "logout": (
        "agent.cli.login:logout",
        "End the sign-in. A key that `meetbot login` made is revoked; one that you brought stays good.",
    ),
    "whoami": ("agent.cli.login:whoami", "Say who is signed in, and where."),
    "mcp": (
        "agent.cli.mcp:mcp",
        "Serve your meetings to an assistant over standard input and output (Model Context Protocol).",
    ),
    "config": ("agent.cli.config:commands", "Check and show the settings."),
    "users": ("agent.cli.users:family", "Who may use this server."),
    "keys": ("agent.cli.keys:family", "API keys: of this machine with --user, else of the server."),
    "jobs": ("agent.cli.jobs:family", "Bots in meetings, on a server."),
    "bots": ("agent.cli.bots:family", "Bots made first and deployed later, on a server."),
    "meetings": ("agent.cli.meetings:family", "What was said and noted, on a server."),
    "webhooks": ("agent.cli.webhooks:family", "Where events go, on a server."),
    "db": ("agent.cli.db:family", "The database: schema and copies."),
    "invitations": ("agent.cli.invitations:family", "Invitations: what came in, what is held, and why."),
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
        """Return what help and completion say of a command; None when there is none of that name."""
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name][1]) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Load the command that is to run."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, _load(name, COMMANDS[name][0]) if name else None, rest


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
