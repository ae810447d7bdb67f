"""`meetbot demo`: the whole main job against the sandbox, with the daemon as its own process, and live progress."""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from agent.cli.options import AsJson
from agent.errors import Invalid, Temporary
from agent.sandbox.demo import stage, stories
from agent.sandbox.demo.result import gather

NAME_COLUMNS = 9


def _scenarios() -> list[str]:
    return [*stories.STORIES, "list"]


Scenario = Annotated[
    str,
    typer.Option(
        "--scenario",
        metavar="NAME",
        help="Which story to play; `list` prints them.",
        autocompletion=_scenarios,
    ),
]
Keep = Annotated[bool, typer.Option("--keep", help="Leave everything running until Ctrl-C.")]
Directory = Annotated[
    Path | None,
    typer.Option("--directory", help="Where everything goes: a new or empty one. Default: a temporary one."),
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
    where = _empty(directory) if directory else Path(tempfile.mkdtemp(prefix=f"meetbot-demo-{scenario}-"))
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

    console.print("[dim]starting the fake world and the daemon …[/]", highlight=False)
    async with stage.Stage(directory, narrate, story.overrides) as scene:
        narrate("the fake world and the daemon are up")
        told = await stories.tell(scene, story)
        result = await gather(scene, story, told, time.monotonic() - started)
        bodies = _keep_bodies(directory, told[2])
        _show(console, result, {"webhooks": bodies, "log": scene.log}, keep=keep)
        if as_json:
            # The one thing on standard output, so that a program can read it.
            sys.stdout.write(json.dumps(result) + "\n")
            sys.stdout.flush()
        if keep:
            console.print("\nEverything keeps running. Ctrl-C ends it.")
            await _until_interrupted()
    return result


def _empty(directory: Path) -> Path:
    """Return a directory that is there and holds nothing; what an earlier story left would be taken for this one's."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        taken = any(directory.iterdir())
    except OSError as error:
        raise Invalid(f"{directory} cannot be used ({error.strerror}); give another --directory") from error
    if taken:
        raise Invalid(f"{directory} holds something already; give a new or empty --directory")
    return directory


def _keep_bodies(directory: Path, deliveries: Sequence[dict[str, Any]]) -> Path:
    """Keep the webhooks as they arrived: the world that received them goes."""
    path = directory / "webhooks.json"
    path.write_text(json.dumps(deliveries, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _show(console: Console, result: dict[str, Any], kept: dict[str, Path], *, keep: bool) -> None:
    """Tell what came of it, each thing with its place: a path or an address on a line of its own, never cut."""
    hooks, summary, urls = result["webhooks"], result["summary"], result["urls"]
    good = sum(hook["signature_ok"] for hook in hooks)
    console.print()
    for mail in result["mail"]:
        _row(console, "mail", f"{mail['subject']} → {mail['to']}", mail["path"])
    _row(console, "webhooks", f"{len(hooks)} arrived, {good} with good signatures", kept["webhooks"])
    if summary["engine"]:
        told = f"{summary['decisions']} decisions, {summary['action_items']} action items, every line cited"
        _row(console, "summary", f"{told} ({result['transcript']['source']} transcript)")
    if keep:
        _row(console, "pages", "as long as this runs", urls["dashboard"], urls["api_docs"])
    else:
        _row(console, "pages", "add --keep to look at them: it leaves everything running")
    _row(console, "log", "of the daemon", kept["log"])
    timings = ", ".join(
        f"{name.replace('_', ' ')} {value:g} s"
        for name, value in result["seconds"].items()
        if value is not None
    )
    console.print(f"[dim]{timings}[/]", highlight=False)
    if result["ok"]:
        console.print(f"\n[bold green]All of it arrived.[/] The job is {_ending(result['job'])}.")
    else:
        console.print("\n[bold red]Not all of it arrived:[/]")
        for problem in result["problems"]:
            console.print(f"  [red]✗[/] {problem}", highlight=False)


def _row(console: Console, name: str, text: str, *places: object) -> None:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=NAME_COLUMNS)
    table.add_row(Text(name, style="dim"), Text(text, style="bold" if name == "mail" else ""))
    console.print(table)
    for place in places:
        console.print(Text(f"{' ' * (NAME_COLUMNS + 1)}{place}", style="dim"), soft_wrap=True)


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
