"""Mail in: how many are accepted in a second, each of them on the disk, beside a bare aiosmtpd that forgets them."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.sandbox.demo import cast
from agent.sandbox.demo.stage import Stage
from bench.figures import Figure

SENDERS = 4
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
    """Both in turn, so that they share whatever else the machine does."""
    async with Stage(directory, lambda _: None) as stage, bare() as forgetful:
        ours, theirs = [], []
        for number in range(ROUNDS):
            theirs.append(await rate(forgetful, f"bare-{number}"))
            ours.append(await rate(stage.smtp_port, f"ours-{number}"))
    durable, plain = max(ours), max(theirs)
    return [
        Figure("mails accepted durably", durable, "/s", more={"bare aiosmtpd": round(plain)}),
        Figure("mails accepted durably, of a bare aiosmtpd's", 100 * durable / plain, "%"),
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


async def rate(port: int, name: str) -> float:
    """Mails in a second, from some senders at once, each with some mails on one connection."""
    began = time.monotonic()
    await asyncio.gather(*(_send(port, f"{name}-{sender}") for sender in range(SENDERS)))
    return SENDERS * CONNECTIONS_PER_SENDER * MAILS_PER_CONNECTION / (time.monotonic() - began)


async def _send(port: int, name: str) -> None:
    for connection in range(CONNECTIONS_PER_SENDER):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await _answer(reader, b"220")
        await _say(reader, writer, b"EHLO relay.example.com", b"250")
        for number in range(MAILS_PER_CONNECTION):
            await _say(reader, writer, b"MAIL FROM:<host@example.com>", b"250")
            await _say(reader, writer, f"RCPT TO:<{cast.BOT}>".encode(), b"250")
            await _say(reader, writer, b"DATA", b"354")
            await _say(reader, writer, _mail(f"{name}-{connection}-{number}") + b"\r\n.", b"250")
        await _say(reader, writer, b"QUIT", b"221")
        writer.close()
        await writer.wait_closed()


def _mail(uid: str) -> bytes:
    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    invitation = cast.Invitation(
        f"{uid}@example.com", "https://meet.google.com/abc-defg-hij", starts_at, title=uid
    )
    return b"\r\n".join(invitation.mail().as_bytes().replace(b"\r\n", b"\n").split(b"\n"))


async def _say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes, code: bytes) -> None:
    writer.write(line + b"\r\n")
    await _answer(reader, code)


async def _answer(reader: asyncio.StreamReader, code: bytes) -> None:
    while True:
        line = await reader.readline()
        assert line.startswith(code), line
        if line[3:4] == b" ":
            return
