"""The fake proxy and the Meet API behind it, over HTTP."""

import base64
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import googleapiclient
import httpx2
import pytest
import pytest_asyncio

from agent.sandbox.okoro import DEFAULT_SERVICE_TOKEN

pytestmark = pytest.mark.asyncio(loop_scope="module")

SERVICE = {"Authorization": f"Bearer {DEFAULT_SERVICE_TOKEN}"}
ASK = {"provider": "google-meet", "scope": "read", "intent": "summarise the meeting"}
P = "/okoro/p/google-meet"
CODE = "abc-mnop-xyz"
SCHEMAS = json.loads(
    (Path(googleapiclient.__file__).parent / "discovery_cache/documents/meet.v2.json").read_text()
)["schemas"]

Get = Callable[..., Awaitable[httpx2.Response]]


async def operation_token(http: httpx2.AsyncClient, scope: str = "read") -> dict[str, str]:
    answer = await http.post("/okoro/t/tokens", json={**ASK, "scope": scope}, headers=SERVICE)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


@pytest_asyncio.fixture(loop_scope="module")
async def get(http: httpx2.AsyncClient) -> Get:
    token = await operation_token(http)

    async def ask(path: str, **query: Any) -> httpx2.Response:
        return await http.get(P + path, params=query, headers=token)

    return ask


def conference(clock: Callable[[], datetime], **changes: Any) -> dict[str, Any]:
    """An hour-long call that ended a minute ago, with two people and a few words."""
    end = clock().timestamp() - 60
    entry = {"speaker": "Host Person", "start_offset_seconds": 1, "end_offset_seconds": 2}
    return {
        "code": CODE,
        "start_time": datetime.fromtimestamp(end - 3600, clock().tzinfo).isoformat(),
        "end_time": datetime.fromtimestamp(end, clock().tzinfo).isoformat(),
        "participants": [
            {"name": "Host Person"},
            {"name": "Guest Person", "kind": "anonymous"},
            {"name": "+1 555-***-**12", "kind": "phone"},
        ],
        "transcripts": [{"entries": [{**entry, "text": f"word {n}"} for n in range(23)]}],
        "recordings": [{}],
        **changes,
    }


def conforms(value: Any, schema: dict[str, Any], where: str = "$") -> None:
    """Every field is one the discovery document knows, of its type and among its enum values."""
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"]]
    kind = schema["type"]
    if kind == "object":
        assert isinstance(value, dict), where
        for key, item in value.items():
            assert key in schema["properties"], f"{where}.{key}"
            conforms(item, schema["properties"][key], f"{where}.{key}")
    elif kind == "array":
        assert isinstance(value, list), where
        for item in value:
            conforms(item, schema["items"], f"{where}[]")
    else:
        assert isinstance(value, {"string": str, "integer": int, "boolean": bool}[kind]), where
        assert value in schema.get("enum", [value]), where


