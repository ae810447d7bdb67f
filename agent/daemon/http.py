"""The HTTP server as a part of the daemon."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence

import uvicorn
from fastapi import FastAPI

from agent.daemon.connections import USUAL, Limits, held_to
from agent.errors import Misconfigured

GRACE_SECONDS = 5
# Longer than clients keep an idle connection: one that is closed as it is used again loses a request.
KEEP_ALIVE_SECONDS = 75
TICK_SECONDS = 1.0  # what a tick does is to put the time into the headers


class _Server(uvicorn.Server):
    """Leaves the signals to the supervisor, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self.leaving = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.leaving.wait(), TICK_SECONDS)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class HttpServer:
    """Serves an application on host:port between `start` and `stop`.

    `trusted_proxies` are the addresses and networks whose X-Forwarded-For is believed; nobody else's is.
    """

    def __init__(
        self,
        app: FastAPI,
        host: str,
        port: int,
        trusted_proxies: Sequence[str] = (),
        limits: Limits = USUAL,
    ) -> None:
        self._host, self._port = host, port
        config = uvicorn.Config(
            app,
            http=held_to(limits),
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(trusted_proxies),
            forwarded_allow_ips=list(trusted_proxies),
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen. Raises `Misconfigured` when the port cannot be had."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            listener = socket.create_server((self._host, self._port), family=family, backlog=512)
        except OSError as error:
            raise Misconfigured(
                f"The HTTP server cannot listen on {self._host}:{self._port} ({error.strerror}). "
                "End what uses the port, or change http.port."
            ) from error
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]), name="http")
        await self._server.listening.wait()

    async def stop(self) -> None:
        """Finish the requests under way, and listen no more."""
        if self._serving is not None:
            self._server.should_exit = True
            self._server.leaving.set()
            await self._serving
            self._serving = None
