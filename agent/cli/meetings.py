"""`meetbot meetings`: read what was said and noted, ask, search."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from agent.cli.cells import clock
from agent.cli.jobs import JobId, show_brief, show_jobs
from agent.cli.options import AsJson
from agent.cli.output import heading, points, show, show_all
from agent.cli.remote import Most, Server, gathered, sent
from agent.client import jobs
from agent.rules import ledger_forms

family = typer.Typer(help="What was said and noted, on a server.", no_args_is_help=True)
PARTS = ("tldr", "decisions", "action_items", "open_questions")
TITLES = {
    "tldr": "In short",
    "decisions": "Decisions",
    "action_items": "Action items",
    "open_questions": "Open questions",
}


@family.command("list")
def list_meetings(limit: Most = 20, server: Server = None, as_json: AsJson = False) -> None:
    """List meetings that are over and have notes or a reason why not, newest first."""
    show_jobs(gathered(jobs.listing(status=("completed", "failed")), limit, server), as_json)


@family.command("show")
def show_meeting(job_id: JobId, server: Server = None, as_json: AsJson = False) -> None:
    """Show one meeting: how it ended, who was there, who consented, and the notes."""
    job = sent(jobs.get(job_id), server)
    show_brief(job, as_json)
    if as_json:
        return
    heading("People")
    show_all([one for one in job["participants"] if one["kind"] != "self"], ("name", "kind", "host"), as_json)
    heading("Consent")
    show_all(job["consent"], ("at", "outcome", "who", "words"), as_json)
    if job["summary"]:
        _show_notes(job["summary"])


@family.command("transcript")
def transcript(job_id: JobId, limit: Most = 10_000, server: Server = None, as_json: AsJson = False) -> None:
    """Print what was said."""
    found = gathered(jobs.transcript(job_id), limit, server)
    show_all(found if as_json else _lines(found), ("#", "at", "speaker", "text"), as_json)


@family.command("summary")
def summary(
    job_id: JobId,
    version: Annotated[int | None, typer.Option(help="The newest when left out.")] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Print the notes; numbers in brackets are the lines of the transcript they rest on."""
    found = sent(jobs.summary(job_id, version), server)
    if as_json:
        show(found, as_json)
        return
    _show_notes(found["summary"])


@family.command("ledger")
def ledger(
    job_id: JobId,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Print who consented to what, when, and in which words."""
    found = sent(jobs.get(job_id), server)["consent"]
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
    found = sent(jobs.ask(job_id, question), server)
    if as_json:
        show(found, as_json)
        return
    points([_statement(said) for said in found["statements"]] or ["The meeting does not say."])
    if found["cited"]:
        heading("Said")
        show_all(_lines(found["cited"]), ("#", "at", "speaker", "text"), as_json)


@family.command("search")
def search(
    words: Annotated[str, typer.Argument(help="Words to look for.")],
    limit: Most = 20,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Find words in your meetings."""
    show_all(gathered(jobs.search(words), limit, server), ("jobId", "speaker", "excerpt"), as_json)


def _lines(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "#": said["ordinal"],
            "at": clock(said["startedAt"]),
            "speaker": said["speaker"],
            "text": said["text"],
        }
        for said in entries
    ]


def _show_notes(notes: Mapping[str, Any]) -> None:
    heading(str(notes.get("title") or "Notes"))
    for part in PARTS:
        if notes.get(part):
            heading(TITLES[part])
            points([_statement(said) for said in notes[part]])
    for topic in notes.get("topics", ()):
        heading(f"{topic['title']} {_cites(topic)}")
        points(topic["points"])


def _statement(said: Mapping[str, Any]) -> str:
    who = ", ".join(str(said[name]) for name in ("owner", "due") if said.get(name))
    doubt = "" if said.get("verified", True) else " (not verified)"
    return f"{said['text']}{f' ({who})' if who else ''}{doubt} {_cites(said)}"


def _cites(said: Mapping[str, Any]) -> str:
    return f"[{', '.join(str(number) for number in said['cites'])}]"
