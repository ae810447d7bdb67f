"""Forms are taken from our own pages only: a page elsewhere cannot press a button in somebody's name."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from agent.errors import Denied

OURS = frozenset({"same-origin", "none"})


def _same_site(request: Request) -> None:
    fetched_from = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "")
    ours = fetched_from in OURS if fetched_from else urlsplit(origin).netloc == request.headers.get("host")
    if not ours:
        raise Denied("This form was not sent from this site.")


FromOurPages = Annotated[None, Depends(_same_site)]
