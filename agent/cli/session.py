"""Which server the command line talks to, and as whom: kept in a file that only its owner can read."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from agent.errors import Missing

FILE_MODE = 0o600
FOLDER_MODE = 0o700


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in. `key` is an API key; `by_device` says that the sign-in itself made it."""

    server: str
    key: str
    email: str = ""
    by_device: bool = False


def path() -> Path:
    """Return where the sign-in is kept: below the user's configuration directory."""
    return Path(typer.get_app_dir("meetbot")) / "session.json"


def kept() -> Session | None:
    """Return the sign-in; None when there is none that can be read."""
    try:
        found = Session(**json.loads(path().read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return found if isinstance(found.server, str) and isinstance(found.key, str) else None


def load(server: str | None = None) -> Session:
    """Return the sign-in, to `server` where one is named. Raises `Missing`, saying how to sign in."""
    wanted = server.rstrip("/") if server else ""
    found = kept()
    if found is None:
        raise Missing(f"Nobody is signed in; run: meetbot login --server {wanted or 'URL'}")
    if wanted and found.server != wanted:
        raise Missing(f"The sign-in is to {found.server}; run: meetbot login --server {wanted}")
    return found


def save(session: Session) -> None:
    """Keep a sign-in in place of the one before; at no instant can somebody else read it."""
    target = path()
    target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    draft = target.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "w", encoding="utf-8") as file:
        json.dump(asdict(session), file)
    draft.replace(target)


def forget() -> None:
    """Drop the sign-in."""
    path().unlink(missing_ok=True)
