"""Whose word counts about where a request comes from."""

import socket

import httpx2
import pytest
from fastapi import FastAPI, Request

from agent.daemon.http import HttpServer


@pytest.mark.parametrize(
    ("trusted", "seen"), [((), "127.0.0.1"), (("10.0.0.0/8",), "127.0.0.1"), (("127.0.0.1",), "203.0.113.9")]
)
async def test_only_a_trusted_proxy_is_believed_about_the_sender(trusted: tuple[str, ...], seen: str) -> None:
    app = FastAPI()

    @app.get("/")
    async def who(request: Request) -> str:
        return request.client.host if request.client else ""

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = HttpServer(app, "127.0.0.1", port, trusted)
    await server.start()
    try:
        async with httpx2.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{port}/", headers={"X-Forwarded-For": "203.0.113.9"})
    finally:
        await server.stop()
    assert answer.json() == seen
