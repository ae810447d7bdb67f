"""The client and the sandbox against Google's own description of Meet, as google-api-python-client carries it."""

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest
import pytest_asyncio

from agent.errors import Missing
from agent.okoro import endpoints
from agent.okoro.client import OkoroClient
from agent.okoro.harvest import ProxyTranscripts
from agent.sandbox.world import World
from tests.unit.okoro.conftest import CODE, INTENT, PatientClock, conference

WITH_THE_WORLD = pytest.mark.asyncio(loop_scope="module")

DOCUMENT = json.loads(
    files("googleapiclient").joinpath("discovery_cache/documents/meet.v2.json").read_text("utf-8")
)
DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
PREFIX = "/okoro/p/google-meet"


def methods(resource: dict[str, Any]) -> list[dict[str, Any]]:
    """All methods of a resource and those below it."""
    below = [one for sub in resource.get("resources", {}).values() for one in methods(sub)]
    return [*resource.get("methods", {}).values(), *below]


def method_of(request: httpx2.Request) -> dict[str, Any]:
    """Google's method that a request calls; every request must call one."""
    path = "v2" + request.url.path.removeprefix(PREFIX)
    for method in methods(DOCUMENT):
        pattern = re.sub(r"\\{\w+\\}", "[^/:]+", re.escape(method["flatPath"]))
        if method["httpMethod"] == request.method and re.fullmatch(pattern, path):
            return method
    raise AssertionError(f"Google Meet has no {request.method} {path}")


def check_parameters(method: dict[str, Any], request: httpx2.Request) -> None:
    """Every query parameter is one of Google's, of its type, and no page is larger than Google gives."""
    for name, value in parse_qsl(request.url.query.decode()):
        known = method["parameters"].get(name)
        assert known, f"{method['id']} has no parameter {name}"
        assert known["location"] == "query"
        if known["type"] == "integer":
            assert value.isdigit()
        if name == "pageSize":
            most = re.search(r"maximum (?:value )?is (\d+)", known["description"])
            assert most, known["description"]
            assert int(value) <= int(most[1])


def check(value: object, schema: dict[str, Any], where: str) -> None:
    """The value is what the schema says, without a field that Google does not know."""
    if reference := schema.get("$ref"):
        return check(value, DOCUMENT["schemas"][reference], f"{where}<{reference}>")
    match schema["type"]:
        case "object":
            assert isinstance(value, dict), where
            for name, field in value.items():
                known = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
                assert known, f"{where} has no field {name}"
                check(field, known, f"{where}.{name}")
        case "array":
            assert isinstance(value, list), where
            for item in value:
                check(item, schema["items"], f"{where}[]")
        case "string":
            assert isinstance(value, str), where
            assert value in schema.get("enum", [value]), f"{where}: {value}"
            if schema.get("format") == "google-datetime":
                assert DATETIME.fullmatch(value), f"{where}: {value}"
        case "integer":
            assert isinstance(value, int), where
        case "boolean":
            assert isinstance(value, bool), where
        case other:
            raise AssertionError(f"{where}: {other} is not known here")
    return None


class Witness:
    """Hears every exchange between client and proxy, and holds it to Google's description."""

    def __init__(self) -> None:
        self.called: list[str] = []

    async def hear(self, response: httpx2.Response) -> None:
        request = response.request
        if not request.url.path.startswith(PREFIX):
            return
        if response.status_code == 404 and request.url.path == f"{PREFIX}/spaces":
            return
        body = json.loads(await response.aread())
        method = method_of(request)
        self.called.append(method["id"])
        check_parameters(method, request)
        if request.content:
            check(json.loads(request.content), method["request"], f"{method['id']} request")
        assert response.status_code == 200, body
        check(body, method["response"], f"{method['id']} response")


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest_asyncio.fixture(loop_scope="module")
async def client(world: World, witness: Witness) -> AsyncIterator[OkoroClient]:
    async with OkoroClient(**world.settings()["okoro"], clock=PatientClock()) as running:
        running._transport._http.event_hooks = {"response": [witness.hear]}
        yield running


@pytest.fixture
def ended() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=5)


def test_every_endpoint_but_the_listing_of_spaces_is_one_of_googles():
    for endpoint in endpoints.TABLE:
        if endpoint is not endpoints.LIST_SPACES:
            path = PREFIX + re.sub(r"\{\w+\}", "x", endpoint.path)
            method_of(httpx2.Request(endpoint.method, f"http://okoro{path}"))


@WITH_THE_WORLD
async def test_everything_written_and_read_of_a_space_is_as_google_describes_it(
    client, teller, witness, ended
):
    made = await client.create_space({"accessType": "OPEN"}, intent=INTENT)
    await teller.add_conference(code=made.meeting_code, start_time=ended.isoformat(), end_time=None)
    await client.space(made.meeting_code, intent=INTENT)
    await ProxyTranscripts(client, clock=PatientClock()).enable_transcription(
        made.meeting_code, intent=INTENT
    )
    await client.end_active_conference(made.name, intent=INTENT)
    with pytest.raises(Missing):
        await client.list_spaces(intent=INTENT)

    assert set(witness.called) == {
        "meet.spaces.create",
        "meet.spaces.get",
        "meet.spaces.patch",
        "meet.spaces.endActiveConference",
    }


@WITH_THE_WORLD
@pytest.mark.parametrize("state", ["STARTED", "ENDED", "FILE_GENERATED"])
async def test_everything_read_of_a_conference_is_as_google_describes_it(
    client, teller, witness, ended, state
):
    order = conference(ended - timedelta(minutes=30), ended, 150, state=state)
    kinds = [{"name": "Phone Person", "kind": "phone"}, *order["participants"]]
    made = await teller.add_conference(**(order | {"participants": kinds}), recordings=[{"state": state}])

    await client.conference_record(made["conferenceRecord"], intent=INTENT)
    await client.transcript(made["transcripts"][0], intent=INTENT)
    await client.transcript_entries(made["transcripts"][0], intent=INTENT)
    await client.recording(made["recordings"][0], intent=INTENT)
    await ProxyTranscripts(client, clock=PatientClock()).harvest(
        CODE, ended - timedelta(minutes=30), ended, intent=INTENT
    )

    assert set(witness.called) == {
        "meet.conferenceRecords.list",
        "meet.conferenceRecords.get",
        "meet.conferenceRecords.participants.list",
        "meet.conferenceRecords.participants.participantSessions.list",
        "meet.conferenceRecords.recordings.list",
        "meet.conferenceRecords.recordings.get",
        "meet.conferenceRecords.transcripts.list",
        "meet.conferenceRecords.transcripts.get",
        "meet.conferenceRecords.transcripts.entries.list",
    }


@WITH_THE_WORLD
async def test_a_conference_that_goes_on_is_as_google_describes_it(client, teller, witness, ended):
    await teller.add_conference(**conference(ended, None, 0))
    await ProxyTranscripts(client, clock=PatientClock()).harvest(
        CODE, ended, ended + timedelta(hours=1), intent=INTENT
    )

    assert "meet.conferenceRecords.participants.list" in witness.called


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ({"nam": "conferenceRecords/x"}, "ConferenceRecord"),
        ({"startTime": "2026-03-01T10:00:00+00:00"}, "ConferenceRecord"),
        ({"state": "DONE"}, "Transcript"),
        ({"transcriptEntries": {}}, "ListTranscriptEntriesResponse"),
    ],
)
def test_the_check_itself_finds_what_google_does_not_know(value, schema):
    with pytest.raises(AssertionError):
        check(value, {"$ref": schema}, "here")
