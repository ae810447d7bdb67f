"""`meetbot bots`: the same meetings as the bots API shows them."""

from typing import Annotated, cast, get_args

import typer

from agent.cli.options import AsJson
from agent.cli.output import show, show_all
from agent.cli.remote import Most, Server, gathered, sent
from agent.cli.verbs import verb
from agent.client import bots
from agent.client.bot_types import BotStatus

family = typer.Typer(help="Bots made first and deployed later, on a server.", no_args_is_help=True)
BotId = Annotated[int, typer.Argument(metavar="BOT", help="The bot's number.")]
COLUMNS = ("id", "status", "createdAt", "meetingTitle", "botDisplayName")


def _statuses() -> list[str]:
    return list(get_args(BotStatus))


@family.command("list")
def list_bots(
    status: Annotated[
        list[str] | None, typer.Option(help="Only this status; may be repeated.", autocompletion=_statuses)
    ] = None,
    limit: Most = 20,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """List bots, newest first."""
    show_all(
        gathered(bots.listing(status=cast(list[BotStatus], status or [])), limit, server), COLUMNS, as_json
    )


@family.command("create")
@family.command("add", hidden=True)
def create(
    meeting_url: Annotated[str, typer.Argument(metavar="URL", help="A Google Meet link.")],
    title: Annotated[str | None, typer.Option(help="What the meeting is about.")] = None,
    name: Annotated[str | None, typer.Option(help="The bot's name in this meeting.")] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make a bot; it waits until it is deployed."""
    show(sent(bots.create(meeting_url, title=title, display_name=name), server), as_json)


verb(family, "show", "Show a bot.", bots.get, about=BotId)
verb(family, "deploy", "Send a bot to its meeting.", bots.deploy, about=BotId)
verb(family, "kill", "End a bot's stay at once.", bots.kill, about=BotId)


@family.command("delete")
def delete(bot_id: BotId, server: Server = None, as_json: AsJson = False) -> None:
    """Delete a bot, with everything it left behind."""
    sent(bots.delete(bot_id), server)
    show({"id": bot_id, "deleted": True}, as_json)
