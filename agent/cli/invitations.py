"""`meetbot invitations`: what came in, what is held, and why. Works on the database itself."""

from typing import Annotated, Any

import typer

from agent.cli.local import local
from agent.cli.options import AsJson, ConfigFile
from agent.cli.output import show, show_all
from agent.model.tables import Hold

family = typer.Typer(help="Invitations: what came in, what is held, and why.", no_args_is_help=True)
MESSAGES = ("received_at", "source", "mail", "method", "from", "uid", "outcome", "reason")
HELD = ("id", "created_at", "sender", "title", "starts_at", "reason", "state")
Number = Annotated[int, typer.Argument(help="The number that `meetbot invitations held` shows.")]
BY = "the command line"


def _row(hold: Hold) -> dict[str, Any]:
    return hold.model_dump()


@family.command("list")
def list_invitations(
    config: ConfigFile = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the newest messages and what was decided about each."""
    with local(config) as here:
        show_all(here.explain.newest(limit), MESSAGES, as_json)


@family.command("held")
def list_held(
    config: ConfigFile = None,
    everything: Annotated[bool, typer.Option("--all", help="Show decided ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the invitations that wait for your word."""
    with local(config) as here:
        show_all([_row(hold) for hold in here.held.listed(waiting_only=not everything)], HELD, as_json)


@family.command("approve")
def approve(number: Number, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Let the bot go, once: what this sender sent about this event is taken in."""
    with local(config) as here:
        decided = here.held.decide_now(number, approve=True, by=BY)
        show({"approved": [hold.id for hold in decided]}, as_json)


@family.command("refuse")
def refuse(number: Number, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Keep the bot away; the sender is told where that is safe."""
    with local(config) as here:
        decided = here.held.decide_now(number, approve=False, by=BY)
        show({"refused": [hold.id for hold in decided]}, as_json)


@family.command("explain")
def explain(
    what: Annotated[str, typer.Argument(help="A mail (m12), a job (job_…) or a calendar UID.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show which rule decided what about a mail, an event, or a job's invitations."""
    with local(config) as here:
        show(here.explain.about(what), as_json)
