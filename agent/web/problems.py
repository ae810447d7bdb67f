"""Errors on their way out: kind → status, safe text only, in the shape the API promises."""

import math
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from agent.errors import Kind, MeetbotError, Temporary, TooMany
from agent.web.auth import Unauthenticated, identify
from agent.web.refusal import refusal

STATUS = {Kind.INVALID: 422, Kind.DENIED: 403, Kind.MISSING: 404, Kind.CONFLICT: 409, Kind.TEMPORARY: 503}
DEFAULT_RETRY_AFTER_SECONDS = 2.0
WORDS = {
    400: "The body is not readable JSON.",
    401: "No valid credentials.",
    403: "Not allowed.",
    404: "There is no such thing, or it is somebody else's.",
    409: "The present state forbids it.",
    413: "The body is too large.",
    422: "The request cannot be used as it is.",
    429: "Too many requests.",
    503: "Not now; try again.",
}
EVERYWHERE = (400, 401, 403, 413, 422, 429, 503)
log = structlog.get_logger("web")


class Problem(BaseModel):
    """What went wrong, in words for the caller."""

    detail: str


class Fault(BaseModel):
    """One thing that is wrong with a request: where it stands, what is wrong, and the kind of error."""

    loc: list[str | int]
    msg: str
    type: str


class Faults(BaseModel):
    """Everything that is wrong with a request, or one sentence about it."""

    detail: list[Fault] | str


def status_of(error: MeetbotError) -> int:
    """Return the HTTP status that tells an error's kind."""
    if isinstance(error, Unauthenticated):
        return 401
    return 429 if isinstance(error, TooMany) else STATUS[error.kind]


def headers_of(error: MeetbotError) -> dict[str, str]:
    """Return the headers that belong to an error: how to sign in, when to come back."""
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, Temporary):
        return {"Retry-After": str(math.ceil(error.retry_after_seconds or DEFAULT_RETRY_AFTER_SECONDS))}
    return {}


def problem(scope: Scope, error: MeetbotError) -> Response:
    """Return the answer that tells a caller of an error."""
    return refusal(scope, status_of(error), error.safe, headers_of(error))


def install(app: FastAPI) -> None:
    """Answer every foreseen error by its kind."""

    @app.exception_handler(MeetbotError)
    async def _foreseen(request: Request, error: MeetbotError) -> Response:
        log.info("request.refused", action="web.refuse", kind=error.kind, error=error.full)
        return problem(request.scope, error)

    @app.exception_handler(RequestValidationError)
    async def _unusable(request: Request, error: RequestValidationError) -> Response:
        faults = [_fault(found, error.body) for found in error.errors()]
        detail = [fault.model_dump() for fault in faults]
        if any(fault.type == "json_invalid" for fault in faults):
            return await _unread(request, detail)
        return refusal(request.scope, 422, detail)

    @app.exception_handler(400)
    async def _unparsed(request: Request, error: HTTPException) -> Response:
        return await _unread(request, error.detail)

    @app.exception_handler(404)
    async def _missing(request: Request, error: HTTPException) -> Response:
        return refusal(request.scope, 404, error.detail)


async def _unread(request: Request, detail: str | list[dict[str, Any]]) -> Response:
    """Answer a body that could not be read; where anybody may send one, nobody has counted the request yet."""
    try:
        await identify(request)
    except Unauthenticated:
        pass  # counted on the sender's address
    except MeetbotError as error:
        return problem(request.scope, error)
    return refusal(request.scope, 400, detail)


def _fault(found: Any, body: Any) -> Fault:
    """Return a fault in the API's own words where it has some."""
    loc, kind, words = list(found["loc"]), found["type"], found["msg"]
    if kind == "missing":
        kind, words = "value_error.missing", "field required"
    elif kind == "model_attributes_type":
        words = "Send a JSON object"
        if isinstance(body, bytes):
            words += ", with Content-Type: application/json"
    return Fault(loc=loc, msg=words, type=kind)


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document the error answers of a route beyond those that every route has."""
    return {
        status: {"description": WORDS[status], "model": Faults if status in {400, 422} else Problem}
        for status in sorted({*EVERYWHERE, *statuses})
    }
