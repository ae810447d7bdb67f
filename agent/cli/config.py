"""`meetbot config`: are the settings good, which are in force, what can be set."""

import json
from typing import Annotated

import typer

from agent.app import habits
from agent.cli.options import AsJson, ConfigFile, Overrides, read_settings
from agent.config.load import config_path
from agent.config.reference import example_file, reference_page, settings_file, shown

commands = typer.Typer(help="Check and show the settings.", no_args_is_help=True)


@commands.command()
def check(config: ConfigFile = None, override: Overrides = None) -> None:
    """Say everything that is wrong with the settings, at once."""
    habits(read_settings(config, override))
    typer.echo(f"The settings are good ({config_path(config) or 'no file, environment only'}).")


@commands.command()
def show(config: ConfigFile = None, override: Overrides = None, as_json: AsJson = False) -> None:
    """Print the settings in force, secrets masked."""
    view = shown(read_settings(config, override))
    typer.echo(json.dumps(view, indent=2, ensure_ascii=False) if as_json else settings_file(view), nl=as_json)


@commands.command()
def reference(
    example: Annotated[bool, typer.Option("--example", help="Print the example file instead.")] = False,
) -> None:
    """Print the page of all settings."""
    typer.echo(example_file() if example else reference_page(), nl=False)
