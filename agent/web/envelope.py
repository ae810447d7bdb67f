"""What surrounds every request: an id that logs and answer share, safe headers, a limit on the body, a line in the book."""

import re
import time
from http import HTTPStatus
from uuid import uuid4

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.lifecycle.people.request_book import RequestBook
from agent.model.account import Principal
from agent.web.refusal import refusal

MAX_BODY_BYTES = 64 * 1024
LARGER_BODIES = {"/api/v1/intake/": 1024 * 1024, "/api/v1/ingest": 1024 * 1024}
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}
BOT_REPORTS = "/api/v1/ingest"  # several a second for each remote bot: the timeline has them
ONE_YEAR_OF_TLS = {"Strict-Transport-Security": "max-age=31536000"}
FAILED = "The server failed; its log tells why."
log = structlog.get_logger("web")


class Envelope:
    """Middleware: names the request, writes it down when it is answered, and makes the answer safe by default."""

    def __init__(self, app: ASGIApp, *, book: RequestBook, over_tls: bool) -> None:
        self.app = app
        self.book = book
        headers = SAFE_HEADERS | (ONE_YEAR_OF_TLS if over_tls else {})
        self.headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid4().hex
        began, status, started = time.monotonic(), 500, False

        async def tell(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                there = {name for name, _ in message["headers"]}
                missing = [header for header in self.headers if header[0] not in there]
                message["headers"] = [*message["headers"], *missing, (b"x-request-id", request_id.encode())]
            await send(message)

        scope.setdefault("state", {})
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, tell)
            except ClientDisconnect:
                log.info("request.left", action="web.fail")
            except Exception as error:  # whatever failed: the caller gets an answer, the log the reason
                log.error("request.failed", action="web.fail", exc_info=error)
                if not started:
                    await refusal(scope, 500, FAILED)(scope, receive, tell)
            finally:
                self._write_down(scope, status, int((time.monotonic() - began) * 1000))

    def _write_down(self, scope: Scope, status: int, duration_ms: int) -> None:
        """Keep the path's template, never the path or the query: they may carry tokens."""
        route = _template(scope)
        by = scope["state"].get("principal")
        tell = log.info if status >= HTTPStatus.BAD_REQUEST else log.debug  # the book has every request
        tell(
            "request",
            action="web.serve",
            method=scope["method"],
            route=route,
            status=status,
            duration_ms=duration_ms,
        )
        if isinstance(by, Principal) and route != BOT_REPORTS:
            self.book.note(by, method=scope["method"], route=route, status=status, duration_ms=duration_ms)


def _template(scope: Scope) -> str:
    """Return the whole template of the path; a route that stands under a prefix knows its own part only."""
    included = scope.get("fastapi", {}).get("effective_route_context")
    return getattr(included or scope.get("route"), "path_format", "")


class TooLarge(HTTPException):
    """More body came than is allowed; a route that is reading it lets this kind of error through."""


class BodyLimit:
    """Middleware: refuses bodies beyond the limit with 413, whether announced or streamed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = next(
            (size for path, size in LARGER_BODIES.items() if scope["path"].startswith(path)), MAX_BODY_BYTES
        )
        announced = Headers(scope=scope).get("content-length", "")
        taken = 0

        async def count() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise TooLarge(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is larger than {limit} bytes.")
            return message

        try:
            if announced.isdigit() and int(announced) > limit:
                raise TooLarge(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is larger than {limit} bytes.")
            await self.app(scope, count, send)
        except TooLarge as error:
            await refusal(scope, error.status_code, error.detail)(scope, receive, send)
