"""`meetbot meetings`: read what was said and noted, ask, search."""

from itertools import islice
from typing import Annotated

import typer

from agent.cli.jobs import JobId
from agent.cli.options import AsJson
from agent.cli.output import show, show_all
from agent.cli.remote import Most, Server, signed_in
from agent.client import jobs
from agent.rules import ledger_forms

family = typer.Typer(help="What was said and noted, on a server.", no_args_is_help=True)


@family.command("list")
def list_meetings(limit: Most = 20, server: Server = None, as_json: AsJson = False) -> None:
    """List meetings that are over and have notes or a reason why not, newest first."""
    over = jobs.listing(status=("completed", "failed"))
    with signed_in(server) as meetbot:
        found = list(islice(meetbot.each(over), limit))
    show_all(found, ("id", "title", "joinAt", "status", "end_reason"), as_json)


@family.command("transcript")
def transcript(job_id: JobId, limit: Most = 10_000, server: Server = None, as_json: AsJson = False) -> None:
    """Print what was said."""
    with signed_in(server) as meetbot:
        found = list(islice(meetbot.each(jobs.transcript(job_id)), limit))
    show_all(found, ("ordinal", "startedAt", "speaker", "text"), as_json)


@family.command("summary")
def summary(
    job_id: JobId,
    version: Annotated[int | None, typer.Option(help="The newest when left out.")] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Print the notes."""
    with signed_in(server) as meetbot:
        found = meetbot.send(jobs.summary(job_id, version))
    show(found if as_json else {"version": found["version"], **found["summary"]}, as_json)


@family.command("ledger")
def ledger(
    job_id: JobId,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Print who consented to what, when, and in which words."""
    with signed_in(server) as meetbot:
        found = meetbot.send(jobs.get(job_id))["consent"]
    if as_csv:
        typer.echo(ledger_forms.as_csv(found), nl=False)
        return
    show_all(found, ("at", "outcome", "who", "words", "channel"), as_json)


@family.command("ask")
def ask(
    job_id: JobId,
    question: Annotated[str, typer.Argument(help="A question about this meeting.")],
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question from what was said; each statement cites its lines."""
    with signed_in(server) as meetbot:
        found = meetbot.send(jobs.ask(job_id, question))
    if as_json:
        show(found, as_json)
        return
    show_all(found["statements"], ("text", "cites"), as_json)
    show_all(found["cited"], ("ordinal", "speaker", "text"), as_json)


@family.command("search")
def search(
    words: Annotated[str, typer.Argument(help="Words to look for.")],
    limit: Most = 20,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Find words in your meetings."""
    with signed_in(server) as meetbot:
        found = list(islice(meetbot.each(jobs.search(words)), limit))
    show_all(found, ("jobId", "title", "kind", "speaker", "excerpt"), as_json)
