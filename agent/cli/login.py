"""`meetbot login`, `logout`, `whoami`: the sign-in of the command line to a server."""

import socket
import sys
import time
from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

import typer

from agent.cli import session
from agent.cli.options import AsJson
from agent.cli.output import say, show
from agent.cli.remote import Server, connected, signed_in
from agent.client import ApiError, Meetbot, account
from agent.client.types import Begun, SignedIn
from agent.errors import Denied, Invalid, MeetbotError, Temporary

PENDING = {"authorization_pending", "slow_down"}


def login(
    server: Annotated[str, typer.Option("--server", metavar="URL", help="Address of the server.")],
    with_key: Annotated[
        bool, typer.Option("--with-key", help="Read an API key from standard input instead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Sign in: shows a code, which somebody who is signed in elsewhere approves."""
    address = _address(server)
    key = _typed_key() if with_key else _by_device(address)
    with connected(address, key) as meetbot:
        me = meetbot.send(account.whoami())
        email, operator = me["email"], me["isOperator"]
    session.save(session.Session(address, key, email, by_device=not with_key))
    show({"server": address, "email": email, "operator": operator}, as_json)


def logout() -> None:
    """End the sign-in. A key that `meetbot login` made is revoked; one that you brought stays good."""
    kept = session.kept()
    if kept is None:
        say("Nobody was signed in.")
        return
    session.forget()
    if kept.by_device:
        _revoke(kept)
    say(f"Signed out of {kept.server}.")


def whoami(server: Server = None, as_json: AsJson = False) -> None:
    """Say who is signed in, and where."""
    with signed_in(server) as meetbot:
        me = meetbot.send(account.whoami())
    show({"server": session.load(server).server, **me}, as_json)


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not text.isascii() or any(mark.isspace() for mark in text):
        raise Invalid(f"{text} is not a server's address; write it as https://meetbot.example.com")
    return text.rstrip("/")


def _typed_key() -> str:
    """Read a key from standard input; from a terminal without showing it. Raises `Invalid` for what is none."""
    text = typer.prompt("API key", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    key = str(text).strip()
    if not key or not key.isascii() or not key.isprintable():
        raise Invalid("This is no API key; it begins with mb_live_ or mb_test_.")
    return key


def _revoke(kept: session.Session) -> None:
    try:
        with connected(kept.server, kept.key) as meetbot:
            for key in meetbot.send(account.keys())["apiKeys"]:
                if kept.key.startswith(key["prefix"]) and kept.key.endswith(key["last4"]):
                    meetbot.send(account.revoke_key(key["id"]))
    except MeetbotError as error:
        say(f"The key could not be revoked: {error.safe} Revoke it on another machine: meetbot keys list")


def _by_device(server: str) -> str:
    with connected(server) as meetbot:
        begun = meetbot.send(account.begin_login(f"meetbot on {socket.gethostname()}"[:80]))
        say(f"Open {begun['verification_uri_complete']}")
        say(f"and check that it shows the code {begun['user_code']}. Waiting …")
        return wait_for_key(meetbot, begun)["access_token"]


def wait_for_key(
    meetbot: Meetbot,
    begun: Begun,
    *,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> SignedIn:
    """Poll as the server says until somebody has decided. Raises `Denied` or `Temporary`."""
    wait, ends_at = float(begun["interval"]), now() + begun["expires_in"]
    while now() < ends_at:
        sleep(wait)
        try:
            return meetbot.send(account.poll_login(begun["nonce"]))
        except ApiError as error:
            if error.code == "slow_down":
                wait += 5
            elif error.status == 0:
                wait *= 2
            elif error.code == "access_denied":
                raise Denied("The sign-in was refused.") from error
            elif error.code not in PENDING:
                raise
    raise Temporary("Nobody approved the sign-in in time; start again.")