async def test_a_service_token_buys_an_operation_token_that_says_when_it_ends(http, clock) -> None:
    answer = await http.post("/okoro/t/tokens", json=ASK, headers=SERVICE)
    payload = answer.json()["token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert claims["exp"] == clock().timestamp() + 300
    assert (claims["scope"], claims["intent"]) == ("read", "summarise the meeting")


@pytest.mark.parametrize("missing", ["provider", "scope", "intent"])
async def test_provider_scope_and_intent_are_required(http, missing) -> None:
    body = {key: value for key, value in ASK.items() if key != missing}
    answer = await http.post("/okoro/t/tokens", json=body, headers=SERVICE)
    assert answer.status_code == 400
    assert missing in answer.json()["message"]


async def test_an_unknown_service_token_is_unauthorized(http) -> None:
    answer = await http.post("/okoro/t/tokens", json=ASK, headers={"Authorization": "Bearer svc_other"})
    assert answer.status_code == 401


async def test_a_scope_above_the_service_tokens_maximum_is_forbidden(http, teller) -> None:
    await teller.set_token(max_scope="read")
    answer = await http.post("/okoro/t/tokens", json={**ASK, "scope": "write"}, headers=SERVICE)
    assert answer.status_code == 403


async def test_revoking_the_service_token_kills_its_operation_tokens_at_once(get, teller) -> None:
    assert (await get("/conferenceRecords")).status_code == 200
    await teller.set_token(revoked=True)
    assert (await get("/conferenceRecords")).status_code == 401


async def test_an_operation_token_dies_at_its_time(get, clock) -> None:
    clock.move(299)
    assert (await get("/conferenceRecords")).status_code == 200
    clock.move(1)
    assert (await get("/conferenceRecords")).status_code == 401


async def test_a_token_can_be_made_to_die_after_a_number_of_calls(http, teller) -> None:
    await teller.set_token(expire_after_calls=2)
    token = await operation_token(http)
    statuses = [(await http.get(f"{P}/conferenceRecords", headers=token)).status_code for _ in range(3)]
    assert statuses == [200, 200, 401]


async def test_a_service_token_is_never_good_at_the_proxy(http, teller) -> None:
    assert (await http.get(f"{P}/conferenceRecords", headers=SERVICE)).status_code == 401
    assert (await teller.okoro_requests())[-1]["bearer"] == "service"


@pytest.mark.parametrize(
    ("method", "path", "held", "needed"),
    [
        ("POST", "/spaces", "read", "write"),
        ("PATCH", "/spaces/x", "read", "write"),
        ("POST", "/spaces/x:endActiveConference", "read", "write"),
        ("GET", "/conferenceRecords/c/recordings/r", "delete", "all"),
        ("GET", "/conferenceRecords/c/smartNotes", "read", "all"),
    ],
)
async def test_too_small_a_scope_is_told_which_one_is_needed(http, method, path, held, needed) -> None:
    answer = await http.request(method, P + path, headers=await operation_token(http, held), json={})
    assert answer.status_code == 403
    assert f"needs scope {needed}" in answer.json()["message"]


@pytest.mark.parametrize("scope", ["read", "write", "update", "delete", "all"])
async def test_scopes_are_cumulative(http, scope) -> None:
    answer = await http.get(f"{P}/conferenceRecords", headers=await operation_token(http, scope))
    assert answer.json() == {}


async def test_the_proxys_own_errors_come_flat_or_nested(http) -> None:
    flat = (await http.get(f"{P}/conferenceRecords")).json()
    await http.put("/control/okoro/errors", json={"shape": "nested"})
    nested = (await http.get(f"{P}/conferenceRecords")).json()
    assert isinstance(flat["error"], str)
    assert nested["error"]["code"] == 401


async def test_google_has_no_method_that_lists_spaces(get) -> None:
    answer = await get("/spaces")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


async def test_every_resource_is_as_the_discovery_document_describes_it(get, teller, clock) -> None:
    names = await teller.add_conference(**conference(clock))
    record, transcript = names["conferenceRecord"], names["transcripts"][0]
    person = names["participants"]["Host Person"]
    for path, schema in (
        ("/conferenceRecords", "ListConferenceRecordsResponse"),
        (f"/{record}", "ConferenceRecord"),
        (f"/{record}/participants", "ListParticipantsResponse"),
        (f"/{person}/participantSessions", "ListParticipantSessionsResponse"),
        (f"/{record}/recordings", "ListRecordingsResponse"),
        (f"/{record}/transcripts", "ListTranscriptsResponse"),
        (f"/{transcript}", "Transcript"),
        (f"/{transcript}/entries", "ListTranscriptEntriesResponse"),
        (f"/{names['space']}", "Space"),
    ):
        answer = await get(path)
        assert answer.status_code == 200, path
        assert answer.json()
        conforms(answer.json(), {"$ref": schema}, path)


async def test_pages_have_googles_sizes_and_follow_each_other(get, teller, clock) -> None:
    names = await teller.add_conference(**conference(clock))
    path = f"/{names['transcripts'][0]}/entries"
    first = (await get(path)).json()
    second = (await get(path, pageToken=first["nextPageToken"])).json()
    whole = (await get(path, pageSize=5000)).json()
    assert len(first["transcriptEntries"]) == 10
    assert second["transcriptEntries"][0]["text"] == "word 10"
    assert len(whole["transcriptEntries"]) == 23
    assert "nextPageToken" not in whole


@pytest.mark.parametrize("query", [{"pageToken": "bm9uc2Vuc2U="}, {"pageSize": -1}, {"filter": "x = 1"}])
async def test_bad_parameters_are_invalid_arguments(get, query) -> None:
    answer = await get("/conferenceRecords", **query)
    assert answer.status_code == 400
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f'space.meeting_code = "{CODE}"', 1),
        ('space.meeting_code = "zzz-zzzz-zzz"', 0),
        ('start_time>="2024-01-01T00:00:00.000Z" AND start_time<="2100-01-01T00:00:00Z"', 1),
        ('start_time > "2100-01-01T00:00:00Z"', 0),
        ("end_time IS NULL", 0),
        (f'end_time<"2100-01-01T00:00:00Z" AND space.meeting_code="{CODE}"', 1),
    ],
)
async def test_conference_records_can_be_filtered(get, teller, clock, text, found) -> None:
    await teller.add_conference(**conference(clock))
    answer = (await get("/conferenceRecords", filter=text)).json()
    assert len(answer.get("conferenceRecords", [])) == found


