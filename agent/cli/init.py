"""`meetbot init`: asks what cannot be guessed and writes a settings file with every key explained."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import Overrides, assignments
from agent.config.load import load
from agent.config.reference import example_file, plain_value
from agent.errors import Conflict, Misconfigured


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask: `key` is the setting it answers, `hidden` keeps the answer off the screen."""

    key: str
    text: str
    default: str = ""
    hidden: bool = False


QUESTIONS = (
    Question("bot.email", "E-mail address that people will invite"),
    Question("bot.name", "Name shown in the meeting", "Meetbot"),
    Question("bot.timezone", "Time zone for mails and pages", "UTC"),
    Question("bot.data_dir", "Directory to keep things in", "var"),
    Question("invites.allow", "Who may invite it (addresses or domains, with commas; * for anyone)"),
    Question("mail.host", "Mail server for what it sends", "127.0.0.1"),
    Question("okoro.service_token", "okoro service token (empty: no transcripts of Meet's own)", hidden=True),
)


def init(
    config: Annotated[Path, typer.Option("--config", "-c", help="File to write.")] = Path("meetbot.toml"),
    email: Annotated[str | None, typer.Option(help="E-mail address that people will invite.")] = None,
    override: Overrides = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; take the defaults.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over an existing file.")] = False,
) -> None:
    """Write a settings file, from a few questions or from flags."""
    if config.exists() and not force:
        raise Conflict(f"{config} exists already; add --force to write over it, or --config for another file")
    answers = assignments(override)
    if email is not None:
        answers["bot.email"] = email
    if not yes and sys.stdin.isatty():
        answers |= {question.key: _ask(question) for question in QUESTIONS if question.key not in answers}
    answers = {key: text for key, text in answers.items() if text}
    if any(key.startswith("webhooks.") for key in answers):
        raise Misconfigured(
            "Webhooks are not written by init; add a [[webhooks]] section to the file afterwards"
        )
    settings = load(None, answers, environment={})
    _write(config, example_file({key: plain_value(settings, key) for key in answers}))
    typer.echo(
        f"Wrote {config}. Next: meetbot config check --config {config}, then meetbot serve --config {config}"
    )


def _ask(question: Question) -> str:
    return str(typer.prompt(question.text, default=question.default, hide_input=question.hidden))


def _write(path: Path, text: str) -> None:
    """Write so that nobody else can read it, not even for a moment."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise Misconfigured(
            f"{path} cannot be written ({error.strerror}); choose another --config"
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, 0o600)
        file.write(text)
