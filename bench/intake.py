"""Mail in: how many are accepted in a second, each of them on the disk, beside a bare aiosmtpd that forgets them.

Both serve the same senders with the same mails, in turn, each with the machine to itself: the daemon stands still while
the other is measured. While it is measured the daemon is whole; it reads what it has accepted as it does in service. The
mails are made beforehand, so that it is the servers that are measured.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.sandbox.demo import cast
from agent.sandbox.demo.stage import Stage
from bench.figures import Figure, spread
from bench.processes import family

SENDERS = 20
MAILS_PER_CONNECTION = 20
CONNECTIONS_PER_SENDER = 5
ROUNDS = 3
FORGETFUL = """
import asyncio
from aiosmtpd.smtp import SMTP

class Sink:
    async def handle_DATA(self, server, session, envelope):
        return "250 2.0.0 OK"

async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink()), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


async def measure(directory: Path) -> list[Figure]:
    """Measure both some times, and compare the best of each."""
    waits: list[float] = []
    async with Stage(directory, lambda _: None) as stage, bare() as forgetful:
        ours, theirs = [], []
        for number in range(ROUNDS):
            with standing_still(stage.daemon_pid):
                theirs.append(await rate(forgetful, f"bare-{number}", []))
            ours.append(await rate(stage.smtp_port, f"ours-{number}", waits))
    durable, plain = max(ours), max(theirs)
    waited = spread(waits)
    return [
        Figure("mails accepted durably", durable, "/s", 200, True, {"bare aiosmtpd": round(plain)}),
        Figure("mails accepted durably, of a bare aiosmtpd's", 100 * durable / plain, "%", 50, True),
        Figure("a mail's end → its 250, 95 of 100", 1000 * waited["p95"], "ms", 250, more=waited),
    ]


@asynccontextmanager
async def bare() -> AsyncIterator[int]:
    """A bare aiosmtpd in a process of its own; gives its port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FORGETFUL, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.terminate()
        await process.wait()


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """Stop a process and those below it for a while."""
    pids = family(pid)
    for one in pids:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in pids:
            os.kill(one, signal.SIGCONT)


async def rate(port: int, name: str, waits: list[float]) -> float:
    """Mails in a second, from some senders at once, each with some mails on one connection; `waits` takes seconds."""
    total = SENDERS * CONNECTIONS_PER_SENDER * MAILS_PER_CONNECTION
    pattern = _mail()
    mails = iter([_another(pattern, f"{name}-{number}", number) for number in range(total)])
    began = time.monotonic()
    await asyncio.gather(*(_send(port, mails, waits) for _ in range(SENDERS)))
    return total / (time.monotonic() - began)


async def _send(port: int, mails: Iterator[bytes], waits: list[float]) -> None:
    for _ in range(CONNECTIONS_PER_SENDER):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await _answer(reader, b"220")
        await _say(reader, writer, b"EHLO relay.example.com", b"250")
        for _ in range(MAILS_PER_CONNECTION):
            await _say(reader, writer, b"MAIL FROM:<host@example.com>", b"250")
            await _say(reader, writer, f"RCPT TO:<{cast.BOT}>".encode(), b"250")
            await _say(reader, writer, b"DATA", b"354")
            began = time.monotonic()
            await _say(reader, writer, next(mails) + b"\r\n.", b"250")
            waits.append(time.monotonic() - began)
        await _say(reader, writer, b"QUIT", b"221")
        writer.close()
        await writer.wait_closed()


def _mail() -> bytes:
    """An invitation that needs only another UID, host and link to be another one."""
    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    invitation = cast.Invitation(
        "uid-to-be@example.com",
        "https://meet.google.com/abc-code-xyz",
        starts_at,
        title="uid-to-be",
        organizer="host-to-be@example.com",
    )
    return b"\r\n".join(invitation.mail().as_bytes().replace(b"\r\n", b"\n").split(b"\n"))


def _another(pattern: bytes, uid: str, number: int) -> bytes:
    code = "".join("abcdefghij"[int(digit)] for digit in f"{number:04d}")
    changes = {"uid-to-be": uid, "host-to-be": f"host{number}", "abc-code-xyz": f"{uid[0]}bc-{code}-xyz"}
    for before, after in changes.items():
        pattern = pattern.replace(before.encode(), after.encode())
    return pattern


async def _say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes, code: bytes) -> None:
    writer.write(line + b"\r\n")
    await _answer(reader, code)


async def _answer(reader: asyncio.StreamReader, code: bytes) -> None:
    while True:
        line = await reader.readline()
        assert line.startswith(code), line
        if line[3:4] == b" ":
            return
