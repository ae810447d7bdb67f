"""The daemon's side of the limited process that reads mail (see `child`)."""

import asyncio
import json
import logging
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from agent.errors import Temporary
from agent.invites.budget import MAX_BYTES
from agent.invites.request import UNDER_WAY, Request, Work
from agent.model.authenticity import Authenticity
from agent.model.invite import Component, Envelope, ParsedMail
from agent.rules.links import GOOGLE_MEET_URL

_ROOT = Path(__file__).resolve().parents[2]
_TOO_LONG = "the mail takes too long or too much memory to read"
_TOO_LARGE = "the mail is larger than 10 MiB"
_MAX_ANSWER = 32 * 1024 * 1024
_CALENDARS = TypeAdapter(list[tuple[Component, ...]])

log = logging.getLogger(__name__)


class LimitedReader:
    """Implements `ports.Reader` with a fresh, limited process for each mail.

    `cpu_seconds` and `memory_mb` bound one mail; `seconds` is its wall-clock limit; `at_once` how many are read together.
    The process that waits for mail starts with the first one, and ends when none has come for `idle_seconds`.
    """

    def __init__(
        self,
        *,
        cpu_seconds: int = 5,
        memory_mb: int = 512,
        seconds: float = 20,
        at_once: int = 4,
        idle_seconds: float = 60,
        default_timezone: str = "UTC",
        meet_url: str = GOOGLE_MEET_URL,
    ) -> None:
        self._cpu_seconds = cpu_seconds
        self._memory_mb = memory_mb
        self._seconds = seconds
        self._timezone = default_timezone
        self._meet_url = meet_url
        self._turn = asyncio.Semaphore(at_once)
        self._idle_seconds = idle_seconds
        self._reading = 0
        self._dismissal: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._parent: asyncio.subprocess.Process | None = None
        self._door: socket.socket | None = None

    async def stop(self) -> None:
        """End the waiting process. Safe to call more than once."""
        self._keep()
        async with self._starting:
            await self._end()

    async def _end(self) -> None:
        """End the waiting process. The caller holds `_starting`."""
        if self._door is not None:
            self._door.close()
            self._door = None
        if self._parent is not None:
            try:
                await asyncio.wait_for(self._parent.wait(), 5)
            except TimeoutError:
                self._parent.kill()
                await self._parent.wait()
            self._parent = None

    async def read(self, raw: bytes, received_at: datetime) -> ParsedMail:
        """Return what the mail says. Never raises for bad input: `problems` tells what could not be read.

        Raises `Temporary` when no process can be had now.
        """
        return await self._parsed(self._request("mail", received_at), raw)

    async def expand(self, icals: Sequence[str], now: datetime) -> list[tuple[Component, ...]]:
        """Read components' own calendar texts again, for the occurrences of the 90 days from `now`.

        A text that cannot be read gives none. One that ends the process is found by giving each a process of its own.
        """
        question = json.dumps(icals).encode()
        if len(question) <= MAX_BYTES:
            with suppress(ValidationError):
                return _CALENDARS.validate_json(await self._ask(self._request("calendars", now), question))
        if len(icals) == 1:
            log.warning("the reading process ended without an answer", extra={"bytes": len(question)})
            return [()]
        return [(await self.expand([ical], now))[0] for ical in icals]

    async def authenticate(self, raw: bytes, envelope: Envelope, now: datetime) -> Authenticity:
        """Find out who really sent a mail. Asks the name service; a mail that cannot be checked proves nothing."""
        request = self._request("authenticity", now)
        sent = {"peer": envelope.peer, "helo": envelope.helo, "mail_from": envelope.mail_from}
        answer = await self._ask(request.model_copy(update=sent), raw)
        try:
            return Authenticity.model_validate_json(answer)
        except ValidationError:
            log.warning("authenticity not established: the process was ended", extra={"bytes": len(raw)})
            return Authenticity(faults=("the mail cannot be checked",))

    def _request(self, work: Work, now: datetime) -> Request:
        return Request(
            work=work,
            received_at=now,
            default_timezone=self._timezone,
            meet_url=self._meet_url,
            cpu_seconds=self._cpu_seconds,
            memory_mb=self._memory_mb,
            seconds=self._seconds,
        )

    async def _parsed(self, request: Request, raw: bytes) -> ParsedMail:
        if len(raw) > MAX_BYTES:
            return ParsedMail(problems=(_TOO_LARGE,))
        try:
            return ParsedMail.model_validate_json(await self._ask(request, raw))
        except ValidationError:
            log.warning("the reading process ended without an answer", extra={"bytes": len(raw)})
            return ParsedMail(problems=(_TOO_LONG,))

    async def _ask(self, request: Request, raw: bytes) -> bytes:
        async with self._turn:
            self._keep()
            self._reading += 1
            try:
                return await self._exchange(request.model_dump_json().encode() + b"\n" + raw)
            finally:
                self._reading -= 1
                if not self._reading:
                    self._dismissal = asyncio.create_task(self._dismiss(), name="reader.dismissal")

    def _keep(self) -> None:
        """Take back that the waiting process is to end."""
        if self._dismissal is not None:
            self._dismissal.cancel()
            self._dismissal = None

    async def _dismiss(self) -> None:
        """End the waiting process after its idle time: it takes dozens of megabytes."""
        await asyncio.sleep(self._idle_seconds)
        async with self._starting:
            await self._end()

    async def _exchange(self, question: bytes) -> bytes:
        """Return the answer to one question, b'' when it made the process end. Raises `Temporary` when none could begin."""
        for _ in range(2):
            answer = await self._try(question)
            if answer.startswith(UNDER_WAY):
                return answer.removeprefix(UNDER_WAY)
            async with self._starting:
                await self._end()
        raise Temporary("Mail cannot be read now.", full="the process that reads mail cannot be started")

    async def _try(self, question: bytes) -> bytes:
        """Send a question down a private stream and return all that comes back."""
        ours, theirs = socket.socketpair()
        with theirs:
            async with self._starting:
                door = await self._ensure()
                with suppress(OSError):  # the waiting process just ended; no answer will come
                    socket.send_fds(door, [b"1"], [theirs.fileno()])
        reader, writer = await asyncio.open_connection(sock=ours, limit=2**20)
        answer = b""
        try:
            async with asyncio.timeout(self._seconds + 5):
                writer.write(question)
                await writer.drain()
                writer.write_eof()
                answer = await reader.readexactly(_MAX_ANSWER)
        except asyncio.IncompleteReadError as end:
            answer = end.partial
        except (OSError, TimeoutError):
            log.warning("the process that reads mail broke off")
        finally:
            writer.close()
        return answer

    async def _ensure(self) -> socket.socket:
        """Return the line to the waiting process, started now when there is none. The caller holds `_starting`."""
        if self._door is not None and self._parent is not None and self._parent.returncode is None:
            return self._door
        await self._end()
        ours, theirs = socket.socketpair()
        with theirs:
            self._parent = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-X", "utf8", "-m", "agent.invites.child"),
                stdin=theirs.fileno(),
                stdout=asyncio.subprocess.DEVNULL,
                cwd=_ROOT,
                env={"PYTHONPATH": str(_ROOT)},  # nothing secret is handed down
            )
        self._door = ours
        return ours
