"""What both clients have in common: when to try again, how long to wait, and how to read an answer."""

import random
from typing import Any

import httpx2

from agent.client.calls import Call
from agent.client.errors import ApiError, Invalid, NotFound, Unauthorized, Unreachable, error_of

TRIES = 4
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
TIMEOUT_SECONDS = 30.0
DEAD_ENDS = frozenset({"", ".", ".."})
WORTH_ANOTHER_TRY = frozenset({429, 502, 503, 504})


def headers(api_key: str) -> dict[str, str]:
    """Return the headers of every request. Raises `Unauthorized` for a key that no server can have made."""
    if not (api_key.isascii() and api_key.isprintable()):
        raise Unauthorized("This is no API key; it begins with mb_live_ or mb_test_.", status=401)
    credential = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    return {"Accept": "application/json", "User-Agent": "meetbot-python", **credential}


def request(call: Call[Any]) -> dict[str, Any]:
    """Return what the HTTP library is asked to send. Raises `NotFound` where an id is empty: it names another path."""
    if DEAD_ENDS & set(call.path.split("/")[1:]):
        raise NotFound("There is nothing without an id.", status=404)
    return {
        "method": call.method,
        "url": call.path,
        "params": dict(call.query),
        "json": dict(call.body) if call.body is not None else None,
        "headers": call.headers,
    }


def value_of(answer: httpx2.Response) -> Any:
    """Return what a good answer carries. Raises the error that another one tells."""
    try:
        body = answer.json() if answer.content else None
    except ValueError:
        body = None
    if answer.is_redirect:
        raise Invalid(
            f"The server stands elsewhere: {answer.headers.get('location', '')}", status=answer.status_code
        )
    if (answer.is_success and answer.content and body is None) or (answer.status_code == 404 and not body):
        raise Invalid(
            f"{_host(answer.url)} answers, but not as a Meetbot server does.", status=answer.status_code
        )
    if answer.is_success:
        return body
    raise error_of(
        answer.status_code,
        body,
        request_id=answer.headers.get("x-request-id", ""),
        retry_after=answer.headers.get("retry-after", ""),
    )


def unreachable(error: httpx2.HTTPError, base_url: httpx2.URL) -> Unreachable:
    """Return the error that tells of a lost connection."""
    return Unreachable(f"{_host(base_url)} cannot be reached: {error or type(error).__name__}")


def _host(url: httpx2.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


class Patience:
    """How long one call is tried."""

    def __init__(self, call: Call[Any]) -> None:
        self._call = call
        self._tried = 0

    def wait_after(self, error: ApiError) -> float:
        """Return the seconds to wait before the next try. Raises the error when there is none.

        429 is always worth one: nothing was done. Else only what may be repeated is.
        """
        self._tried += 1
        hopeful = isinstance(error, Unreachable) or error.status in WORTH_ANOTHER_TRY
        asked_for = error.retry_after_seconds
        if self._tried >= TRIES or not hopeful or not (self._call.repeatable or error.status == 429):
            raise error
        if asked_for is not None:
            if asked_for > LONGEST_WAIT_SECONDS:
                raise error
            return asked_for
        step = min(FIRST_WAIT_SECONDS * 2.0 ** (self._tried - 1), LONGEST_WAIT_SECONDS)
        return step * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
