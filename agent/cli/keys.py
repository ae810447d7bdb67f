"""`meetbot keys`: API keys. A key's text is shown once, when it is made."""

from typing import Annotated, Any

import typer

from agent.cli.local import local
from agent.cli.options import AsJson, ConfigFile
from agent.cli.output import show, show_all
from agent.model.account import Principal
from agent.model.tables import ApiKey

family = typer.Typer(help="API keys.", no_args_is_help=True)
COLUMNS = ("id", "name", "prefix", "last4", "created_at", "last_used_at", "revoked_at")
Owner = Annotated[str, typer.Option("--user", metavar="EMAIL", help="Whose key it is.")]
OPERATOR = Principal(user_id=None, is_operator=True)


def _row(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "last4": key.last4,
        "scopes": key.scopes,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }


@family.command("create")
def create(
    user: Owner,
    name: Annotated[str, typer.Option(help="What the key is for.")],
    config: ConfigFile = None,
    test: Annotated[bool, typer.Option("--test", help="Make an mb_test_ key.")] = False,
    scope: Annotated[list[str] | None, typer.Option(help="Allow only this; may be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it. It is never shown again."""
    with local(config) as here:
        key, text = here.accounts.create_key(user, name, test=test, scopes=scope or ())
        show({"key": text, "user": user, **_row(key)}, as_json)


@family.command("list")
def list_keys(user: Owner, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List a user's keys, without their texts."""
    with local(config) as here:
        show_all([_row(key) for key in here.accounts.keys_of(user)], COLUMNS, as_json)


@family.command("revoke")
def revoke(
    key_id: Annotated[int, typer.Argument(help="The key's number.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key; the next request with it is refused."""
    with local(config) as here:
        here.accounts.revoke_key(key_id, by=OPERATOR)
        show({"id": key_id, "revoked": True}, as_json)
