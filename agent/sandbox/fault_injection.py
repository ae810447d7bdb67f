"""The ASGI layer that carries faults out, so that every HTTP fake can fail in every way."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.sandbox.faults import Fault, FaultBoard

HangUp = Callable[[tuple[str, int], bool], None]

PREFIXES = {
    "okoro": ("/okoro", "/okoro/p/google-meet"),
    "calendar": ("/calendar", "/calendar/v3"),
    "llm": ("/llm", "/llm/v1"),
    "hooks": ("/hooks",),
    "meet": ("/meet",),
}
GARBAGE = b'\x00\xff\xfe{"half": <html>\x80 not json'
CHUNK_BYTES = 64 * 1024
RPC_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
CALENDAR_REASON = {
    401: "authError",
    403: "rateLimitExceeded",
    404: "notFound",
    410: "fullSyncRequired",
    429: "rateLimitExceeded",
}

Headers = list[tuple[bytes, bytes]]
Apply = Callable[[Fault, Scope, Receive, Send], Awaitable[None]]


@dataclass
class Recorded:
    """The answer the fake would have given."""

    status: int = 500
    headers: Headers = field(default_factory=list)
    body: bytes = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", []))
        else:
            self.body += message.get("body", b"")


class FaultInjector:
    """Outermost ASGI layer; `hang_up(client address, by RST)` breaks its TCP connection."""

    def __init__(self, app: ASGIApp, board: FaultBoard, hang_up: HangUp) -> None:
        self._app = app
        self._board = board
        self._hang_up = hang_up
        self._apply: dict[str, Apply] = {
            "status": self._status,
            "delay": self._delay,
            "reset": self._reset,
            "cut": self._cut,
            "truncate": self._truncate,
            "garbage": self._garbage,
            "wrong_type": self._wrong_type,
            "slow_drip": self._slow_drip,
            "big": self._big,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._fault_for(scope) if scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await self._apply[fault.fault](fault, scope, receive, send)

    def _fault_for(self, scope: Scope) -> Fault | None:
        path: str = scope["path"]
        service = path.split("/")[1]
        if service not in PREFIXES:
            return None
        spellings = [path, *(path.removeprefix(p) for p in PREFIXES[service] if path.startswith(p + "/"))]
        lines = [f"{scope['method']} {spelling}" for spelling in spellings]
        query = scope["query_string"].decode("latin-1")
        return self._board.take(service, lines + [f"{line}?{query}" for line in lines if query])

    async def _status(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        await _drain(receive)
        headers: Headers = [(b"content-type", b"application/json")]
        if fault.retry_after is not None:
            headers.append((b"retry-after", f"{fault.retry_after:g}".encode()))
        if fault.location is not None:
            headers.append((b"location", fault.location.encode("latin-1")))
        await _answer(send, Recorded(fault.status, headers, _error_body(fault)))

    async def _delay(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        await self._board.released.pause(fault.delay_seconds)
        await self._app(scope, receive, send)

    async def _reset(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        await self._break(scope, receive, reset=True)

    async def _cut(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        recorded = await self._record(scope, receive)
        headers = [*_without_length(recorded.headers), _length(recorded.body)]
        await send({"type": "http.response.start", "status": recorded.status, "headers": headers})
        await send({"type": "http.response.body", "body": _half(recorded.body), "more_body": True})
        await self._break(scope, receive, reset=False)

    async def _truncate(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        recorded = await self._record(scope, receive)
        recorded.body = _half(recorded.body)
        await _answer(send, recorded)

    async def _garbage(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        recorded = await self._record(scope, receive)
        recorded.body = GARBAGE
        await _answer(send, recorded)

    async def _wrong_type(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        recorded = await self._record(scope, receive)
        recorded.body = b'["neither", 1, "nor", {"the": "other"}]'
        await _answer(send, recorded)

    async def _slow_drip(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        recorded = await self._record(scope, receive)
        headers = [*_without_length(recorded.headers), _length(recorded.body)]
        await send({"type": "http.response.start", "status": recorded.status, "headers": headers})
        sent = 0
        while sent < len(recorded.body) and not await self._board.released.pause(fault.delay_seconds):
            drop = recorded.body[sent : sent + 1]
            await send({"type": "http.response.body", "body": drop, "more_body": True})
            sent += 1
        await send({"type": "http.response.body", "body": recorded.body[sent:]})

    async def _big(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        await _drain(receive)
        body = b'{"padding": "' + b"x" * fault.size_bytes + b'"}'
        headers: Headers = [(b"content-type", b"application/json"), _length(body)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for start in range(0, len(body), CHUNK_BYTES):
            chunk = body[start : start + CHUNK_BYTES]
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _record(self, scope: Scope, receive: Receive) -> Recorded:
        recorded = Recorded()
        await self._app(scope, receive, recorded.send)
        return recorded

    async def _break(self, scope: Scope, receive: Receive, *, reset: bool) -> None:
        self._hang_up(tuple(scope["client"]), reset)
        while (await receive())["type"] != "http.disconnect":
            pass


async def _drain(receive: Receive) -> None:
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass


async def _answer(send: Send, recorded: Recorded) -> None:
    headers = [*_without_length(recorded.headers), _length(recorded.body)]
    await send({"type": "http.response.start", "status": recorded.status, "headers": headers})
    await send({"type": "http.response.body", "body": recorded.body})


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _length(body: bytes) -> tuple[bytes, bytes]:
    return b"content-length", str(len(body)).encode()


def _without_length(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name.lower() != b"content-length"]


def _error_body(fault: Fault) -> bytes:
    """An error body in the dialect of the service that is made to fail."""
    if fault.body is not None:
        return fault.body.encode()
    message = f"the sandbox was told to answer {fault.status}"
    return json.dumps(_error_json(fault, message)).encode()


def _error_json(fault: Fault, message: str) -> dict[str, Any]:
    if fault.error_shape == "flat":
        return {"error": fault.reason or RPC_STATUS.get(fault.status, "UNKNOWN").lower(), "message": message}
    if fault.service == "calendar":
        reason = fault.reason or CALENDAR_REASON.get(fault.status, "backendError")
        domain = "usageLimits" if "imit" in reason or "quota" in reason else "global"
        errors = [{"domain": domain, "reason": reason, "message": message}]
        return {"error": {"code": fault.status, "message": message, "errors": errors}}
    if fault.service == "okoro":
        status = RPC_STATUS.get(fault.status, "UNKNOWN")
        return {"error": {"code": fault.status, "message": message, "status": status}}
    if fault.service == "llm":
        return {"error": {"message": message, "type": fault.reason or "server_error", "code": None}}
    return {"detail": message}