@pytest.mark.parametrize("text", ["AND", 'space.name > "x"', 'start_time = "noon"', "end_time IS NULL AND"])
async def test_a_broken_filter_is_an_invalid_argument(get, text) -> None:
    assert (await get("/conferenceRecords", filter=text)).status_code == 400


async def test_records_are_listed_newest_first(get, teller, clock) -> None:
    older = await teller.add_conference(
        **conference(clock, start_time="2026-01-01T10:00:00Z", end_time="2026-01-01T11:00:00Z")
    )
    newer = await teller.add_conference(**conference(clock))
    listed = [r["name"] for r in (await get("/conferenceRecords")).json()["conferenceRecords"]]
    assert listed == [newer["conferenceRecord"], older["conferenceRecord"]]
    assert newer["space"] == older["space"]


async def test_a_transcript_is_started_then_ended_then_generated(get, teller, clock) -> None:
    end = datetime.fromtimestamp(clock().timestamp() + 100, clock().tzinfo).isoformat()
    transcript = {"ready_after_seconds": 50, "entries": conference(clock)["transcripts"][0]["entries"]}
    names = await teller.add_conference(**conference(clock, end_time=end, transcripts=[transcript]))
    path = f"/{names['transcripts'][0]}"

    async def seen() -> tuple[str, int]:
        entries = (await get(f"{path}/entries", pageSize=100)).json().get("transcriptEntries", [])
        return (await get(path)).json()["state"], len(entries)

    during = await seen()
    clock.move(125)
    waiting = await seen()
    clock.move(25)
    assert [during, waiting, await seen()] == [("STARTED", 0), ("ENDED", 11), ("FILE_GENERATED", 23)]


async def test_a_record_appears_only_after_its_time(get, teller, clock) -> None:
    names = await teller.add_conference(**conference(clock, visible_after_seconds=30))
    assert (await get("/conferenceRecords")).json() == {}
    assert (await get(f"/{names['conferenceRecord']}")).status_code == 404
    clock.move(30)
    assert (await get(f"/{names['conferenceRecord']}")).status_code == 200


async def test_participants_are_told_apart_and_counted_only_on_request(get, teller, clock) -> None:
    names = await teller.add_conference(**conference(clock))
    path = f"/{names['conferenceRecord']}/participants"
    plain = (await get(path)).json()
    kinds = {k for p in plain["participants"] for k in p if k.endswith("User")}
    assert kinds == {"signedinUser", "anonymousUser", "phoneUser"}
    assert "totalSize" not in plain
    assert (await get(path, fields="participants,totalSize")).json()["totalSize"] == 3
    assert (await get(path, filter="latest_end_time IS NULL")).json() == {}


