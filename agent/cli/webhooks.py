"""`meetbot webhooks`: where events go."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from agent.cli.jobs import DeliveryId
from agent.cli.options import AsJson
from agent.cli.output import show, show_all
from agent.cli.remote import Most, Server, gathered, sent
from agent.cli.verbs import verb
from agent.client import webhooks

family = typer.Typer(help="Where events go, on a server.", no_args_is_help=True)
HookId = Annotated[int, typer.Argument(metavar="WEBHOOK", help="The webhook's number.")]


@family.command("list")
def list_hooks(limit: Most = 100, server: Server = None, as_json: AsJson = False) -> None:
    """List webhooks."""
    columns = ("id", "url", "family", "events", "enabled", "disabledReason")
    show_all(gathered(webhooks.listing(), limit, server), columns, as_json)


@family.command("create")
@family.command("add", hidden=True)
def create(
    url: Annotated[str, typer.Argument(help="Where to send events.")],
    event: Annotated[list[str] | None, typer.Option(help="Only this event; may be repeated.")] = None,
    family_name: Annotated[str | None, typer.Option("--family", help="jobs or bots.")] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Register a webhook. Its signing secret is shown this once."""
    show(sent(webhooks.create(url, events=event or (), family=family_name), server), as_json)


@family.command("remove")
def remove(hook_id: HookId, server: Server = None, as_json: AsJson = False) -> None:
    """Forget a webhook."""
    sent(webhooks.delete(hook_id), server)
    show({"id": hook_id, "removed": True}, as_json)


verb(family, "test", "Send a test event now, and show what came of it.", webhooks.test, about=HookId)


@family.command("deliveries")
def deliveries(hook_id: HookId, limit: Most = 20, server: Server = None, as_json: AsJson = False) -> None:
    """List what was sent, and what came of it."""
    found = gathered(webhooks.deliveries(hook_id), limit, server)
    rows = found if as_json else [{**one, "tries": len(one["attempts"])} for one in found]
    show_all(rows, ("id", "event", "state", "tries", "createdAt"), as_json)


@family.command("resend")
def resend(
    hook_id: HookId,
    delivery_id: DeliveryId,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Send a delivery again, under the same id."""
    show(sent(webhooks.resend(hook_id, delivery_id), server), as_json)


@family.command("replay")
def replay(
    hook_id: HookId,
    hours: Annotated[float, typer.Option(min=0, max=720, help="How far back.")] = 24,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Send everything again that failed of late."""
    show(sent(webhooks.replay(hook_id, datetime.now(UTC) - timedelta(hours=hours)), server), as_json)
