"""`meetbot worker`: bots for a server elsewhere."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from agent import app
from agent.cli.options import ConfigFile, Overrides, read_settings
from agent.config.load import handed_over
from agent.daemon.clock import SystemClock
from agent.daemon.logging import configure
from agent.daemon.supervisor import Supervisor
from agent.daemon.systemd import Systemd
from agent.daemon.worker_parts import worker_parts
from agent.errors import Misconfigured

Server = Annotated[
    str,
    typer.Option("--server", metavar="URL", help="The server whose bots run here; no database is needed."),
]
TokenFile = Annotated[
    Path, typer.Option("--token-file", help="File with an operator's key that has the scope ingest.")
]
Places = Annotated[
    int | None,
    typer.Option("--places", min=1, help="Bots at the same time. Default: [browser] max_bots."),
]
NO_ADDRESS = "bot.email=worker@example.invalid"  # whom people invite is the server's matter


def worker(
    server: Server,
    token_file: TokenFile,
    places: Places = None,
    config: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Run bots for a server elsewhere: claim its jobs, bring the bots to the meetings, and report what happens."""
    settings = read_settings(config, [NO_ADDRESS, *(overrides or [])])
    room = places or settings.browser.max_bots
    if not room:
        raise Misconfigured("There is no place for a bot here; give --places, or raise browser.max_bots.")
    if not server.startswith(("https://", "http://")):
        raise Misconfigured(
            f"--server {server} is no address; write https://… as in the server's http.public_url"
        )
    token = _token(token_file)
    configure(settings.logging.level, settings.logging.format)
    systemd = Systemd(handed_over())
    assembled = app.build_worker(settings, SystemClock(), server=server, token=token, places=room)
    supervisor = Supervisor(
        worker_parts(assembled),
        on_ready=partial(systemd.notify, "READY=1"),
        on_stopping=partial(systemd.notify, "STOPPING=1"),
    )
    asyncio.run(supervisor.run())


def _token(path: Path) -> str:
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(
            f"{path} cannot be read; write the key into it, readable for this user"
        ) from error
    if not token or not token.isprintable() or " " in token:
        raise Misconfigured(
            f"{path} holds no key; make one with: meetbot keys create --scope ingest --user OPERATOR --name worker"
        )
    return token
