"""Options that many commands share, and the settings they lead to."""

from pathlib import Path
from typing import Annotated

import typer

from agent.config.load import config_path, load
from agent.config.settings import Settings
from agent.errors import Invalid

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="Settings file. Default: $MEETBOT_CONFIG, ./meetbot.toml, /etc/meetbot/…"
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Set one key, above file and environment."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def read_settings(config: Path | None, overrides: list[str] | None = None) -> Settings:
    """Return the settings a command runs under. Raises `Misconfigured` with every problem there is."""
    return load(config_path(config), assignments(overrides))


def assignments(overrides: list[str] | None) -> dict[str, str]:
    """Return `--set` options by their key."""
    found = {}
    for text in overrides or []:
        key, equals, value = text.partition("=")
        if not equals or "." not in key:
            raise Invalid(f'"{text}" is no setting; write --set section.key=value')
        found[key.strip()] = value
    return found
