"""The client against a real server, and against one that fails by order."""

import asyncio
import inspect
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, get_args, get_type_hints, is_typeddict

import pytest

from agent.client import (
    ApiError,
    AsyncMeetbot,
    Conflict,
    Forbidden,
    Invalid,
    Listing,
    Meetbot,
    NotFound,
    RateLimited,
    ServerError,
    Unauthorized,
    Unreachable,
    account,
    bot_types,
    bots,
    jobs,
    recordings,
    types,
    webhooks,
)
from agent.model.states import State
from agent.web.publish import published
from tests.waiting import until
from tests.web_stage import LINK, WebStage


@pytest.fixture
def key(stage: WebStage) -> str:
    return stage.key("alice@example.com")


async def test_a_program_that_waits_runs_a_whole_job(stage: WebStage, key: str) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)

    def run() -> None:
        with Meetbot(stage.url, key) as meetbot:
            assert meetbot.send(account.whoami())["email"] == "alice@example.com"
            made = meetbot.send(jobs.create(LINK, join_at=later, title="Weekly", metadata={"a": 1}))
            assert meetbot.send(jobs.get(made["id"]))["metadata"] == {"a": 1}
            assert [job["id"] for job in meetbot.each(jobs.listing(status=["queued"]))] == [made["id"]]
            assert [line["kind"] for line in meetbot.each(jobs.events(made["id"]))] == ["job_created"]
            assert meetbot.send(jobs.explain(made["id"]))["source"] == "api"
            assert meetbot.send(jobs.deliveries(made["id"])) == {"deliveries": []}
            assert meetbot.send(jobs.cancel(made["id"]))["cancelled"]

    await asyncio.to_thread(run)


async def test_a_program_with_an_event_loop_runs_the_same_calls(stage: WebStage, key: str) -> None:
    async with AsyncMeetbot(stage.url, key) as meetbot:
        made = await meetbot.send(jobs.create(LINK, external_id="one"))
        again = await meetbot.send(jobs.create(LINK, external_id="one"))
        assert made["id"] == again["id"]
        assert [job["id"] async for job in meetbot.each(jobs.listing())] == [made["id"]]


async def test_a_long_list_is_read_page_after_page(stage: WebStage, key: str) -> None:
    async with AsyncMeetbot(stage.url, key) as meetbot:
        made = await meetbot.send(jobs.create(LINK))
        job = stage.put(made["id"], State.COMPLETED, transcript_source="meet")
        stage.said(job, *(f"Word {number}" for number in range(1, 251)))
        found = [entry["ordinal"] async for entry in meetbot.each(jobs.transcript(made["id"]))]
    assert found == list(range(1, 251))


async def test_refusals_are_told_by_kind(stage: WebStage, key: str) -> None:
    async with AsyncMeetbot(stage.url, key) as meetbot:
        with pytest.raises(NotFound, match="no such job"):
            await meetbot.send(jobs.get("job_never"))
        with pytest.raises(NotFound):
            await meetbot.send(jobs.get("../../healthz?x="))
        with pytest.raises(Forbidden):
            await meetbot.send(account.host())
        made = await meetbot.send(jobs.create(LINK, join_at=datetime.now(UTC) + timedelta(hours=1)))
        with pytest.raises(Conflict, match="not in a call"):
            await meetbot.send(jobs.request_recording_permission(made["id"]))
        with pytest.raises(Invalid, match="displayName") as refused:
            await meetbot.send(jobs.create(LINK, display_name="x" * 61))
        assert refused.value.faults[0]["loc"] == ["body", "displayName"]
        assert refused.value.request_id
    async with AsyncMeetbot(stage.url, "mb_live_nonsense") as nobody:
        with pytest.raises(Unauthorized):
            await nobody.send(account.whoami())


class Failing:
    """A server that gives the answers it is told to give, in order, and keeps what came."""

    def __init__(self, answers: list[bytes]) -> None:
        self.answers = answers
        self.heads: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        self.heads.append(head)
        writer.write(self.answers.pop(0) if self.answers else answer(200, {}))
        await writer.drain()
        writer.close()


