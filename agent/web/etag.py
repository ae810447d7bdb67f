"""Middleware: reads of JSON and text carry an ETag, and a reader who has that version gets 304 without a body."""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TAGGED = frozenset({"application/json", "application/x-subrip", "text/csv", "text/plain", "text/vtt"})


class ETag:
    """Leaves pages, files and errors alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        body = bytearray()

        async def tag(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_tagged(message):
                start = message
            elif start is None:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    await _answer(scope, start, bytes(body), send)

        await self.app(scope, receive, tag)


def _is_tagged(start: Message) -> bool:
    headers = Headers(scope=start)
    return start["status"] == 200 and headers.get("content-type", "").partition(";")[0] in TAGGED


async def _answer(scope: Scope, start: Message, body: bytes, send: Send) -> None:
    headers = MutableHeaders(scope=start)
    mark = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers["ETag"] = mark
    if matches(Headers(scope=scope).get("if-none-match", ""), mark):
        start["status"], body = 304, b""
        del headers["content-length"]
        del headers["content-type"]
    await send(start)
    await send({"type": "http.response.body", "body": body})


def matches(wanted: str, mark: str) -> bool:
    """Whether an `If-None-Match` names a version."""
    marks = [part.strip().removeprefix("W/") for part in wanted.split(",")]
    return mark in marks or "*" in marks
