"""The limited process that reads mail: `python -m agent.invites.child`, started by `reader` with a socket as stdin.

It waits with everything imported. Each request arrives as a descriptor of a private stream; a fork of this process takes
it, sets its own limits, reads the mail from it, writes the answer as JSON and ends. So nothing one mail leaves behind in
memory is seen by the next, and the kernel ends whatever takes too long.

Request: one JSON line (see `request`), then the raw bytes to the end of the stream. Answer: `UNDER_WAY`,
then `ParsedMail`, `Authenticity` or the components of each calendar text as JSON.
"""

import gc
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from pydantic import TypeAdapter

from agent.invites.authenticity import authenticate, organisation
from agent.invites.mime import read_mail
from agent.invites.request import UNDER_WAY, Request
from agent.model.invite import Component, ParsedMail
from agent.rules.ical import Context, read_calendar

MAX_REQUEST = 12 * 1024 * 1024
_SAMPLE = b"""From: Host <host@example.com>
Date: Thu, 1 Jan 2026 00:00:00 +0000
Content-Type: text/calendar; charset=utf-8; method=REQUEST

BEGIN:VCALENDAR
BEGIN:VEVENT
UID:sample
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Berlin:20260101T090000
RRULE:FREQ=WEEKLY;COUNT=2
ATTENDEE:mailto:bot@example.com
DESCRIPTION:https://meet.google.com/abc-defg-hij
END:VEVENT
END:VCALENDAR
"""
_CALENDARS = TypeAdapter(list[tuple[Component, ...]])
_TOO_DEEP = "the mail is nested too deeply"
_TOO_BIG = "the mail takes too much memory to read"
_UNREADABLE = "the mail cannot be read"


def main() -> None:
    """Serve requests until the other end of stdin is closed."""
    door = socket.socket(fileno=os.dup(0))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the daemon decides when to end
    _warm_up()
    while True:
        message, descriptors, _, _ = socket.recv_fds(door, 1, 1)
        if not message:
            return
        if os.fork() == 0:
            door.close()
            _answer(socket.socket(fileno=descriptors[0]))
        for descriptor in descriptors:
            os.close(descriptor)


def _warm_up() -> None:
    """Fill what the parsers fill at their first use, so that no fork has to; then keep the forks' memory shared."""
    read_mail(_SAMPLE, Context(datetime(2026, 1, 1, tzinfo=UTC)))
    organisation("example.com")
    gc.collect()
    gc.freeze()


def _answer(stream: socket.socket) -> None:
    """Read one request, say that it is under way, write its answer, end the process whatever happens."""
    try:
        line, _, raw = _received(stream).partition(b"\n")
        request = Request.model_validate_json(line)
        _limit(request)
        stream.sendall(UNDER_WAY)
        signal.setitimer(signal.ITIMER_REAL, request.seconds)  # SIGALRM ends the process
        stream.sendall(_done(request, raw))
        stream.shutdown(socket.SHUT_WR)
    except Exception as fault:  # noqa: BLE001 - nothing may run on in a fork of the server's loop
        _tell(fault)
    finally:
        os._exit(0)


def _received(stream: socket.socket) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := stream.recv(256 * 1024):
        size += len(chunk)
        if size > MAX_REQUEST:
            os._exit(1)
        chunks.append(chunk)
    return b"".join(chunks)


def _limit(request: Request) -> None:
    """Leave this process too little of everything to do harm."""
    _cap(resource.RLIMIT_CPU, request.cpu_seconds)
    _cap(resource.RLIMIT_AS, request.memory_mb * 1024 * 1024)
    for nothing in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_NPROC):
        _cap(nothing, 0)


def _cap(kind: int, value: int) -> None:
    _, most = resource.getrlimit(kind)
    value = value if most == resource.RLIM_INFINITY else min(value, most)
    resource.setrlimit(kind, (value, value))


def _tell(fault: Exception) -> None:
    """Say on stderr, this process's log, what kind of fault it was; never the hostile text in it."""
    print(f"reading mail: {type(fault).__name__}", file=sys.stderr)  # noqa: T201 - see above


def _context(request: Request) -> Context:
    return Context(request.received_at, default_timezone=request.default_timezone, meet_url=request.meet_url)


def _done(request: Request, raw: bytes) -> bytes:
    match request.work:
        case "authenticity":
            found = authenticate(raw, peer=request.peer, helo=request.helo, mail_from=request.mail_from)
            return found.model_dump_json().encode()
        case "calendars":
            read = [_calendar(request, text).components for text in json.loads(raw)]
            return _CALENDARS.dump_json(read)
    return _guarded(lambda: read_mail(raw, _context(request))).model_dump_json().encode()


def _calendar(request: Request, text: str) -> ParsedMail:
    def read() -> ParsedMail:
        contents = read_calendar(text.encode(), _context(request))
        return ParsedMail(components=contents.components, problems=contents.problems)

    return _guarded(read)


def _guarded(read: Callable[[], ParsedMail]) -> ParsedMail:
    try:
        return read()
    except RecursionError:
        return ParsedMail(problems=(_TOO_DEEP,))
    except MemoryError:
        return ParsedMail(problems=(_TOO_BIG,))
    except Exception as fault:  # noqa: BLE001 - hostile input meets four parsers; the answer must say something
        _tell(fault)
        return ParsedMail(problems=(_UNREADABLE,))


if __name__ == "__main__":
    main()
