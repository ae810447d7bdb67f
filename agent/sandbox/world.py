"""The fake world as one thing that starts, stands and stops."""

import asyncio
import contextlib
import shutil
import socket
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.sandbox.clock import Clock, utc_now
from agent.sandbox.faults import FaultBoard
from agent.sandbox.google_calendar import CalendarService
from agent.sandbox.hook_sink import HookSink
from agent.sandbox.llm import MODEL, LanguageModel
from agent.sandbox.mail_sink import MailSink
from agent.sandbox.meet import MeetHouse
from agent.sandbox.okoro import DEFAULT_SERVICE_TOKEN, OkoroProxy
from agent.sandbox.service import WiredFake, build_service

GRACE_SECONDS = 2
# Longer than clients keep an idle connection: one that is closed as it is used again loses a request.
KEEP_ALIVE_SECONDS = 75
TICK_SECONDS = 1.0
HOOK_SECRET = "whsec_c2FuZGJveC1zZWNyZXQtMDEyMzQ1Njc4OQ=="  # noqa: S105 - signs nothing but fakes


class _Requests:
    """The requests under way. `end` lets them go without a word when the world does: nobody hears the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._tasks: set[asyncio.Task[None] | None] = set()
        self._ended = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if not self._ended:
                raise
        finally:
            self._tasks.discard(task)

    def end(self) -> None:
        self._ended = True
        for task in self._tasks:
            if task:
                task.cancel()


class _Server(uvicorn.Server):
    """A server inside somebody else's process: it leaves the signals alone and says when it listens."""

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

    def hang_up(self, client: tuple[str, int] | None = None, *, reset: bool = False) -> None:
        """Breaks the connection of one client, or of all, without another byte: by FIN, or by RST."""
        for connection in list(self.server_state.connections):
            transport = connection.transport
            if client is None or transport.get_extra_info("peername")[:2] == client:
                if reset:
                    end = transport.get_extra_info("socket")
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                transport.abort()


class World:
    """Every fake, on one HTTP port and one SMTP port of `host`; port 0 takes a free one.

    Use it as an async context manager on the running loop. `directory` keeps the mail and the Google
    credentials; left out, it is a temporary one that goes away with the world. `bot_email` is the account the
    calendar belongs to. The fakes are attributes
    (`meet okoro calendar llm mail hooks faults`), so that tests in the same process can look inside.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        smtp_port: int = 0,
        directory: Path | None = None,
        bot_email: str = "meetbot@sandbox.example",
        clock: Clock = utc_now,
    ) -> None:
        self.host = host
        self.port = port
        self.smtp_port = smtp_port
        self.bot_email = bot_email
        self._temporary = directory is None
        self.directory = directory or Path(tempfile.mkdtemp(prefix="meetbot-sandbox-"))
        self.maildir = self.directory / "mail"
        self.faults = FaultBoard(clock)
        self.meet = MeetHouse(clock=clock)
        self.okoro = OkoroProxy(clock)
        self.calendar = CalendarService(bot_email, clock)
        self.llm = LanguageModel(clock)
        self.hooks = HookSink(clock)
        self.mail = MailSink(self.maildir, self.faults, clock)
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def base_url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def __aenter__(self) -> "World":
        wired: list[WiredFake] = [self.meet, self.okoro, self.calendar, self.llm, self.hooks]
        app = build_service(wired, [self.mail], self.faults, self._hang_up)
        self.directory.mkdir(parents=True, exist_ok=True)
        web, smtp = _listener(self.host, self.port), _listener(self.host, self.smtp_port)
        self.port, self.smtp_port = web.getsockname()[1], smtp.getsockname()[1]
        await self.mail.start(smtp)
        self._requests = _Requests(app)
        config = uvicorn.Config(
            self._requests,
            http="h11",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[web]))
        await self._server.listening.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        assert self._serving is not None
        for fake in (self.meet, self.llm, self.hooks, self.faults):
            fake.reset()
        await self.calendar.close()
        await self.mail.stop()
        self._server.should_exit = True
        self._server.leaving.set()
        self._server.hang_up()
        self._requests.end()
        await self._serving
        if self._temporary:
            shutil.rmtree(self.directory, ignore_errors=True)

    def settings(self) -> dict[str, dict[str, Any]]:
        """The config sections of a daemon that lives in this world."""
        return {
            "bot": {"email": self.bot_email},
            "meet": {"url": f"{self.base_url}/meet"},
            "okoro": {
                "proxy_url": f"{self.base_url}/okoro/p/google-meet",
                "token_url": f"{self.base_url}/okoro/t/tokens",
                "service_token": DEFAULT_SERVICE_TOKEN,
            },
            "google_calendar": {
                "enabled": True,
                "calendar_id": "primary",
                "credentials_file": str(self._credentials_file()),
                "api_endpoint": f"{self.base_url}/calendar/v3/",
            },
            "summary": {
                "engine": "openai",
                "base_url": f"{self.base_url}/llm/v1",
                "model": MODEL,
                "api_key": "sandbox",
            },
            "mail": {"host": self.host, "port": self.smtp_port, "security": "none"},
            "api": {"allow_private_webhooks": True},
        }

    def webhook(self, name: str, secret: str = HOOK_SECRET) -> dict[str, str]:
        """A `[[webhooks]]` entry: an endpoint of this world that verifies with the secret."""
        self.hooks.trust(name, secret)
        return {"url": f"{self.base_url}/hooks/{name}", "secret": secret}

    def _credentials_file(self) -> Path:
        path = self.directory / "google-credentials.json"
        if not path.exists():
            path.write_text(self.calendar.tokens.service_account(f"{self.base_url}/calendar/token"))
            path.chmod(0o600)
        return path

    def _hang_up(self, client: tuple[str, int], reset: bool) -> None:
        assert self._server is not None
        self._server.hang_up(client, reset=reset)


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)
