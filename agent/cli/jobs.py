"""`meetbot jobs`: send the bot to meetings, watch it, call it back, read why."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, cast, get_args

import typer

from agent.cli.options import AsJson
from agent.cli.output import heading, show, show_all
from agent.cli.remote import Most, Server, gathered, sent
from agent.cli.verbs import verb
from agent.client import jobs
from agent.client.types import JobStatus
from agent.errors import Invalid

family = typer.Typer(help="Bots in meetings, on a server.", no_args_is_help=True)
JobId = Annotated[str, typer.Argument(metavar="JOB", help="As in job_01J…")]
DeliveryId = Annotated[str, typer.Argument(metavar="DELIVERY", help="As in dlv_01J…")]
COLUMNS = ("id", "status", "joinAt", "title")
BRIEF = (
    "id",
    "externalId",
    "status",
    "lobby",
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


def show_brief(job: Mapping[str, Any], as_json: bool) -> None:
    """Print a job: what a person asks first, or as JSON all of it."""
    told = _told(job)
    show(job if as_json else {name: told[name] for name in BRIEF if told.get(name)}, as_json)


def show_jobs(found: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """Print jobs."""
    show_all(found if as_json else [_told(job) for job in found], COLUMNS, as_json)


def _told(job: Mapping[str, Any]) -> dict[str, Any]:
    """Return a job as people are told of it: one that was called off is no failure."""
    return {**job, "status": "cancelled" if job["cancelled"] else job["status"]}


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


verb(family, "cancel", "Cancel a job; a bot at the meeting leaves.", jobs.cancel, about=JobId, put=show_brief)
verb(family, "retry", "Send the bot again after a failure.", jobs.retry, about=JobId, put=show_brief)
verb(
    family,
    "ask-permission",
    "Ask for consent again, in a call.",
    jobs.request_recording_permission,
    about=JobId,
)


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


verb(family, "resend", "Send a delivery again, under the same id.", jobs.resend, about=DeliveryId)


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
