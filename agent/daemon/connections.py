"""Connections of the HTTP server, each held to limits: how many there are, and how long the other side may take.

The server's own timeout counts for idle connections only: a client that sends its request byte by byte, announces a body
that never comes, or never reads the answer would hold its connection for ever.
"""

import asyncio
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import h11
import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

NOT_WHOLE = frozenset({h11.IDLE, h11.SEND_BODY})
RETRY_AFTER_SECONDS = 2
log = structlog.get_logger("http")


@dataclass(frozen=True, slots=True)
class Limits:
    """`request_seconds` from a request's first byte to its last, `unread_seconds` without the client reading on."""

    request_seconds: float = 30.0
    unread_seconds: float = 120.0
    connections: int = 1000


USUAL = Limits()


class Connection(H11Protocol):
    """One connection. Times are the event loop's, which are monotonic."""

    limits: Limits = USUAL

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._late: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._heard = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, unless there are enough connections."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            log.warning("http.full", action="http.refuse", connections=self.limits.connections)
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections; try again.")
        else:
            self._late = self.loop.call_later(self.limits.request_seconds, self._give_up)

    def data_received(self, data: bytes) -> None:
        """Take what came; the time runs from the first byte of a request to its last."""
        if self.transport.is_closing():
            return
        self._heard = True
        if self._late is None and self.conn.their_state in NOT_WHOLE:
            self._late = self.loop.call_later(self.limits.request_seconds, self._give_up)
        super().data_received(data)
        if self.conn.their_state not in NOT_WHOLE:
            self._stop_waiting()
            self._heard = False

    def pause_writing(self) -> None:
        """The client reads slower than we write: it has a while to go on."""
        super().pause_writing()
        self._unread = self.loop.call_later(self.limits.unread_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client went on reading."""
        self._stop_pushing()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the times."""
        self._stop_waiting()
        self._stop_pushing()
        super().connection_lost(exc)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _stop_pushing(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _give_up(self) -> None:
        """End a connection whose request is not whole in time; the client is told where nothing else was."""
        self._late = None
        if self.transport.is_closing():
            return
        log.info("http.late", action="http.give_up", head_came=self.cycle is not None)
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = (
                True  # whoever waits for the rest of the body is told that nobody sends it
            )
            self.cycle.message_event.set()
        if self._heard:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request did not come in time.")
        else:
            self.transport.close()

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Answer, if no answer has begun, and close."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            body = json.dumps({"detail": detail}).encode()
            headers = [
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(body))),
                ("Connection", "close"),
                ("Retry-After", str(RETRY_AFTER_SECONDS)),
            ]
            head = h11.Response(status_code=status, headers=headers, reason=status.phrase.encode())
            for event in (head, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def held_to(limits: Limits) -> type[Connection]:
    """Return the class of a server's connections."""
    return type("HeldConnection", (Connection,), {"limits": limits})
