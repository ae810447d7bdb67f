"""What both clients have in common: when to try again, how long to wait, and how to read an answer."""

import random
from typing import Any

import httpx2

from agent.client.calls import Call
from agent.client.errors import ApiError, Unreachable, error_of

TRIES = 4
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
TIMEOUT_SECONDS = 30.0
WORTH_ANOTHER_TRY = frozenset({429, 502, 503, 504})


def headers(api_key: str) -> dict[str, str]:
    """Return the headers of every request."""
    credential = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    return {"Accept": "application/json", "User-Agent": "meetbot-python", **credential}


def request(call: Call[Any]) -> dict[str, Any]:
    """Return what the HTTP library is asked to send."""
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
    if answer.is_success:
        return body
    raise error_of(
        answer.status_code,
        body,
        request_id=answer.headers.get("x-request-id", ""),
        retry_after=answer.headers.get("retry-after", ""),
    )


def unreachable(error: httpx2.HTTPError) -> Unreachable:
    """Return the error that tells of a lost connection."""
    return Unreachable(f"The server cannot be reached: {error or type(error).__name__}")


def wait_before_next(call: Call[Any], error: ApiError, tried: int) -> float | None:
    """Return how long to wait before the next try; None when there is none.

    429 is always worth one: nothing was done. Else only what may be repeated is.
    """
    hopeful = isinstance(error, Unreachable) or error.status in WORTH_ANOTHER_TRY
    if tried >= TRIES or not hopeful or not (call.repeatable or error.status == 429):
        return None
    if error.retry_after_seconds is not None:
        return error.retry_after_seconds if error.retry_after_seconds <= LONGEST_WAIT_SECONDS else None
    step = min(FIRST_WAIT_SECONDS * 2.0 ** (tried - 1), LONGEST_WAIT_SECONDS)
    return step * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
