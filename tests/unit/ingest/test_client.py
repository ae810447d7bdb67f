"""What the server answers, in our own errors."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.errors import Conflict, Denied, Invalid, MeetbotError, Missing, Temporary
from agent.ingest.client import IngestClient
from agent.model.loan import Claim
from agent.model.news import Line, Report
from agent.model.states import Told

KNOCKED = Report(job_id="job_1", lease="l", sequence=1, event=Line(line=Told.KNOCKED))
LOT = '{"jobs":[],"asks":[],"lost":["job_1"],"silenceSeconds":60,"now":"2030-01-01T09:00:00Z"}'


class Answers:
    """A server that answers what the test says; `asked` is what it was asked last."""

    def __init__(self) -> None:
        self.status, self.body = 200, LOT
        self.asked: tuple[str, str, bytes] = ("", "", b"")

    async def __call__(self, request: Request) -> Response:
        self.asked = (request.url.path, request.headers["authorization"], await request.body())
        return Response(self.body, self.status, media_type="application/json")


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
async def client(answers: Answers) -> AsyncIterator[IngestClient]:
    listener = socket.create_server(("127.0.0.1", 0))
    endpoint: Callable[[Request], Awaitable[Response]] = answers.__call__
    app = Starlette(routes=[Route("/{path:path}", endpoint, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    client = IngestClient(f"http://127.0.0.1:{listener.getsockname()[1]}/", "secret")
    yield client
    await client.aclose()
    server.should_exit = True
    await serving


async def test_a_claim_goes_out_in_camel_case_with_the_key(client: IngestClient, answers: Answers) -> None:
    lot = await client.claim(Claim(worker="box", places=2, wait_seconds=0))
    assert (lot.lost, lot.silence_seconds) == (("job_1",), 60)
    path, key, body = answers.asked
    assert (path, key) == ("/api/v1/ingest/claim", "Bearer secret")
    assert b'"waitSeconds":0' in body


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, Denied),
        (403, Denied),
        (404, Missing),
        (409, Conflict),
        (413, Invalid),
        (422, Invalid),
        (429, Temporary),
        (500, Temporary),
        (503, Temporary),
        (302, Temporary),
    ],
)
async def test_a_refusal_says_what_can_be_done(
    client: IngestClient, answers: Answers, status: int, kind: type[MeetbotError]
) -> None:
    answers.status, answers.body = status, '{"detail": "no"}'
    with pytest.raises(kind):
        await client.report(KNOCKED)


async def test_an_answer_that_is_none_of_ours_may_pass(client: IngestClient, answers: Answers) -> None:
    answers.body = "<html>a proxy's page</html>"
    with pytest.raises(Temporary):
        await client.report(KNOCKED)


async def test_nobody_there_may_pass() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    client = IngestClient(f"http://127.0.0.1:{port}", "secret")
    with pytest.raises(Temporary):
        await client.report(KNOCKED)
    await client.aclose()
