"""Forms are taken from our own pages only: a page elsewhere cannot press a button in somebody's name."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from agent.errors import Denied

OURS = frozenset({"same-origin", "none"})


def _same_site(request: Request) -> None:
    fetched_from = request.headers.get("sec-fetch-site")
    ours = fetched_from in OURS if fetched_from else _origin(request) == request.headers.get("host")
    if not ours:
        raise Denied("This form was not sent from this site.")


def _origin(request: Request) -> str:
    """Return host and port of the page that sent a form; '' where that is not told, or is nonsense."""
    try:
        return urlsplit(request.headers.get("origin", "")).netloc
    except ValueError:
        return ""


FromOurPages = Annotated[None, Depends(_same_site)]
