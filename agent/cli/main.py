"""The command table. An error ends in one sentence on standard error and an exit status that tells its kind."""

from importlib.metadata import version

import typer

from agent.cli import (
    bots,
    config,
    db,
    demo,
    init,
    invitations,
    jobs,
    keys,
    login,
    mcp,
    meetings,
    sandbox,
    serve,
    users,
    webhooks,
)
from agent.errors import Kind, MeetbotError, Misconfigured

MISCONFIGURED_STATUS = 78  # EX_CONFIG; the service unit does not restart on it
STATUS = {  # after sysexits.h
    Kind.INVALID: 65,
    Kind.DENIED: 77,
    Kind.MISSING: 66,
    Kind.CONFLICT: 69,
    Kind.TEMPORARY: 75,
}

app = typer.Typer(
    name="meetbot",
    help="Takes part in Google Meet meetings it is invited to by mail, asks for consent, and sends the recap.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(init.init)
app.command()(sandbox.sandbox)
app.command()(demo.demo)
app.command()(serve.serve)
app.add_typer(config.commands, name="config")
app.add_typer(users.family, name="users")
app.add_typer(keys.family, name="keys")
app.command()(login.login)
app.command()(login.logout)
app.command()(login.whoami)
app.add_typer(jobs.family, name="jobs")
app.add_typer(bots.family, name="bots")
app.add_typer(meetings.family, name="meetings")
app.add_typer(webhooks.family, name="webhooks")
app.add_typer(db.family, name="db")
app.command()(mcp.mcp)
app.add_typer(invitations.family, name="invitations")


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
    """Run the command line."""
    try:
        app(prog_name="meetbot")
    except MeetbotError as error:
        typer.echo(f"meetbot: {error.safe}", err=True)
        raise SystemExit(_status(error)) from None


def _status(error: MeetbotError) -> int:
    return MISCONFIGURED_STATUS if isinstance(error, Misconfigured) else STATUS[error.kind]
