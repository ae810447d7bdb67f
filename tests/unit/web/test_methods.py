"""Methods that no route names: HEAD, OPTIONS, and those that a path does not take."""

import httpx2
import pytest
from fastapi import FastAPI
from starlette.responses import StreamingResponse

from agent.web import methods

BODY = b"x" * 1000


@pytest.fixture
def sent() -> list[bytes]:
    """The parts of a body that were written."""
    return []


@pytest.fixture
async def client(sent):
    app = FastAPI()

    @app.get("/things/{number}")
    async def get(number: int) -> dict[str, int]:
        return {"number": number}

    @app.delete("/things/{number}")
    async def delete(number: int) -> None: ...

    @app.get("/long")
    async def long() -> StreamingResponse:
        async def parts():
            for _ in range(100):
                sent.append(BODY)
                yield BODY

        return StreamingResponse(parts())

    methods.surround(app)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://x") as client:
        yield client


async def test_head_is_get_without_the_body(client):
    head, get = await client.head("/things/7"), await client.get("/things/7")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers


async def test_the_head_of_a_long_answer_costs_no_more_than_its_first_part(client, sent):
    assert (await client.head("/long")).status_code == 200
    assert len(sent) == 1


async def test_head_of_nothing_is_missing(client):
    assert (await client.head("/nothing")).status_code == 404


async def test_options_tells_every_method_of_the_path(client):
    answer = await client.options("/things/7")
    assert (answer.status_code, answer.headers["allow"]) == (204, "DELETE, GET, HEAD, OPTIONS")
    assert (await client.options("/nothing")).status_code == 404


async def test_a_refused_method_is_told_every_other_one(client):
    answer = await client.patch("/things/7")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, HEAD, OPTIONS")
    assert answer.json() == {"detail": "Method Not Allowed"}
