"""A proxy that costs nothing but its delay: every answer is written beforehand. Runs in a process of its own."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from urllib.parse import parse_qs, urlsplit

RECORD = "conferenceRecords/one"
TRANSCRIPT = f"{RECORD}/transcripts/one"
START = datetime(2026, 3, 2, 10, tzinfo=UTC)
END = START + timedelta(hours=2)
PAGE = 100


def answers(entries: int, people: int) -> dict[str, bytes]:
    """Every answer by its path, entries by the number of their page."""
    names = [f"{RECORD}/participants/{n}" for n in range(people)]
    record = {"name": RECORD, "space": "spaces/one", "startTime": stamp(0), "endTime": stamp(7200)}
    found: dict[str, object] = {
        "/t/tokens": {"token": "operation-token"},
        "/p/conferenceRecords": {"conferenceRecords": [record]},
        f"/p/{RECORD}/participants": {
            "participants": [{"name": n, "anonymousUser": {"displayName": f"Person {n[-1]}"}} for n in names]
        },
        f"/p/{RECORD}/recordings": {},
        f"/p/{RECORD}/transcripts": {"transcripts": [{"name": TRANSCRIPT, "state": "FILE_GENERATED"}]},
    }
    for name in names:
        session = {"name": f"{name}/participantSessions/1", "startTime": stamp(0), "endTime": stamp(7200)}
        found[f"/p/{name}/participantSessions"] = {"participantSessions": [session]}
    for first in range(0, entries, PAGE):
        last = min(first + PAGE, entries)
        page = {"transcriptEntries": [entry(n, names[n % people]) for n in range(first, last)]}
        more = {"nextPageToken": str(last)} if last < entries else {}
        found[f"/p/{TRANSCRIPT}/entries#{first}"] = page | more
    return {path: json.dumps(answer).encode() for path, answer in found.items()}


def entry(n: int, participant: str) -> dict[str, str]:
    """One line of the transcript, as Meet writes it."""
    return {
        "name": f"{TRANSCRIPT}/entries/{n}",
        "participant": participant,
        "text": f"This is what was said as line {n} of the meeting, which is as long as people speak in one go.",
        "languageCode": "en-US",
        "startTime": stamp(n * 3),
        "endTime": stamp(n * 3 + 2),
    }


def stamp(seconds: float) -> str:
    """An instant after the start, as Meet writes it."""
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def serve(told: Connection, entries: int, people: int, delay_seconds: float) -> None:
    """Serve until the process is ended; send the port first."""
    asyncio.run(_serve(told, answers(entries, people), delay_seconds))


async def _serve(told: Connection, written: dict[str, bytes], delay_seconds: float) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            _, target, _ = head.split(" ", 2)
            length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
            await reader.readexactly(int(length[1]) if length else 0)
            await asyncio.sleep(delay_seconds)
            body = written[_key(target)]
            writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    told.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _head(reader: asyncio.StreamReader) -> str:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return ""


def _key(target: str) -> str:
    split = urlsplit(target)
    page = parse_qs(split.query).get("pageToken", ["0"])[0]
    return f"{split.path}#{page}" if split.path.endswith("/entries") else split.path
