"""The stage of a story: a fake world, and the real daemon in a process of its own, reached over the wire only."""

import asyncio
import contextlib
import json
import os
import signal
import smtplib
import socket
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2

from agent.sandbox.demo import cast
from agent.sandbox.teller import Teller
from agent.sandbox.world import World

READY_SECONDS = 120.0
STOP_SECONDS = 20.0
LOOK_SECONDS = 0.1
HOOK = "demo"


class StoryError(Exception):
    """Something that had to happen did not; the text says what and shows the end of the daemon's log."""


class Stage:
    """Starts everything on entering, stops it on leaving. `narrate` hears what happens, a sentence at a time."""

    def __init__(
        self,
        directory: Path,
        narrate: Callable[[str], None],
        overrides: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        self.directory = directory
        self.narrate = narrate
        self.overrides = overrides or {}
        self.world = World(directory=directory / "world", bot_email=cast.BOT)
        self.http_port, self.smtp_port = _free_port(), _free_port()
        self.base_url = f"http://127.0.0.1:{self.http_port}"
        self.config = directory / "meetbot.toml"
        self.log = directory / "daemon.log"
        self._daemon: asyncio.subprocess.Process | None = None
        self._opened = contextlib.AsyncExitStack()

    async def __aenter__(self) -> "Stage":
        async with contextlib.AsyncExitStack() as opened:
            await self._open(opened)
            self._opened = opened.pop_all()
        return self

    async def _open(self, opened: contextlib.AsyncExitStack) -> None:
        """Open one thing after the other; what was opened is closed again when a later one fails."""
        self.directory.mkdir(parents=True, exist_ok=True)
        await opened.enter_async_context(self.world)
        self.teller = await opened.enter_async_context(Teller(self.world.base_url))
        self._write_config()
        await self.command("users", "create", cast.HOST, "--operator")
        made = await self.command("keys", "create", "--user", cast.HOST, "--name", "demo", "--json")
        key = json.loads(made)["key"]
        self.api = await opened.enter_async_context(
            httpx2.AsyncClient(
                base_url=self.base_url, headers={"Authorization": f"Bearer {key}"}, trust_env=False
            )
        )
        opened.push_async_callback(self.stop_daemon)
        await self.start_daemon()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._opened.__aexit__(kind, error, trace)

    async def start_daemon(self) -> None:
        """Start `meetbot serve` and wait until it is ready."""
        await self.launch_daemon()
        await self.ready()

    async def launch_daemon(self) -> None:
        """Start `meetbot serve` and do not wait for it."""
        with self.log.open("ab") as log:
            self._daemon = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "agent", "serve", "--config", str(self.config), stdout=log, stderr=log
            )

    async def ready(self) -> None:
        """Wait until the daemon is ready."""
        await self.until("the daemon to be ready", self._is_ready, READY_SECONDS)

    @property
    def daemon_pid(self) -> int:
        """The process that runs now."""
        assert self._daemon is not None
        return self._daemon.pid

    async def kill_daemon(self) -> None:
        """End the daemon as a power cut would, together with its browsers."""
        for pid in (self.daemon_pid, *_descendants(self.daemon_pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert self._daemon is not None
        await self._daemon.wait()
        self._daemon = None

    async def stop_daemon(self) -> int | None:
        """End the daemon as systemd does, and return its exit status."""
        if self._daemon is None or self._daemon.returncode is not None:
            return self._daemon.returncode if self._daemon else None
        self._daemon.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self._daemon.wait(), STOP_SECONDS)
        except TimeoutError:
            await self.kill_daemon()
            return None

    async def invite(self, invitation: cast.Invitation, method: str = "REQUEST") -> EmailMessage:
        """Send the invitation over SMTP, as the organizer's server would."""
        mail = invitation.mail(method)
        await self.send(mail)
        return mail

    async def send(self, mail: EmailMessage) -> None:
        """Hand a mail to the daemon, as its sender's server would."""
        sender = parseaddr(mail["From"])[1]

        def send() -> None:
            with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=10) as server:
                server.send_message(mail, from_addr=sender, to_addrs=[cast.BOT])

        await asyncio.to_thread(send)

    async def job(self) -> dict[str, Any]:
        """Return the story's one job in full, or {} while there is none."""
        listed = (await self.api.get("/api/v1/jobs")).json()["jobs"]
        if not listed:
            return {}
        return dict((await self.api.get(f"/api/v1/jobs/{listed[0]['id']}")).json())

    async def until_job(
        self, what: str, holds: Callable[[dict[str, Any]], bool], seconds: float
    ) -> dict[str, Any]:
        """Wait until something holds of the job, and return the job."""

        async def look() -> dict[str, Any] | None:
            job = await self.job()
            return job if job and holds(job) else None

        return dict(await self.until(what, look, seconds))

    async def until(self, what: str, look: Callable[[], Any], seconds: float) -> Any:
        """Look again and again until something true comes back; a `StoryError` says what never happened."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._check_alive()
            found = await look()
            if found:
                return found
            await asyncio.sleep(LOOK_SECONDS)
        raise StoryError(f"Waited {seconds:g} s for {what}.\n{self.last_words()}")

    def last_words(self) -> str:
        """Return the end of what the daemon complained of, or of its log where it complained of nothing."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        complaints = [line for line in lines if '"level": "info"' not in line]
        return "\n".join(line[:1_500] for line in (complaints or lines)[-8:])

    def meet_url(self, code: str = cast.CODE) -> str:
        """Return a meeting's link in this world."""
        return f"{self.world.base_url}/meet/{code}"

    def invitation(self, in_seconds: float, uid: str = "demo-1@example.com") -> cast.Invitation:
        """Return an invitation to a meeting that begins soon; calendars know whole seconds only."""
        starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=in_seconds)
        return cast.Invitation(uid=uid, meet_url=self.meet_url(), starts_at=starts_at)

    async def _is_ready(self) -> bool:
        with contextlib.suppress(httpx2.TransportError):
            return (await self.api.get("/readyz")).status_code == httpx2.codes.OK
        return False

    def _check_alive(self) -> None:
        if self._daemon is not None and self._daemon.returncode is not None:
            raise StoryError(f"The daemon ended with status {self._daemon.returncode}.\n{self.last_words()}")

    async def command(self, *arguments: str) -> str:
        """Run a command on the daemon's own configuration, and return what it prints."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "agent",
            *arguments,
            "--config",
            str(self.config),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        if process.returncode:
            raise StoryError(f"meetbot {' '.join(arguments)} failed:\n{err.decode(errors='replace')[-2000:]}")
        return out.decode()

    def _write_config(self) -> None:
        sections: dict[str, dict[str, Any]] = self.world.settings() | {
            "bot": {"name": "Meetbot", "email": cast.BOT, "data_dir": str(self.directory / "data")},
            "http": {"host": "127.0.0.1", "port": self.http_port},
            "smtp_intake": {"host": "127.0.0.1", "port": self.smtp_port},
            "invites": {"allow": ["example.com"], "verify": "report"},
            "transcript": {"poll_seconds": [1.0, 2.0], "wait_hours": 0.005},
            "logging": {"level": "info", "format": "json"},
        }
        sections["meet"]["join_early_seconds"] = 0
        sections["google_calendar"]["enabled"] = False
        # Somebody who looks ten times a second gives their own key a quota to match.
        sections["api"] |= {"requests_per_minute": 6_000, "requests_per_hour": 100_000}
        for name, values in self.overrides.items():
            sections[name] = sections.get(name, {}) | values
        lines = []
        for name, values in sections.items():
            lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items()), ""]
        lines += [
            "[[webhooks]]",
            *(f"{key} = {json.dumps(v)}" for key, v in self.world.webhook(HOOK).items()),
        ]
        self.config.write_text("\n".join(lines) + "\n")
        self.config.chmod(0o600)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _descendants(pid: int) -> list[int]:
    """Return the processes below one, as /proc tells; empty where there is no /proc."""
    found: list[int] = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in listing.read_text().split():
                found += [int(child), *_descendants(int(child))]
    return found