def answer(status: int, body: Any, **headers: str) -> bytes:
    text = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(text)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + text


@pytest.fixture
async def failing() -> AsyncIterator[Any]:
    servers = []

    async def begin(*answers: bytes) -> tuple[str, Failing]:
        told = Failing(list(answers))
        server = await asyncio.start_server(told.serve, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", told

    yield begin
    for server in servers:
        server.close()
        await server.wait_closed()


async def test_what_may_be_repeated_is_repeated(failing: Any) -> None:
    busy = answer(503, {"detail": "busy"})
    url, told = await failing(
        busy, b"", answer(429, {"detail": "slow"}, Retry_After="7"), answer(200, {"id": 1})
    )
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with AsyncMeetbot(url, "mb_live_x", sleep=sleep) as meetbot:
        assert await meetbot.send(account.whoami()) == {"id": 1}
    assert len(told.heads) == 4
    assert waits[0] < waits[1] * 2
    assert waits[2] == 7


async def test_a_creation_is_repeated_under_one_key(failing: Any) -> None:
    url, told = await failing(answer(502, {}), answer(201, {"id": "job_1"}))

    def run() -> Any:
        with Meetbot(url, "mb_live_x", sleep=lambda seconds: None) as meetbot:
            return meetbot.send(jobs.create(LINK))

    assert (await asyncio.to_thread(run))["id"] == "job_1"
    keys = [line for head in told.heads for line in head.splitlines() if line.startswith("idempotency-key")]
    assert len(keys) == 2
    assert len(set(keys)) == 1


@pytest.mark.parametrize(
    ("answers", "kind", "tries"),
    [
        ([answer(503, {"detail": "busy"})] * 9, ServerError, 4),
        ([answer(500, {"detail": "failed"})] * 9, ServerError, 1),
        ([answer(429, {"detail": "slow"}, Retry_After="3600")] * 9, RateLimited, 1),
        ([answer(404, {"detail": "no"})] * 9, NotFound, 1),
        ([b""] * 9, Unreachable, 4),
    ],
)
async def test_giving_up_has_a_reason(
    failing: Any, answers: list[bytes], kind: type[ApiError], tries: int
) -> None:
    url, told = await failing(*answers)

    async def sleep(seconds: float) -> None:
        assert 0 <= seconds <= 30

    async with AsyncMeetbot(url, "mb_live_x", sleep=sleep) as meetbot:
        with pytest.raises(kind):
            await meetbot.send(account.whoami())
    assert len(told.heads) == tries


async def test_what_may_not_be_repeated_is_sent_once(failing: Any) -> None:
    url, told = await failing(answer(503, {"detail": "busy"}))
    async with AsyncMeetbot(url, "mb_live_x") as meetbot:
        with pytest.raises(ServerError):
            await meetbot.send(account.poll_login("nonce"))
    assert len(told.heads) == 1


DESCRIPTION = json.loads(published()["openapi.json"])
SCHEMAS = DESCRIPTION["components"]["schemas"]


TYPED = {name: kind for name, kind in (vars(types) | vars(bot_types)).items() if is_typeddict(kind)}


@pytest.mark.parametrize("name", TYPED)
def test_the_clients_types_are_those_of_the_description(name: str) -> None:
    assert set(get_type_hints(TYPED[name])) == set(SCHEMAS[name]["properties"])


def test_the_clients_statuses_are_those_of_the_description() -> None:
    assert list(get_args(types.JobStatus)) == SCHEMAS["JobBrief"]["properties"]["status"]["enum"]
    assert list(get_args(bot_types.BotStatus)) == SCHEMAS["BotStatus"]["enum"]
    assert list(get_args(bot_types.Progress)) == SCHEMAS["Progress"]["enum"]


SAMPLES = {"int": 7, "str": "x", "datetime": datetime(2026, 1, 5, tzinfo=UTC)}
# Served to browsers, as files, or to machines with keys of their own.
NOT_FOR_PROGRAMS = re.compile(
    r"/v1/(auth|share)/|/stream$|/api/v1/(ingest|intake|cli-auth/(approve|complete)|webhooks)|consent.csv$|^/(healthz|readyz|metrics|openapi|webhooks)"
)


def sent_by_the_client() -> list[tuple[str, str]]:
    """Return method and path of every call that the client can make."""
    found = []
    for module in (account, bots, jobs, recordings, webhooks):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ != module.__name__ or name.startswith("_"):
                continue
            needed = [
                SAMPLES[getattr(one.annotation, "__name__", str(one.annotation))]
                for one in inspect.signature(function).parameters.values()
                if one.default is one.empty
            ]
            made = function(*needed)
            found.append(("GET" if isinstance(made, Listing) else made.method, made.path))
    return found


def test_the_client_can_ask_for_everything_that_is_described() -> None:
    sent = sent_by_the_client()
    left = [
        f"{method.upper()} {template}"
        for template, operations in DESCRIPTION["paths"].items()
        for method in operations
        if not NOT_FOR_PROGRAMS.search(template)
        and not any(
            method.upper() == verb and re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path)
            for verb, path in sent
        )
    ]
    assert left == []


