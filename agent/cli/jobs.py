"""`meetbot jobs`: send the bot to meetings, watch it, call it back, read why."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, cast, get_args

import typer

from agent.cli.options import AsJson
from agent.cli.output import heading, show, show_all
from agent.cli.remote import Most, Server, gathered, sent
from agent.client import jobs
from agent.client.types import JobStatus
from agent.errors import Invalid

family = typer.Typer(help="Bots in meetings, on a server.", no_args_is_help=True)
JobId = Annotated[str, typer.Argument(metavar="JOB", help="As in job_01J…")]
COLUMNS = ("id", "status", "joinAt", "title")
BRIEF = (
    "id",
    "externalId",
    "status",
    "lobby",
    "cancelled",
    "end_reason",
    "failure_code",
    "failure_detail",
    "title",
    "meetingUrl",
    "joinAt",
    "webhookSecrets",
)


def _statuses() -> list[str]:
    return list(get_args(JobStatus))


@family.command("list")
def list_jobs(
    status: Annotated[
        list[str] | None, typer.Option(help="Only this status; may be repeated.", autocompletion=_statuses)
    ] = None,
    limit: Most = 20,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest meeting first."""
    wanted = jobs.listing(status=cast(list[JobStatus], status or []))
    show_jobs(gathered(wanted, limit, server), as_json)


@family.command("create")
@family.command("add", hidden=True)
def create(
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
    show_brief(sent(call, server), as_json)


@family.command("show")
def show_job(job_id: JobId, server: Server = None, as_json: AsJson = False) -> None:
    """Show a job and what happened to it."""
    job = sent(jobs.get(job_id), server)
    show_brief(job, as_json)
    if not as_json:
        _show_timeline(job["timeline"])


@family.command("cancel")
def cancel(job_id: JobId, server: Server = None, as_json: AsJson = False) -> None:
    """Cancel a job; a bot at the meeting leaves."""
    show_brief(sent(jobs.cancel(job_id), server), as_json)


@family.command("retry")
def retry(job_id: JobId, server: Server = None, as_json: AsJson = False) -> None:
    """Send the bot again after a failure."""
    show_brief(sent(jobs.retry(job_id), server), as_json)


@family.command("ask-permission")
def ask_permission(job_id: JobId, server: Server = None, as_json: AsJson = False) -> None:
    """Ask for consent again, in a call."""
    show(sent(jobs.request_recording_permission(job_id), server), as_json)


@family.command("explain")
def explain(job_id: JobId, server: Server = None, as_json: AsJson = False) -> None:
    """Show which rules decided what, and what happened."""
    why = sent(jobs.explain(job_id), server)
    if as_json:
        show(why, as_json)
        return
    show({name: value for name, value in why.items() if value and not isinstance(value, list)}, as_json)
    if why["invitations"]:
        heading("Invitations")
        columns = ("receivedAt", "method", "sender", "outcome", "reason", "rules")
        show_all(why["invitations"], columns, as_json)
    _show_timeline(why["timeline"])


@family.command("deliveries")
def deliveries(job_id: JobId, server: Server = None, as_json: AsJson = False) -> None:
    """List every mail and webhook of a job, and how often each was tried."""
    found = sent(jobs.deliveries(job_id), server)["deliveries"]
    rows = found if as_json else [sent_ | {"tries": len(sent_["attempts"])} for sent_ in found]
    show_all(rows, ("id", "event", "state", "tries", "target"), as_json)


@family.command("resend")
def resend(
    delivery_id: Annotated[str, typer.Argument(metavar="DELIVERY", help="As in dlv_01J…")],
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Send a delivery again, under the same id."""
    show(sent(jobs.resend(delivery_id), server), as_json)


def show_brief(job: Mapping[str, Any], as_json: bool) -> None:
    """Print a job: what a person asks first, or as JSON all of it."""
    show(job if as_json else {name: job[name] for name in BRIEF if job.get(name)}, as_json)


def show_jobs(found: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """Print jobs; for people one that was called off is no failure."""
    rows = (
        found
        if as_json
        else [{**job, "status": "cancelled" if job["cancelled"] else job["status"]} for job in found]
    )
    show_all(rows, COLUMNS, as_json)


def _show_timeline(timeline: Sequence[Mapping[str, Any]]) -> None:
    heading("Timeline")
    show_all(
        [{**line, "what": line["kind"], "": line["data"]} for line in timeline], ("at", "what", ""), False
    )


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{text} is not an instant; write it as 2027-01-31T09:00:00+01:00") from error
    return found if found.tzinfo else found.astimezone(UTC)
