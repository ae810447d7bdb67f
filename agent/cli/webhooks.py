"""`meetbot webhooks`: where events go."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated

import typer

from agent.cli.options import AsJson
from agent.cli.output import show, show_all
from agent.cli.remote import Most, Server, signed_in
from agent.client import webhooks

family = typer.Typer(help="Where events go, on a server.", no_args_is_help=True)
HookId = Annotated[int, typer.Argument(metavar="WEBHOOK", help="The webhook's number.")]


@family.command("list")
def list_hooks(limit: Most = 100, server: Server = None, as_json: AsJson = False) -> None:
    """List webhooks."""
    with signed_in(server) as meetbot:
        found = list(islice(meetbot.each(webhooks.listing()), limit))
    show_all(found, ("id", "url", "family", "events", "enabled", "disabledReason"), as_json)


@family.command("add")
def add(
    url: Annotated[str, typer.Argument(help="Where to send events.")],
    event: Annotated[list[str] | None, typer.Option(help="Only this event; may be repeated.")] = None,
    family_name: Annotated[str | None, typer.Option("--family", help="jobs or bots.")] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Register a webhook. Its signing secret is shown this once."""
    with signed_in(server) as meetbot:
        show(meetbot.send(webhooks.create(url, events=event or (), family=family_name)), as_json)


@family.command("remove")
def remove(hook_id: HookId, server: Server = None, as_json: AsJson = False) -> None:
    """Forget a webhook."""
    with signed_in(server) as meetbot:
        meetbot.send(webhooks.delete(hook_id))
    show({"id": hook_id, "removed": True}, as_json)


@family.command("test")
def try_out(hook_id: HookId, server: Server = None, as_json: AsJson = False) -> None:
    """Send a test event now, and show what came of it."""
    with signed_in(server) as meetbot:
        show(meetbot.send(webhooks.test(hook_id)), as_json)


@family.command("deliveries")
def deliveries(hook_id: HookId, limit: Most = 20, server: Server = None, as_json: AsJson = False) -> None:
    """List what was sent, and what came of it."""
    with signed_in(server) as meetbot:
        found = list(islice(meetbot.each(webhooks.deliveries(hook_id)), limit))
    show_all(found, ("id", "event", "state", "attempts", "createdAt"), as_json)


@family.command("replay")
def replay(
    hook_id: HookId,
    hours: Annotated[float, typer.Option(min=0, max=720, help="How far back.")] = 24,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Send everything again that failed of late."""
    since = datetime.now(UTC) - timedelta(hours=hours)
    with signed_in(server) as meetbot:
        show(meetbot.send(webhooks.replay(hook_id, since)), as_json)
