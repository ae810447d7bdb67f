"""The server that a command talks to, and its refusals in the words of the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Annotated, TypeVar

import typer

from agent.cli import session
from agent.client import (
    ApiError,
    Call,
    Conflict,
    Forbidden,
    Listing,
    Meetbot,
    NotFound,
    Unauthorized,
    Unreachable,
)
from agent.errors import Conflict as ConflictError
from agent.errors import Denied, Invalid, MeetbotError, Missing, Temporary

T = TypeVar("T")
Server = Annotated[
    str | None, typer.Option("--server", metavar="URL", help="Default: the one signed in to by `login`.")
]
Most = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many at most.")]


@contextmanager
def signed_in(server: str | None) -> Iterator[Meetbot]:
    """Connect as the person who is signed in. Refusals come out as `MeetbotError`."""
    kept = session.load(server)
    with connected(kept.server, kept.key) as meetbot:
        yield meetbot


def sent(call: Call[T], server: str | None) -> T:
    """Send one call as the person who is signed in, and return its answer."""
    with signed_in(server) as meetbot:
        return meetbot.send(call)


def gathered(listing: Listing[T], limit: int, server: str | None) -> list[T]:
    """Return the first items of a list, as the person who is signed in sees it."""
    with signed_in(server) as meetbot:
        return list(islice(meetbot.each(listing), limit))


@contextmanager
def connected(server: str, key: str = "") -> Iterator[Meetbot]:
    """Connect with a key, or with none."""
    try:
        with Meetbot(server, key) as meetbot:
            yield meetbot
    except ApiError as error:
        raise told(error, server) from error
    except KeyError as error:  # JSON, but none of ours
        raise Invalid(f"{server} answers, but not as a Meetbot server does.") from error


def told(error: ApiError, server: str) -> MeetbotError:
    """Return the product's own error for a refusal by the server."""
    match error:
        case Unauthorized():
            return Denied(f"{error.detail} Sign in again: meetbot login --server {server}")
        case Forbidden():
            return Denied(error.detail)
        case NotFound():
            return Missing(error.detail)
        case Conflict():
            return ConflictError(error.detail)
        case Unreachable():
            return Temporary(f"{error.detail}. See that the server runs and that this is its address.")
    if error.status in {0, 429} or error.status >= 500:
        return Temporary(error.detail, retry_after_seconds=error.retry_after_seconds)
    return Invalid(error.detail)
