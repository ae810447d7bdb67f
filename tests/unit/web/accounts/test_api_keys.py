import hashlib
from datetime import timedelta

import pytest
from sqlmodel import select

from agent.model.tables import KeptAnswer

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def mine(stage, address, **facts):
    return await stage.client(stage.key(address, **facts))


async def made(client, **wish):
    return await client.post("/v1/api-keys", json={"name": "Nightly"} | wish)


async def test_a_key_is_shown_once_and_works_at_once(stage, address):
    client = await mine(stage, address)
    fresh = (await made(client)).json()
    assert fresh["key"].startswith("mb_live_")
    other = await stage.client(fresh["key"])
    listed = (await other.get("/v1/api-keys")).json()
    assert listed["total"] == 2
    mine_now = listed["apiKeys"][-1]
    assert "key" not in mine_now
    assert fresh["key"].startswith(mine_now["prefix"])
    assert fresh["key"].endswith(mine_now["last4"])


async def test_a_key_made_under_a_key_of_repeats_is_told_again_and_stands_nowhere(stage, address):
    client = await mine(stage, address)
    first, again = [
        await client.post("/v1/api-keys", json={"name": "Once"}, headers={"Idempotency-Key": address})
        for _ in range(2)
    ]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.content == first.content
    with stage.database.read() as session:
        kept = session.exec(select(KeptAnswer).where(KeptAnswer.key == address)).one()
    assert first.json()["key"].encode() not in kept.body


async def test_a_password_cannot_be_guessed_from_what_is_kept_of_its_request(stage, address):
    client = await mine(stage, address)
    body = {"currentPassword": "none", "newPassword": "correct horse battery"}
    path, headers = "/v1/users/me/password", {"Idempotency-Key": address}
    sent = await client.post(path, json=body, headers=headers)
    assert sent.status_code == 204
    with stage.database.read() as session:
        kept = session.exec(select(KeptAnswer).where(KeptAnswer.key == address)).one()
    assert kept.fingerprint != hashlib.sha256(sent.request.content).hexdigest()


async def test_a_revoked_key_is_refused_at_once(stage, address):
    client = await mine(stage, address)
    fresh = (await made(client)).json()
    other = await stage.client(fresh["key"])
    assert (await other.get("/v1/bots")).status_code == 200
    assert (await client.delete(f"/v1/api-keys/{fresh['id']}")).status_code == 204
    refused = await other.get("/v1/bots")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert (await client.get("/v1/api-keys")).json()["apiKeys"][-1]["revokedAt"]


async def test_somebody_elses_key_is_missing(stage, address):
    fresh = (await made(await mine(stage, address))).json()
    other = await mine(stage, f"other-{address}")
    assert (await other.delete(f"/v1/api-keys/{fresh['id']}")).status_code == 404
    assert (await other.get(f"/v1/api-keys/{fresh['id']}/usage")).status_code == 404


async def test_a_key_expires(stage, address):
    client = await mine(stage, address)
    at = (stage.clock.now() + timedelta(hours=1)).isoformat()
    other = await stage.client((await made(client, expiresAt=at)).json()["key"])
    assert (await other.get("/v1/bots")).status_code == 200
    stage.clock.ahead += timedelta(hours=1, seconds=1)
    assert (await other.get("/v1/bots")).status_code == 401
    assert (await made(client, expiresAt=at)).status_code == 422


async def test_a_key_makes_none_that_may_do_more_than_itself(stage, address):
    writer = await mine(stage, address, scopes=["read", "write"])
    assert (await made(writer, scopes=["intake"])).status_code == 403
    assert (await made(writer, scopes=["read"])).json()["scopes"] == ["read"]
    only_write = await mine(stage, address, scopes=["write"])
    assert (await made(only_write)).json()["scopes"] == ["write"], "no scopes would be more"
    tester = await mine(stage, address, test=True)
    assert (await made(tester)).status_code == 403
    assert (await made(tester, mode="test")).json()["key"].startswith("mb_test_")


async def test_a_key_that_expires_makes_none_that_outlives_it(stage, address):
    client = await mine(stage, address)
    soon, later = ((stage.clock.now() + timedelta(hours=hours)).isoformat() for hours in (1, 2))
    short = await stage.client((await made(client, expiresAt=soon)).json()["key"])
    assert (await made(short)).status_code == 403
    assert (await made(short, expiresAt=later)).status_code == 403
    assert (await made(short, expiresAt=soon)).status_code == 201


async def test_a_limited_key_sets_no_first_password(stage, address):
    """Signed in with it, one might do more than the key."""
    client = await mine(stage, address)
    soon = (stage.clock.now() + timedelta(hours=1)).isoformat()
    short = await stage.client((await made(client, expiresAt=soon)).json()["key"])
    only_write = await mine(stage, address, scopes=["write"])
    tester = await mine(stage, address, test=True)
    body = {"currentPassword": "none", "newPassword": "correct horse battery"}
    for limited in (short, only_write, tester):
        assert (await limited.post("/v1/users/me/password", json=body)).status_code == 403
    assert (await client.post("/v1/users/me/password", json=body)).status_code == 204


@pytest.mark.parametrize(
    "wish", [{"name": ""}, {"name": "x" * 61}, {"mode": "prod"}, {"scopes": ["admin"]}, {"more": 1}]
)
async def test_a_bad_wish_for_a_key_is_refused(stage, address, wish):
    assert (await made(await mine(stage, address), **wish)).status_code == 422


async def test_what_a_key_was_used_for_is_counted(stage, address):
    client = await mine(stage, address)
    fresh = (await made(client)).json()
    other = await stage.client(fresh["key"])
    for path in ("/v1/bots", "/v1/bots", "/v1/bots/999999"):
        await other.get(path)

    async def counted():
        found = (await client.get(f"/v1/api-keys/{fresh['id']}/usage")).json()
        return found if found["requests"] == 3 else None

    used = await stage.until(counted)
    assert (used["keyId"], used["errors"]) == (fresh["id"], 1)
    assert used["days"][0]["requests"] == 3
    assert used["days"][0]["meanMs"] >= 0
