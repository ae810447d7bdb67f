"""What a client may take: over raw sockets, with limits of a moment."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.responses import StreamingResponse

from agent.daemon.connections import Limits
from agent.daemon.http import HttpServer

DEADLINE_SECONDS = 30
SHORT = Limits(request_seconds=0.2, unread_seconds=0.2)
PATIENT = Limits(request_seconds=DEADLINE_SECONDS, unread_seconds=DEADLINE_SECONDS)
ANNOUNCED = b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"


class House:
    """An application that notes what became of its requests."""

    def __init__(self) -> None:
        self.app = FastAPI()
        self.ended = asyncio.Event()
        self.read: list[str] = []
        self.app.post("/body")(self.body)
        self.app.post("/unread")(self.unread)
        self.app.get("/endless")(self.endless)

    async def body(self, request: Request) -> int:
        try:
            return len(await request.body())
        finally:
            self.ended.set()

    async def unread(self) -> str:
        return "answered"

    async def endless(self) -> StreamingResponse:
        async def flow() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"x" * 65_536
                    await asyncio.sleep(0)
            finally:
                self.ended.set()

        return StreamingResponse(flow())


@asynccontextmanager
async def serving(house: House, limits: Limits) -> AsyncIterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = HttpServer(house.app, "127.0.0.1", port, limits=limits)
    await server.start()
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            yield port
    finally:
        await server.stop()


async def everything(reader: asyncio.StreamReader) -> bytes:
    """Return what comes until the server closes; a reset is an end too."""
    found = b""
    try:
        while part := await reader.read(65_536):
            found += part
    except ConnectionResetError:
        pass
    return found


async def answer_to(port: int, begun: bytes) -> bytes:
    """Send this and nothing more, and return the answer; anew where the machine slept until it was too late to begin."""
    answer = b""
    while not answer:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)
        answer = await everything(reader)
        writer.close()
    return answer


async def one_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return head, await reader.readexactly(int(length.split(b":")[1]))


@pytest.mark.parametrize(
    "begun",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ",
        ANNOUNCED,
        ANNOUNCED + b"12345",
        b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n",
    ],
)
async def test_a_request_that_does_not_come_whole_is_given_up(begun: bytes) -> None:
    house = House()
    async with serving(house, SHORT) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)
        head, _, body = (
            (await everything(reader)).removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").partition(b"\r\n\r\n")
        )
        writer.close()
        assert head.startswith(b"HTTP/1.1 408 ")
        assert b"connection: close" in head.lower()
        assert set(json.loads(body)) == {"detail"}
        if b"/body" in begun:
            await house.ended.wait()


async def test_bytes_that_drip_do_not_buy_time() -> None:
    async with serving(House(), SHORT) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
        answer = asyncio.create_task(everything(reader))
        while not answer.done():
            writer.write(b"x")
            await asyncio.wait([answer], timeout=0.02)
        writer.close()
        assert answer.result()[:13] in {b"HTTP/1.1 408 ", b""}, (
            "nothing where the machine slept before the first"
        )


async def test_who_says_nothing_is_let_go_without_a_word() -> None:
    async with serving(House(), SHORT) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await everything(reader) == b""
        writer.close()


async def test_a_body_that_nobody_waits_for_holds_no_connection_either() -> None:
    async with serving(House(), SHORT) as port:
        while not (answer := await answer_to(port, ANNOUNCED.replace(b"/body", b"/unread"))).startswith(
            b"HTTP/1.1 200 "
        ):
            pass  # the machine slept longer than a request may take
        assert answer.count(b"HTTP/1.1") == 1


async def test_who_does_not_read_the_answer_is_let_go() -> None:
    house = House()
    async with serving(house, SHORT) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.write(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        await house.ended.wait()
        writer.close()


async def test_the_time_of_a_request_ends_with_its_last_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, timers = asyncio.get_running_loop(), []
    call_later = loop.call_later

    def noted(delay: float, callback: Callable[..., object], *rest: Any, **named: Any) -> asyncio.TimerHandle:
        timer = call_later(delay, callback, *rest, **named)
        if callback.__name__ == "_give_up":
            timers.append(timer)
        return timer

    monkeypatch.setattr(loop, "call_later", noted)
    async with serving(House(), PATIENT) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for asked in range(1, 4):
            writer.write(ANNOUNCED + b"0123456789")
            assert (await one_answer(reader))[1] == b"10"
            assert [timer.cancelled() for timer in timers] == [True] * asked
        writer.write((ANNOUNCED + b"0123456789") * 2)
        assert [(await one_answer(reader))[1] for _ in range(2)] == [b"10", b"10"]
        assert all(timer.cancelled() for timer in timers)
        writer.close()


async def test_more_connections_than_there_may_be_are_refused_until_others_go() -> None:
    async with serving(House(), Limits(PATIENT.request_seconds, PATIENT.unread_seconds, 2)) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for reader, writer in held:
            writer.write(ANNOUNCED + b"0123456789")
            await one_answer(reader)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert b" 503 " in await everything(reader)
        writer.close()
        for _, writer in held:
            writer.close()
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ANNOUNCED + b"0123456789")
            answer = await reader.read(13)
            writer.close()
            if answer == b"HTTP/1.1 200 ":
                break
