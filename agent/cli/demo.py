"""`meetbot demo`: the whole main job against the sandbox, with the daemon as its own process, and live progress."""

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from agent.cli.options import AsJson
from agent.errors import Invalid, Temporary
from agent.sandbox.demo import stage, stories
from agent.sandbox.demo.result import gather

Scenario = Annotated[
    str, typer.Option("--scenario", metavar="NAME", help="Which story to play; `list` prints them.")
]
Keep = Annotated[bool, typer.Option("--keep", help="Leave everything running until Ctrl-C.")]
Directory = Annotated[
    Path | None,
    typer.Option("--directory", help="Where mails, log and database go. Default: a new temporary one."),
]


def demo(
    scenario: Scenario = "happy", keep: Keep = False, as_json: AsJson = False, directory: Directory = None
) -> None:
    """Play one meeting from invitation to recap, and check that all of it really arrived."""
    if scenario == "list":
        _list(as_json=as_json)
        return
    story = stories.STORIES.get(scenario)
    if story is None:
        raise Invalid(f'There is no scenario "{scenario}". Print them with: meetbot demo --scenario list')
    where = directory or Path(tempfile.mkdtemp(prefix=f"meetbot-demo-{scenario}-"))
    console = Console(stderr=as_json)
    try:
        result = asyncio.run(play(story, where, console, keep=keep, as_json=as_json))
    except stage.StoryError as error:
        raise Temporary(f"The demo stopped. {error}\nThe daemon's log: {where / 'daemon.log'}") from error
    if not result["ok"]:
        raise typer.Exit(1)


async def play(
    story: stories.Story, directory: Path, console: Console, *, keep: bool, as_json: bool
) -> dict[str, Any]:
    """Play a story on a stage in `directory`, show it on `console`, and return what it came to."""
    console.print(Panel.fit(f"[bold]{story.title}[/]\n[dim]scenario {story.name}[/]", border_style="cyan"))
    started = time.monotonic()

    def narrate(sentence: str) -> None:
        console.print(f"[dim]{time.monotonic() - started:6.1f} s[/]  [green]✓[/] {sentence}", highlight=False)

    async with stage.Stage(directory, narrate, story.overrides) as scene:
        narrate("the fake world and the daemon are up")
        told = await stories.tell(scene, story)
        result = await gather(scene, story, told, time.monotonic() - started)
        _show(console, scene, result)
        if as_json:
            # The one thing on standard output, so that a program can read it.
            sys.stdout.write(json.dumps(result) + "\n")
            sys.stdout.flush()
        if keep:
            console.print("\nEverything keeps running. Ctrl-C ends it.")
            await _until_interrupted()
    return result


def _show(console: Console, scene: stage.Stage, result: dict[str, Any]) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for mail in result["mail"]:
        table.add_row("mail", f"[bold]{mail['subject']}[/] → {mail['to']}", f"[dim]{mail['path']}[/]")
    good = sum(hook["signature_ok"] for hook in result["webhooks"])
    table.add_row(
        "webhooks", f"{len(result['webhooks'])} arrived, {good} with good signatures", _hooks_url(scene)
    )
    summary = result["summary"]
    if summary["engine"]:
        told = f"{summary['decisions']} decisions, {summary['action_items']} action items, every line cited"
        table.add_row("summary", told, f"[dim]{result['transcript']['source']} transcript[/]")
    table.add_row("pages", result["urls"]["dashboard"], result["urls"]["api_docs"])
    table.add_row("log", str(scene.log), "")
    console.print()
    console.print(table)
    seconds = result["seconds"]
    timings = ", ".join(
        f"{name.replace('_', ' ')} {value:g} s" for name, value in seconds.items() if value is not None
    )
    console.print(f"[dim]{timings}[/]", highlight=False)
    if result["ok"]:
        console.print(f"\n[bold green]All of it arrived.[/] The job is {_ending(result['job'])}.")
    else:
        console.print("\n[bold red]Not all of it arrived:[/]")
        for problem in result["problems"]:
            console.print(f"  [red]✗[/] {problem}", highlight=False)


def _hooks_url(scene: stage.Stage) -> str:
    return f"[dim]{scene.world.base_url}/control/hooks/{stage.HOOK}[/]"


def _ending(job: dict[str, Any]) -> str:
    why = job["end_reason"] or job["failure_code"]
    return f"{job['status']} ({why})" if why else str(job["status"])


def _list(*, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({story.name: story.title for story in stories.STORIES.values()}) + "\n")
        return
    table = Table("scenario", "what happens", box=None)
    for story in stories.STORIES.values():
        table.add_row(f"[bold]{story.name}[/]", story.title)
    Console().print(table)


async def _until_interrupted() -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return
