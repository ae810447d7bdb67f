"""`meetbot bots`: the same meetings as the bots API shows them."""

from itertools import islice
from typing import Annotated

import typer

from agent.cli.options import AsJson
from agent.cli.output import show, show_all
from agent.cli.remote import Most, Server, signed_in
from agent.client import bots

family = typer.Typer(help="Bots made first and deployed later, on a server.", no_args_is_help=True)
BotId = Annotated[int, typer.Argument(metavar="BOT", help="The bot's number.")]


@family.command("list")
def list_bots(
    status: Annotated[str | None, typer.Option(help="Only this status, as in IN_CALL.")] = None,
    limit: Most = 20,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """List bots."""
    with signed_in(server) as meetbot:
        found = list(islice(meetbot.each(bots.listing(status=status)), limit))
    show_all(found, ("id", "status", "meetingTitle", "botDisplayName", "createdAt"), as_json)


@family.command("add")
def add(
    meeting_url: Annotated[str, typer.Argument(metavar="URL", help="A Google Meet link.")],
    title: Annotated[str | None, typer.Option(help="What the meeting is about.")] = None,
    name: Annotated[str | None, typer.Option(help="The bot's name in this meeting.")] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make a bot; it waits until it is deployed."""
    with signed_in(server) as meetbot:
        show(meetbot.send(bots.create(meeting_url, title=title, display_name=name)), as_json)


@family.command("show")
def show_bot(bot_id: BotId, server: Server = None, as_json: AsJson = False) -> None:
    """Show a bot."""
    with signed_in(server) as meetbot:
        show(meetbot.send(bots.get(bot_id)), as_json)


@family.command("deploy")
def deploy(bot_id: BotId, server: Server = None, as_json: AsJson = False) -> None:
    """Send a bot to its meeting."""
    with signed_in(server) as meetbot:
        show(meetbot.send(bots.deploy(bot_id)), as_json)


@family.command("kill")
def kill(bot_id: BotId, server: Server = None, as_json: AsJson = False) -> None:
    """End a bot's stay at once."""
    with signed_in(server) as meetbot:
        show(meetbot.send(bots.kill(bot_id)), as_json)


@family.command("delete")
def delete(bot_id: BotId, server: Server = None, as_json: AsJson = False) -> None:
    """Delete a bot."""
    with signed_in(server) as meetbot:
        meetbot.send(bots.delete(bot_id))
    show({"id": bot_id, "deleted": True}, as_json)