async def test_a_rejoin_is_a_second_session(get, teller, clock) -> None:
    sessions = [
        {"start": "2026-01-01T10:00:00Z", "end": "2026-01-01T10:10:00Z"},
        {"start": "2026-01-01T10:20:00Z", "end": "2026-01-01T10:30:00.250Z"},
    ]
    people = [{"name": "Host Person", "sessions": sessions}]
    names = await teller.add_conference(**conference(clock, participants=people))
    answer = (await get(f"/{names['participants']['Host Person']}/participantSessions")).json()
    assert [s["startTime"] for s in answer["participantSessions"]] == [
        "2026-01-01T10:20:00Z",
        "2026-01-01T10:00:00Z",
    ]
    assert answer["participantSessions"][0]["endTime"] == "2026-01-01T10:30:00.250Z"


async def test_a_speaker_who_was_not_there_is_refused(teller, clock) -> None:
    with pytest.raises(httpx2.HTTPStatusError, match="422"):
        await teller.add_conference(**conference(clock, participants=[]))


async def test_a_space_is_found_by_code_in_any_case_and_by_its_exact_id(get, teller, clock) -> None:
    names = await teller.add_conference(**conference(clock, space="AbC123"))
    assert (await get(f"/spaces/{CODE.upper()}")).json()["name"] == names["space"] == "spaces/AbC123"
    assert (await get("/spaces/AbC123")).json()["meetingCode"] == CODE
    assert (await get("/spaces/abc123")).status_code == 404


async def test_a_space_is_made_changed_and_its_call_ended(http, teller, clock) -> None:
    token = await operation_token(http, "write")
    space = (await http.post(f"{P}/spaces", json={}, headers=token)).json()
    conforms(space, {"$ref": "Space"})
    mask = "config.artifactConfig.transcriptionConfig.autoTranscriptionGeneration"
    on = {"transcriptionConfig": {"autoTranscriptionGeneration": "ON"}}
    body = {"config": {"artifactConfig": on, "accessType": "OPEN"}}
    changed = await http.patch(f"{P}/{space['name']}", params={"updateMask": mask}, json=body, headers=token)
    assert changed.json()["config"]["artifactConfig"] == on
    assert changed.json()["config"]["accessType"] == "TRUSTED"
    live = conference(clock, code=space["meetingCode"], end_time=None)
    names = await teller.add_conference(**live)
    shown = (await http.get(f"{P}/{space['name']}", headers=token)).json()
    assert shown["activeConference"] == {"conferenceRecord": names["conferenceRecord"]}
    end = f"{P}/{space['name']}:endActiveConference"
    assert (await http.post(end, json={}, headers=token)).json() == {}
    again = await http.post(end, json={}, headers=token)
    assert again.json()["error"]["status"] == "FAILED_PRECONDITION"


async def test_an_unknown_update_mask_path_is_refused(http, teller, clock) -> None:
    names = await teller.add_conference(**conference(clock))
    token = await operation_token(http, "write")
    answer = await http.patch(
        f"{P}/{names['space']}", params={"updateMask": "config.colour"}, json={}, headers=token
    )
    assert answer.status_code == 400


async def test_every_request_is_kept_with_its_intent(get, http, teller) -> None:
    await get("/conferenceRecords", filter="end_time IS NULL")
    await http.post("/okoro/t/tokens", json={**ASK, "refresh_token": "stale"}, headers=SERVICE)
    first, call, refresh = await teller.okoro_requests()
    assert (first["kind"], first["scope"], first["refresh_token"]) == ("token", "read", False)
    assert (call["intent"], call["query"]) == ("summarise the meeting", {"filter": "end_time IS NULL"})
    assert refresh["refresh_token"]
    assert call["at"].endswith("Z")
