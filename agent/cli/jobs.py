"""`meetbot jobs`: send the bot to meetings, watch it, call it back, read why."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any

import typer

from agent.cli.options import AsJson
from agent.cli.output import show, show_all
from agent.cli.remote import Most, Server, signed_in
from agent.client import jobs
from agent.errors import Invalid

family = typer.Typer(help="Bots in meetings, on a server.", no_args_is_help=True)
JobId = Annotated[str, typer.Argument(metavar="JOB", help="As in job_01J…")]
COLUMNS = ("id", "status", "title", "joinAt", "end_reason", "failure_code")
BRIEF = ("id", "status", "lobby", "cancelled", "end_reason", "failure_code", "title", "meetingUrl", "joinAt")


@family.command("list")
def list_jobs(
    status: Annotated[list[str] | None, typer.Option(help="Only this status; may be repeated.")] = None,
    limit: Most = 20,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest meeting first."""
    with signed_in(server) as meetbot:
        found = list(islice(meetbot.each(jobs.listing(status=status or ())), limit))
    show_all(found, COLUMNS, as_json)


@family.command("add")
def add(
    meeting_url: Annotated[str, typer.Argument(metavar="URL", help="A Google Meet link.")],
    at: Annotated[str | None, typer.Option(help="When to knock, ISO 8601; now when left out.")] = None,
    title: Annotated[str | None, typer.Option(help="What the meeting is about.")] = None,
    name: Annotated[str | None, typer.Option(help="The bot's name in this meeting.")] = None,
    external_id: Annotated[
        str | None, typer.Option(help="Your own id; the same one is the same job.")
    ] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Send the bot to a meeting."""
    call = jobs.create(
        meeting_url, join_at=_instant(at), title=title, display_name=name, external_id=external_id
    )
    with signed_in(server) as meetbot:
        _show_brief(meetbot.send(call), as_json)


@family.command("show")
def show_job(job_id: JobId, server: Server = None, as_json: AsJson = False) -> None:
    """Show a job with everything that hangs on it."""
    with signed_in(server) as meetbot:
        job = meetbot.send(jobs.get(job_id))
    if as_json:
        show(job, as_json)
        return
    _show_brief(job, as_json)
    show_all(job["timeline"], ("at", "kind", "data"), as_json)


@family.command("cancel")
def cancel(job_id: JobId, server: Server = None, as_json: AsJson = False) -> None:
    """Cancel a job; a bot at the meeting leaves."""
    with signed_in(server) as meetbot:
        _show_brief(meetbot.send(jobs.cancel(job_id)), as_json)


@family.command("retry")
def retry(job_id: JobId, server: Server = None, as_json: AsJson = False) -> None:
    """Send the bot again after a failure."""
    with signed_in(server) as meetbot:
        _show_brief(meetbot.send(jobs.retry(job_id)), as_json)


@family.command("ask-permission")
def ask_permission(job_id: JobId, server: Server = None, as_json: AsJson = False) -> None:
    """Ask for consent again, in a call."""
    with signed_in(server) as meetbot:
        show(meetbot.send(jobs.request_recording_permission(job_id)), as_json)


@family.command("explain")
def explain(job_id: JobId, server: Server = None, as_json: AsJson = False) -> None:
    """Show which rules decided what, and what happened."""
    with signed_in(server) as meetbot:
        why = meetbot.send(jobs.explain(job_id))
    if as_json:
        show(why, as_json)
        return
    show({name: value for name, value in why.items() if not isinstance(value, list)}, as_json)
    show_all(why["invitations"], ("receivedAt", "method", "sender", "outcome", "reason", "rules"), as_json)
    show_all(why["timeline"], ("at", "kind", "data"), as_json)


@family.command("deliveries")
def deliveries(job_id: JobId, server: Server = None, as_json: AsJson = False) -> None:
    """List every mail and webhook of a job, with every attempt."""
    with signed_in(server) as meetbot:
        found = meetbot.send(jobs.deliveries(job_id))["deliveries"]
    show_all(found, ("id", "channel", "event", "target", "state", "attempts"), as_json)


@family.command("resend")
def resend(
    delivery_id: Annotated[str, typer.Argument(metavar="DELIVERY", help="As in dlv_01J…")],
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Send a delivery again, under the same id."""
    with signed_in(server) as meetbot:
        show(meetbot.send(jobs.resend(delivery_id)), as_json)


def _show_brief(job: Mapping[str, Any], as_json: bool) -> None:
    show(
        job if as_json else {name: job[name] for name in BRIEF if job.get(name) not in (None, False)}, as_json
    )


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{text} is not an instant; write it as 2027-01-31T09:00:00+01:00") from error
    return found if found.tzinfo else found.astimezone(UTC)
