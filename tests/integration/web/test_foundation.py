"""What every route has in common: credentials, errors, limits, repeats, versions, headers, the book."""

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
import structlog
from sqlmodel import select

from agent.model.tables import ApiKey, RequestLine
from tests.web_stage import LINK, WebStage, as_bytes

JOBS = "/api/v1/jobs"


async def test_a_request_without_a_key_is_unauthorized(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get(JOBS)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert isinstance(answer.json()["detail"], str)


@pytest.mark.parametrize("text", ["Bearer", "Bearer nonsense", "Basic abc", "Bearer mb_live_" + "0" * 38])
async def test_a_bad_credential_is_unauthorized(stranger: httpx2.AsyncClient, text: str) -> None:
    assert (await stranger.get(JOBS, headers={"Authorization": text})).status_code == 401


async def test_a_revoked_key_is_refused_at_once(stage: WebStage) -> None:
    by = stage.user("carol@example.com")
    key, text = stage.desk.accounts.create_key("carol@example.com", "doomed")
    client = await stage.client(text)
    assert (await client.get(JOBS)).status_code == 200
    stage.desk.accounts.revoke_key(key.id or 0, by=by)
    assert (await client.get(JOBS)).status_code == 401


async def test_a_key_that_may_only_read_cannot_write(stage: WebStage) -> None:
    client = await stage.client(stage.key("dora@example.com", scopes=["read"]))
    assert (await client.get(JOBS)).status_code == 200
    answer = await client.post(JOBS, json={"meetingUrl": LINK})
    assert answer.status_code == 403
    assert "write" in answer.json()["detail"]


async def test_a_body_that_is_no_json_is_a_bad_request(alice: httpx2.AsyncClient) -> None:
    answer = await alice.post(JOBS, content=b"{nope", headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["detail"][0]["type"] == "json_invalid"


@pytest.mark.parametrize(
    ("path", "body"), [("/api/v1/jobs", b"{nope"), ("/v1/auth/invitations", b"{nope"), ("/v1/bots", b"{}")]
)
async def test_whoever_may_not_is_told_so_before_what_they_sent_is_judged(
    stage: WebStage, path: str, body: bytes
) -> None:
    client = await stage.client(stage.key("dora@example.com", scopes=["read"]))
    answer = await client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 403


async def test_a_body_that_breaks_the_schema_tells_where_and_why(alice: httpx2.AsyncClient) -> None:
    answer = await alice.post(JOBS, json={"joinAt": "soon"})
    assert answer.status_code == 422
    faults = {tuple(fault["loc"]): fault for fault in answer.json()["detail"]}
    assert set(faults) == {("body", "meetingUrl"), ("body", "joinAt")}
    assert all(set(fault) == {"loc", "msg", "type"} for fault in faults.values())


async def test_a_missing_field_is_told_as_the_api_promises(alice: httpx2.AsyncClient) -> None:
    answer = await alice.post("/v1/bots", json={"meetingInfo": {}})
    fault = {
        "loc": ["body", "meetingInfo", "platform"],
        "msg": "field required",
        "type": "value_error.missing",
    }
    assert (answer.status_code, answer.json()) == (422, {"detail": [fault]})


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
async def test_a_body_of_another_kind_is_told_which_one_is_wanted(
    alice: httpx2.AsyncClient, kind: str
) -> None:
    answer = await alice.post(JOBS, content=as_bytes({"meetingUrl": LINK}), headers={"Content-Type": kind})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["msg"] == "Send a JSON object, with Content-Type: application/json"
    listed = await alice.post(JOBS, json=[LINK])
    assert listed.json()["detail"][0]["msg"] == "Send a JSON object"


async def test_a_slash_at_the_end_is_no_redirect(alice: httpx2.AsyncClient) -> None:
    for path in ("/v1/bots/", "/api/v1/bots/", f"{JOBS}/"):
        assert (await alice.get(path)).status_code == 200, path


async def test_a_refused_method_is_told_the_others(alice: httpx2.AsyncClient) -> None:
    answer = await alice.put("/api/v1/bots/1", json={})
    assert (answer.status_code, answer.json()) == (405, {"detail": "Method Not Allowed"})
    assert answer.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH"
    asked = await alice.options("/v1/bots")
    assert (asked.status_code, asked.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")


async def test_an_unknown_path_is_missing_in_the_same_shape(alice: httpx2.AsyncClient) -> None:
    answer = await alice.get("/api/v1/nothing")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


async def test_a_large_body_is_refused_whether_announced_or_streamed(alice: httpx2.AsyncClient) -> None:
    big = as_bytes({"meetingUrl": LINK, "title": "x" * 70_000})

    async def stream():
        for start in range(0, len(big), 1000):
            yield big[start : start + 1000]

    json_type = {"Content-Type": "application/json"}
    assert (await alice.post(JOBS, content=big, headers=json_type)).status_code == 413
    streamed = await alice.post(JOBS, content=stream(), headers=json_type)
    assert streamed.status_code == 413
    keyed = await alice.post(JOBS, content=stream(), headers=json_type | {"Idempotency-Key": "big"})
    assert keyed.status_code == 413


async def test_limits_are_told_on_every_answer_and_enforced(tmp_path: Path) -> None:
    async with WebStage(tmp_path, requests_per_minute=3, requests_per_hour=5) as stage:
        client = await stage.client(stage.key("alice@example.com"))
        answers = [await client.get(JOBS) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
        assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"3"}
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        assert int(answers[-1].headers["x-ratelimit-reset"]) > stage.clock.now().timestamp()
        other = await stage.client(stage.key("bob@example.com"))
        assert (await other.get(JOBS)).status_code == 200, "limits are for each key"


async def test_what_cannot_be_read_counts_too(tmp_path: Path) -> None:
    async with WebStage(tmp_path, requests_per_minute=3, requests_per_hour=5) as stage:
        client = await stage.client(stage.key("alice@example.com"))
        for body in (b"{nope", b'{"a":' * 5000):
            answer = await client.post(JOBS, content=body, headers={"Content-Type": "application/json"})
            assert (answer.status_code, "detail" in answer.json()) == (400, True)
        assert answer.headers["x-ratelimit-remaining"] == "1"
        await client.get(JOBS)
        answer = await client.post(JOBS, content=b"{nope", headers={"Content-Type": "application/json"})
        assert (answer.status_code, "retry-after" in answer.headers) == (429, True)


@pytest.mark.parametrize("title", ["a\r\nBcc: other@example.com", "\x1b[31m", "a\tb"])
async def test_what_stands_on_one_line_has_no_control_characters(
    alice: httpx2.AsyncClient, title: str
) -> None:
    assert (await alice.post(JOBS, json={"meetingUrl": LINK, "title": title})).status_code == 422


async def test_guessing_keys_is_limited_by_address(stage: WebStage, stranger: httpx2.AsyncClient) -> None:
    statuses = [(await stranger.get(JOBS)).status_code for _ in range(62)]
    assert statuses[:60] == [401] * 60
    assert statuses[60:] == [429] * 2


async def test_a_repeated_request_gets_the_first_answer(alice: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": '"one"'}
    first = await alice.post(JOBS, json={"meetingUrl": LINK}, headers=headers)
    again = await alice.post(JOBS, json={"meetingUrl": LINK}, headers={"Idempotency-Key": "one"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert (await alice.get(JOBS)).json()["total"] == 1


async def test_the_same_key_with_another_payload_is_refused(alice: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": "one"}
    await alice.post(JOBS, json={"meetingUrl": LINK}, headers=headers)
    answer = await alice.post(JOBS, json={"meetingUrl": LINK, "title": "other"}, headers=headers)
    assert answer.status_code == 422


async def test_a_refused_request_may_be_mended_under_the_same_key(alice: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": "one"}
    assert (await alice.post(JOBS, json={}, headers=headers)).status_code == 422
    assert (await alice.post(JOBS, json={"meetingUrl": LINK}, headers=headers)).status_code == 201


async def test_a_key_of_repeats_takes_nothing_from_what_strangers_may_ask(
    stranger: httpx2.AsyncClient,
) -> None:
    """Clients put the key on every POST; what needs no credentials has its body all the same."""
    begun = await stranger.post(
        "/api/v1/cli-auth/init", json={"clientName": "meetbot on laptop"}, headers={"Idempotency-Key": "one"}
    )
    assert begun.status_code == 201
    unknown = {"email": "nobody@example.com", "password": "wrong wrong wrong"}
    answer = await stranger.post("/v1/auth/login", json=unknown, headers={"Idempotency-Key": "two"})
    assert answer.status_code == 401


async def test_two_at_once_under_one_key_make_one_job(alice: httpx2.AsyncClient) -> None:
    posts = [
        alice.post(JOBS, json={"meetingUrl": LINK}, headers={"Idempotency-Key": "one"}) for _ in range(6)
    ]
    statuses = {answer.status_code for answer in await asyncio.gather(*posts)}
    assert 201 in statuses
    assert statuses <= {201, 409}
    assert (await alice.get(JOBS)).json()["total"] == 1


async def test_keys_of_repeats_belong_to_their_user(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    headers = {"Idempotency-Key": "one"}
    first = await alice.post(JOBS, json={"meetingUrl": LINK}, headers=headers)
    second = await bob.post(JOBS, json={"meetingUrl": LINK}, headers=headers)
    assert first.json()["id"] != second.json()["id"]


async def test_a_limited_key_gets_no_answer_that_another_key_was_given(
    stage: WebStage, alice: httpx2.AsyncClient
) -> None:
    wish = {"meetingUrl": LINK}
    await alice.post(JOBS, json=wish, headers={"Idempotency-Key": "one"})
    reader = await stage.client(stage.key("alice@example.com", scopes=("read",)))
    answer = await reader.post(JOBS, json=wish, headers={"Idempotency-Key": "one"})
    assert (answer.status_code, "id" in answer.json()) == (403, False)


async def test_an_answer_is_kept_for_a_day(stage: WebStage, alice: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": "one"}
    first = await alice.post(JOBS, json={"meetingUrl": LINK}, headers=headers)
    stage.clock.ahead = timedelta(hours=25)
    second = await alice.post(JOBS, json={"meetingUrl": LINK}, headers=headers)
    assert first.json()["id"] != second.json()["id"]


async def test_a_read_that_has_not_changed_has_no_body(alice: httpx2.AsyncClient) -> None:
    job = (await alice.post(JOBS, json={"meetingUrl": LINK})).json()
    first = await alice.get(f"{JOBS}/{job['id']}")
    same = await alice.get(f"{JOBS}/{job['id']}", headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    other = await alice.get(f"{JOBS}/{job['id']}", headers={"If-None-Match": '"old"'})
    assert other.status_code == 200
    head = await alice.head(f"{JOBS}/{job['id']}")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", first.headers["etag"])


async def test_every_answer_is_named_and_safe(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get("/healthz", headers={"X-Request-ID": "my-id.1"})
    assert answer.headers["x-request-id"] == "my-id.1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    replaced = await stranger.get("/healthz", headers={"X-Request-ID": "bad id\twith tabs"})
    assert replaced.headers["x-request-id"] != "bad id\twith tabs"


async def test_other_origins_are_let_in_by_setting_only(tmp_path: Path) -> None:
    origin = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}
    async with WebStage(tmp_path, cors_origins=("https://app.example.com",)) as stage:
        client = await stage.client()
        allowed = await client.options(JOBS, headers=origin)
        assert allowed.headers["access-control-allow-origin"] == "https://app.example.com"
        assert "Range" in allowed.headers["access-control-allow-headers"]
        refused = await client.options(JOBS, headers=origin | {"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in refused.headers


async def test_requests_are_written_down_without_ids_or_secrets(
    stage: WebStage, alice: httpx2.AsyncClient
) -> None:
    await alice.get(f"{JOBS}/job_unknown?token=secret")
    await stage.desk.request_book.flush()
    with stage.database.read() as session:
        line = session.exec(select(RequestLine)).one()
        key = session.exec(select(ApiKey)).one()
    assert (line.method, line.route, line.status) == ("GET", "/api/v1/jobs/{job_id}", 404)
    assert (line.key_id, key.last_used_at is not None) == (key.id, True)


async def test_a_failure_of_the_server_tells_nothing(stage: WebStage, alice: httpx2.AsyncClient) -> None:
    with stage.database.write() as session:
        session.connection().exec_driver_sql("DROP TABLE jobevent")
    job = await alice.post(JOBS, json={"meetingUrl": LINK})
    assert job.status_code in {500, 503}
    assert "jobevent" not in job.text


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "one"}], ids=["bare", "once"])
async def test_a_client_that_goes_in_the_middle_is_no_failure_of_the_server(
    stage: WebStage, headers: dict[str, str]
) -> None:
    path = JOBS if headers else "/webhooks/stripe"
    given = {"Host": "x", "Content-Length": "10", "Authorization": f"Bearer {stage.key('eve@example.com')}"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in (given | headers).items())
    with structlog.testing.capture_logs() as told:
        _, writer = await asyncio.open_connection("127.0.0.1", int(stage.url.rpartition(":")[2]))
        writer.write(f"POST {path} HTTP/1.1\r\n{lines}\r\n12345".encode())
        await writer.drain()
        writer.close()
        async with asyncio.timeout(30):
            while not any(line["event"] == "request" for line in told):
                await asyncio.sleep(0.01)
    assert "request.left" in {line["event"] for line in told}
    assert "error" not in {line["log_level"] for line in told}
