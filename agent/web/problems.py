"""Errors on their way out: kind → status, safe text only, in the shape the API promises (`detail`)."""

import math
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from agent.errors import Kind, MeetbotError, Temporary
from agent.web.auth import Unauthenticated

STATUS = {Kind.INVALID: 422, Kind.DENIED: 403, Kind.MISSING: 404, Kind.CONFLICT: 409, Kind.TEMPORARY: 503}
DEFAULT_RETRY_AFTER_SECONDS = 2.0
log = structlog.get_logger("web")


def problem(error: MeetbotError) -> JSONResponse:
    """Return the answer that tells a caller of an error."""
    headers: dict[str, str] = {}
    status = STATUS[error.kind]
    if isinstance(error, Unauthenticated):
        status, headers["WWW-Authenticate"] = 401, "Bearer"
    if isinstance(error, Temporary):
        headers["Retry-After"] = str(math.ceil(error.retry_after_seconds or DEFAULT_RETRY_AFTER_SECONDS))
    return JSONResponse({"detail": error.safe}, status_code=status, headers=headers)


def install(app: FastAPI) -> None:
    """Answer every foreseen error by its kind, and every other with a 500 that tells nothing."""

    @app.exception_handler(MeetbotError)
    async def _foreseen(request: Request, error: MeetbotError) -> JSONResponse:
        log.info(
            "request.refused", action="web.refuse", path=request.url.path, kind=error.kind, error=error.full
        )
        return problem(error)

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
        log.error("request.failed", action="web.fail", path=request.url.path, exc_info=error)
        return JSONResponse({"detail": "The server failed; the log tells why."}, status_code=500)


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document error answers of a route."""
    schema = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    words = {
        401: "No valid API key.",
        403: "Not allowed.",
        404: "There is no such thing, or it is somebody else's.",
        409: "The present state forbids it.",
        422: "The request cannot be used as it is.",
        429: "Too many requests.",
        503: "Not now; try again.",
    }
    return {status: {"description": words[status], "content": schema} for status in statuses}
