"""Answers that say no: JSON to programs, and a page to a browser on whatever people open by a link.

`{"detail": "text"}`, or for a request that breaks the schema `{"detail": [{"loc", "msg", "type"}]}`.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from agent.web.public.sheet import sheet

OF_PROGRAMS = ("/api/", "/v1/", "/webhooks/")
OF_PEOPLE_TOO = ("/v1/share/", "/api/v1/share/")
HEADINGS = {
    HTTPStatus.NOT_FOUND: "There is no such page",
    HTTPStatus.FORBIDDEN: "This is not allowed",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests",
}
BROKEN = "The link is damaged, or something in the form is missing. Open the link again as you got it."


def refusal(
    scope: Scope, status: int, detail: str | list[dict[str, Any]], headers: Mapping[str, str] | None = None
) -> Response:
    """Return the answer to a request that gets no other."""
    if not is_for_people(scope):
        return JSONResponse({"detail": detail}, status, headers)
    return sheet(
        HEADINGS.get(HTTPStatus(status), "This did not work"),
        _in_words(detail, (headers or {}).get("Retry-After")),
        status=status,
        headers={"Vary": "Accept", **(headers or {})},
    )


def is_for_people(scope: Scope) -> bool:
    """Whether a request is a browser's, for a page: programs call the API, and have their JSON also from a browser."""
    path = scope["path"]
    if path.startswith(OF_PROGRAMS) and not path.startswith(OF_PEOPLE_TOO):
        return False
    return prefers_page(Headers(scope=scope).get("accept", ""))


def prefers_page(accept: str) -> bool:
    """Whether an `Accept` names HTML, and does not like JSON better."""
    liking = {"text/html": 0.0, "application/json": 0.0}
    for part in accept.lower().split(","):
        kind, *parameters = (word.strip() for word in part.split(";"))
        if kind in liking:
            liking[kind] = _quality(parameters)
    return liking["text/html"] > 0 and liking["text/html"] >= liking["application/json"]


def _quality(parameters: list[str]) -> float:
    given = next((one.removeprefix("q=") for one in parameters if one.startswith("q=")), "1")
    try:
        return float(given)
    except ValueError:
        return 1.0


def _in_words(detail: str | list[dict[str, Any]], wait_seconds: str | None) -> str:
    """Return what a person is told: they know neither fields nor headers."""
    if not isinstance(detail, str):
        return BROKEN
    if wait_seconds:
        return f"That was too fast. Wait {wait_seconds} seconds, then load this page again."
    return detail
