"""Middleware: a POST with an Idempotency-Key is done once; a repeat within a day gets the first answer again.

A key counts for its user, method and path; one of a limited API key for that API key alone, for it may not have been allowed
what another was. It may come bare or as a quoted string. Answers that another try may change
(401, 409, 422, 429 and those of a failing server) are not kept.
"""

import asyncio
from typing import Annotated

from fastapi import Depends, Header
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.errors import Invalid, MeetbotError
from agent.lifecycle.people.kept_answers import MAX_KEPT_BYTES, Call, KeptAnswers
from agent.web.auth import Unauthenticated, identify
from agent.web.problems import problem

HEADER = "idempotency-key"
MAX_KEY_LENGTH = 255
NOT_KEPT = frozenset({401, 409, 422, 429})


class Idempotency:
    """See the module."""

    def __init__(self, app: ASGIApp, *, answers: KeptAnswers) -> None:
        self.app = app
        self.answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "POST" or HEADER not in Headers(scope=scope):
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            call = await self._call(request)
            kept = await asyncio.to_thread(self.answers.begin, call) if call else None
        except MeetbotError as error:
            await problem(scope, error)(scope, receive, send)
            return
        if call is None:
            await self.app(scope, receive, send)
        elif kept is not None and kept.status:
            again = Response(
                kept.body, kept.status, {"Idempotency-Replayed": "true"}, kept.media_type or None
            )
            await again(scope, receive, send)
        elif kept is not None:
            scope["state"]["once"] = kept.token
            await self._first(call, scope, _replay(call.body), send)

    async def _call(self, request: Request) -> Call | None:
        """Return what is to be done once; None for strangers: the route turns them away, or is there for them."""
        if "authorization" not in request.headers:
            return None
        try:
            by = await identify(request)
        except Unauthenticated:
            return None
        key = request.headers[HEADER].strip()
        if len(key) > 1 and key[0] == key[-1] == '"':
            key = key[1:-1]
        if not 0 < len(key) <= MAX_KEY_LENGTH or not key.isprintable():
            raise Invalid(f"The Idempotency-Key must be 1 to {MAX_KEY_LENGTH} printable characters.")
        if by.is_limited:
            key = f"{by.key_id}:{key}"
        return Call(by.user_id or 0, request.method, request.url.path, key, await request.body())

    async def _first(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        """Do it, and keep the answer before it leaves."""
        start: Message = {}
        body = bytearray()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                await asyncio.to_thread(self._settle, call, start, bytes(body))
                await send(start)
                await send({"type": "http.response.body", "body": bytes(body)})

        try:
            await self.app(scope, receive, collect)
        except BaseException:  # cancelled ones too: the key must be free for the next try
            await asyncio.to_thread(self.answers.give_up, call)
            raise

    def _settle(self, call: Call, start: Message, body: bytes) -> None:
        status = start["status"]
        if status >= 500 or status in NOT_KEPT or len(body) > MAX_KEPT_BYTES:
            self.answers.give_up(call)
        else:
            self.answers.keep(call, status, MutableHeaders(scope=start).get("content-type", ""), body)


def _replay(body: bytes) -> Receive:
    """Return a `receive` that gives a body that was read already."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _once(
    request: Request,
    _documented: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            max_length=MAX_KEY_LENGTH + 2,
            description="The same key with the same body gets the same answer for 24 hours, and does nothing twice.",
        ),
    ] = None,
) -> str:
    return str(getattr(request.state, "once", ""))


# A token that is the same in every try under one Idempotency-Key; '' when none came.
TheOnce = Annotated[str, Depends(_once)]
