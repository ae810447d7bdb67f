"""`meetbot keys`: API keys. A key's text is shown once, when it is made.

With `--user` a key is made in the database of this machine, for anybody; without it on the server, for oneself.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from agent.cli.local import local
from agent.cli.options import AsJson, ConfigFile
from agent.cli.output import show, show_all
from agent.cli.remote import Server, sent
from agent.client import account
from agent.model.account import Principal
from agent.model.tables import ApiKey

family = typer.Typer(help="API keys: of this machine with --user, else of the server.", no_args_is_help=True)
COLUMNS = ("id", "name", "prefix", "scopes", "lastUsedAt", "revokedAt")
OPERATOR = Principal(user_id=None, is_operator=True)
Owner = Annotated[
    str | None, typer.Option("--user", metavar="EMAIL", help="Whose key, in the database of this machine.")
]


@family.command("create")
def create(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    user: Owner = None,
    config: ConfigFile = None,
    test: Annotated[bool, typer.Option("--test", help="Make an mb_test_ key; with --user.")] = False,
    scope: Annotated[list[str] | None, typer.Option(help="Allow only this; may be repeated.")] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it. It is never shown again."""
    if user is None:
        show(sent(account.create_key(name, scopes=scope or ()), server), as_json)
        return
    with local(config) as here:
        key, text = here.accounts.create_key(user, name, test=test, scopes=scope or ())
        show({"key": text, "user": user, **_row(key)}, as_json)


@family.command("list")
def list_keys(
    user: Owner = None, config: ConfigFile = None, server: Server = None, as_json: AsJson = False
) -> None:
    """List keys, without their texts."""
    show_all(_keys(user, config, server), COLUMNS, as_json)


@family.command("revoke")
def revoke(
    key_id: Annotated[int, typer.Argument(metavar="KEY", help="The key's number.")],
    here: Annotated[bool, typer.Option("--here", help="In the database of this machine.")] = False,
    config: ConfigFile = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key; the next request with it is refused."""
    if here or config:
        with local(config) as machine:
            machine.accounts.revoke_key(key_id, by=OPERATOR)
    else:
        sent(account.revoke_key(key_id), server)
    show({"id": key_id, "revoked": True}, as_json)


def _keys(user: str | None, config: ConfigFile, server: str | None) -> list[Mapping[str, Any]]:
    if user is None:
        return list(sent(account.keys(), server)["apiKeys"])
    with local(config) as here:
        return [_row(key) for key in here.accounts.keys_of(user)]


def _row(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "last4": key.last4,
        "scopes": key.scopes,
        "createdAt": key.created_at,
        "lastUsedAt": key.last_used_at,
        "expiresAt": key.expires_at,
        "revokedAt": key.revoked_at,
    }
