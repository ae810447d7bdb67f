"""`meetbot users`: who may use this server. Works on the database itself, so that the first user can be made."""

from typing import Annotated, Any

import typer

from agent.cli.local import local
from agent.cli.options import AsJson, ConfigFile
from agent.cli.output import show, show_all
from agent.model.tables import User

family = typer.Typer(help="Who may use this server.", no_args_is_help=True)
COLUMNS = ("id", "email", "name", "operator", "disabled", "created_at")


def _row(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "operator": user.is_operator,
        "disabled": user.disabled,
        "created_at": user.created_at,
    }


@family.command("create")
def create(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")],
    config: ConfigFile = None,
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    operator: Annotated[bool, typer.Option("--operator", help="Sees everybody's meetings.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a user."""
    with local(config) as here:
        show(_row(here.accounts.create_user(email, name=name, operator=operator)), as_json)


@family.command("list")
def list_users(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List all users."""
    with local(config) as here:
        show_all([_row(user) for user in here.accounts.users()], COLUMNS, as_json)