async def test_what_a_bot_left_is_read_shared_and_deleted(stage: WebStage, key: str) -> None:
    async with AsyncMeetbot(stage.url, key) as meetbot:
        made = await meetbot.send(bots.create(LINK, title="Weekly"))
        assert (await meetbot.send(bots.update(made["id"], title="Monthly")))["meetingTitle"] == "Monthly"
        assert (await meetbot.send(bots.heartbeat(made["id"])))["id"] == made["id"]
        job = stage.put(made["jobId"], State.COMPLETED, transcript_source="meet")
        stage.said(job, "We launch on Tuesday.")
        assert (await meetbot.send(bots.transcript(made["id"])))["entries"][0][
            "text"
        ] == "We launch on Tuesday."
        link = await meetbot.send(recordings.share(made["id"], expires_in_days=2, include=["transcript"]))
        assert (await meetbot.send(recordings.shared(made["id"])))["shareUrl"] == link["shareUrl"]
        await meetbot.send(recordings.unshare(made["id"]))
        with pytest.raises(NotFound):
            await meetbot.send(recordings.shared(made["id"]))
        await meetbot.send(bots.delete_transcript(made["id"]))
        with pytest.raises(NotFound):
            await meetbot.send(bots.transcript(made["id"]))
        assert [event["botId"] async for event in meetbot.each(bots.all_events())]


async def test_a_webhook_is_changed_and_its_secret_rotated(stage: WebStage, key: str) -> None:
    async with AsyncMeetbot(stage.url, key) as meetbot:
        hook = await meetbot.send(webhooks.create("https://hooks.example.com/in"))
        await meetbot.send(webhooks.update(hook["id"], enabled=False))
        assert not (await meetbot.send(webhooks.get(hook["id"])))["enabled"]
        assert (await meetbot.send(webhooks.rotate_secret(hook["id"])))["secret"] != hook["secret"]


async def test_one_reads_how_much_one_used(stage: WebStage, key: str) -> None:
    async with AsyncMeetbot(stage.url, key) as meetbot:
        assert (await meetbot.send(account.usage(days=7)))["bots"] == 0
        assert (await meetbot.send(account.analytics()))["onTimeShare"] is None
        (known,) = (await meetbot.send(account.keys()))["apiKeys"]
        assert (await meetbot.send(account.key_usage(known["id"])))["keyId"] == known["id"]
        assert (await meetbot.send(account.rename("Alice Person")))["name"] == "Alice Person"

        async def told() -> set[str]:
            return {line["route"] async for line in meetbot.each(account.requests())}

        assert "/v1/users/me/usage" in await until(told)
