"""What is one person's is nobody else's: every operation of the description, called by others."""

import json

import pytest
import pytest_asyncio

from agent.web.publish import published
from tests.bots_stage import BotsStage
from tests.web_stage import LINK

pytestmark = pytest.mark.asyncio(loop_scope="module")
DOCUMENT = json.loads(published()["openapi.json"])
PUBLIC = {
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/v1/share/{token}"),
    ("get", "/v1/share/{token}/recording"),
    ("post", "/api/v1/cli-auth/init"),
    ("post", "/api/v1/cli-auth/poll/{nonce}"),
    ("post", "/v1/auth/forgot"),
    ("post", "/v1/auth/login"),
    ("post", "/v1/auth/refresh"),
    ("post", "/v1/auth/register"),
    ("post", "/v1/auth/reset"),
    ("post", "/v1/auth/verify"),
    ("post", "/v1/share/{token}"),
    ("post", "/webhooks/stripe"),
}
LISTS = ["/v1/bots", "/v1/recordings", "/v1/webhooks", "/v1/events", "/api/v1/jobs", "/v1/users/me/api-logs"]


def operations():
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method in {"get", "post", "patch", "put", "delete"}:
                yield method, path, operation


GUARDED = [(method, path) for method, path, _ in operations() if (method, path) not in PUBLIC]
WITH_IDS = [(method, path) for method, path in GUARDED if "{" in path]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory):
    """A person with something of every kind, and clients of others."""
    async with BotsStage(tmp_path_factory.mktemp("tenants")) as stage:
        owner = await stage.client(stage.key("owner@example.com"))
        job = stage.finished("owner@example.com", recording=True, summary=True, manifest={"files": []})
        await owner.post(f"/v1/recordings/{job.id}/share")
        hook = (await owner.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/x"})).json()
        tried = (await owner.post(f"/v1/webhooks/{hook['id']}/test")).json()
        bot = {"meetingInfo": {"platform": "google", "meetingUrl": LINK}}
        await owner.post("/v1/bots", json=bot)
        revoked_key = (await owner.post("/v1/api-keys", json={"name": "gone"})).json()
        spare = (await owner.post("/v1/api-keys", json={"name": "spare"})).json()
        await owner.delete(f"/v1/api-keys/{revoked_key['id']}")
        ids = {
            "bot_id": job.id,
            "job_id": job.public_id,
            "hook_id": hook["id"],
            "key_id": spare["id"],
            "delivery_id": tried["deliveryId"],
        }
        clients = {
            "owner": owner,
            "another": await stage.client(stage.key("another@example.com")),
            "test key": await stage.client(stage.key("third@example.com", test=True)),
            "nobody": None,
            "revoked key": await stage.client(revoked_key["key"]),
        }
        yield stage, ids, clients


def least(schema):
    """Return the least value that a schema takes, so that a body is never the reason of a refusal."""
    if "$ref" in schema:
        return least(DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    if "anyOf" in schema:
        return least(schema["anyOf"][0])
    if "examples" in schema:
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: least(schema["properties"][name]) for name in schema.get("required", [])}
    if kind == "string":
        instant = "2026-01-01T00:00:00Z"
        return instant if schema.get("format") == "date-time" else "x" * schema.get("minLength", 1)
    return {"array": [], "boolean": True, "integer": 1, "number": 1.0}[kind]


def body_of(method, path):
    content = DOCUMENT["paths"][path][method].get("requestBody", {}).get("content", {})
    return least(content["application/json"]["schema"]) if "application/json" in content else None


async def call(client, method, path, ids, base="", **facts):
    return await client.request(method, base + path.format(**ids), json=body_of(method, path), **facts)


async def test_every_operation_is_guarded_or_meant_to_be_public():
    declared = {
        (method, path) for method, path, operation in operations() if operation.get("security") in ([], None)
    }
    assert declared == PUBLIC


@pytest.mark.parametrize(("method", "path"), WITH_IDS, ids=lambda value: str(value))
@pytest.mark.parametrize("who", ["another", "test key"])
async def test_what_is_somebody_elses_is_missing(scene, method, path, who):
    _, ids, clients = scene
    answer = await call(clients[who], method, path, ids)
    assert answer.status_code == 404, answer.text


@pytest.mark.parametrize(("method", "path"), GUARDED, ids=lambda value: str(value))
@pytest.mark.parametrize("who", ["nobody", "revoked key"])
async def test_who_is_nobody_gets_nothing(scene, method, path, who):
    stage, ids, clients = scene
    client = clients[who] or await stage.stranger()
    answer = await call(client, method, path, ids)
    assert answer.status_code == 401, answer.text
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_the_owner_still_has_everything(scene):
    _, ids, clients = scene
    for method, path in WITH_IDS:
        if method == "get":
            answer = await call(clients["owner"], method, path, ids)
            assert answer.status_code == 200, f"{path}: {answer.text}"
    assert (await clients["owner"].get(f"/v1/bots/{ids['bot_id']}")).json()[
        "meetingTitle"
    ] == "Spring release"


@pytest.mark.parametrize("path", LISTS)
async def test_lists_show_nothing_of_others(scene, path):
    _, _, clients = scene
    fresh = clients["another"]
    found = (await fresh.get(path)).json()
    if path.endswith("api-logs"):
        with_owner = (await clients["owner"].get(path)).json()
        assert {row["keyId"] for row in found["logs"]}.isdisjoint(row["keyId"] for row in with_owner["logs"])
    else:
        assert found["total"] == 0
        assert (await clients["owner"].get(path)).json()["total"] > 0


async def test_the_other_base_is_guarded_alike(scene):
    _, ids, clients = scene
    for method, path in WITH_IDS:
        if path.startswith("/v1/"):
            answer = await call(clients["another"], method, path, ids, base="/api")
            assert answer.status_code == 404, path


async def test_an_operator_sees_what_is_everybodys(scene):
    stage, ids, _ = scene
    operator = await stage.client(stage.key("operator@example.com"))
    assert (await operator.get(f"/v1/bots/{ids['bot_id']}")).status_code == 200
    assert (await operator.get("/v1/bots")).json()["total"] >= 2


async def test_an_address_that_was_not_proved_opens_nothing(scene):
    stage, ids, _ = scene
    guest = await stage.stranger()
    body = {"email": "owner@example.com", "password": "correct horse battery"}
    token = (await guest.post("/v1/auth/register", json=body)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    for method, path in WITH_IDS:
        answer = await call(guest, method, path, ids, headers=headers)
        assert answer.status_code == 404, path
