"""Which methods a path has: HEAD wherever there is GET, OPTIONS everywhere, and on every 405 all of them."""

from collections.abc import Callable, Sequence
from functools import cache
from re import Pattern

from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.web.refusal import refusal

Table = Sequence[tuple[Pattern[str], frozenset[str]]]


class _HeadTold(Exception):
    """No failure: the head of the answer is out, and whoever writes its body may stop."""


class Methods:
    """Middleware: answers HEAD as GET without the body, and OPTIONS by the table of routes."""

    def __init__(self, app: ASGIApp, *, table: Callable[[], Table]) -> None:
        self.app = app
        self.table = table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            await self._head(scope, receive, send)
        elif (
            scope["type"] == "http"
            and scope["method"] == "OPTIONS"
            and (methods := allowed(self.table(), scope["path"]))
        ):
            answer = Response(status_code=204, headers={"Allow": methods})
            await answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _head(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            scope["method"] = "HEAD"  # as the server that sends it knows it
            if message["type"] == "http.response.start":
                await send(message)
            elif message["type"] == "http.response.body":
                await send({"type": "http.response.body", "body": b""})
                raise _HeadTold

        scope["method"] = "GET"
        try:
            await self.app(scope, receive, tell)
        except _HeadTold:
            return
        finally:
            scope["method"] = "HEAD"


def surround(app: FastAPI) -> None:
    """Put the middleware around the routes that are there, and let every 405 list what its path takes instead."""

    @cache
    def table() -> Table:
        return table_of(app)  # asked for late: to look at every route takes half a second

    app.add_middleware(Methods, table=table)

    @app.exception_handler(405)
    async def _refused(request: Request, error: HTTPException) -> Response:
        methods = allowed(table(), request.scope["path"])
        return refusal(request.scope, 405, error.detail, {"Allow": methods})


def table_of(app: FastAPI) -> Table:
    """Return the pattern of every path with the methods that its routes take."""
    found: dict[Pattern[str], frozenset[str]] = {}
    for route in iter_route_contexts(app.routes):
        pattern, methods = getattr(route, "path_regex", None), route.methods or set()
        if pattern is not None:
            found[pattern] = found.get(pattern, frozenset()) | methods
    return list(found.items())


def allowed(table: Table, path: str) -> str:
    """Return the methods of a path as `Allow` lists them; '' for a path that there is not."""
    found = {method for pattern, methods in table if pattern.match(path) for method in methods}
    if not found:
        return ""
    return ", ".join(sorted(found | {"OPTIONS"} | ({"HEAD"} if "GET" in found else set())))
