import re

from tests.bots_stage import BotsStage

PASSWORD = "correct horse battery"


async def register(stage, address, **more):
    guest = await stage.stranger()
    return await guest.post("/v1/auth/register", json={"email": address, "password": PASSWORD} | more)


async def test_a_closed_server_registers_nobody(tmp_path):
    async with BotsStage(tmp_path, registration="closed") as stage:
        refused = await register(stage, "guest@example.com")
        assert refused.status_code == 403
        assert "closed" in refused.json()["detail"]


async def test_an_invite_is_good_once_and_for_its_address(tmp_path):
    async with BotsStage(tmp_path, registration="invite") as stage:
        assert (await register(stage, "guest@example.com")).status_code == 403
        operator = await stage.client(stage.key("operator@example.com"))
        other = await stage.client(stage.key("host@example.com"))
        wish = {"email": "guest@example.com"}
        assert (await other.post("/v1/auth/invitations", json=wish)).status_code == 403
        assert (await operator.post("/v1/auth/invitations", json=wish)).status_code == 202

        async def arrived():
            return stage.post.to("guest@example.com")

        raw = (await stage.until(arrived))[0].raw.decode().replace("=\n", "").replace("=\r\n", "")
        invite = re.search(r"token=(?:3D)?([\w-]{40,})", raw).group(1)
        assert (await register(stage, "else@example.com", invite=invite)).status_code == 422
        made = await register(stage, "guest@example.com", invite=invite)
        assert made.status_code == 201
        headers = {"Authorization": f"Bearer {made.json()['access_token']}"}
        guest = await stage.stranger()
        assert (await guest.get("/v1/users/me", headers=headers)).json()["emailVerified"]
        assert (await register(stage, "guest@example.com", invite=invite)).status_code == 422
        assert (await operator.post("/v1/auth/invitations", json=wish)).status_code == 409


async def test_a_caller_beyond_the_quota_waits_and_others_do_not(tmp_path):
    async with BotsStage(tmp_path, requests_per_minute=5) as stage:
        client, other = [await stage.client(stage.key(f"{name}@example.com")) for name in ("host", "guest")]
        answers = [await client.get("/v1/bots") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert [int(answer.headers["X-RateLimit-Remaining"]) for answer in answers[:5]] == [4, 3, 2, 1, 0]
        assert answers[-1].headers["X-RateLimit-Limit"] == "5"
        assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
        assert answers[-1].json()["detail"]
        assert (await other.get("/v1/bots")).status_code == 200


async def test_a_second_start_keeps_the_key_that_signs(tmp_path):
    async with BotsStage(tmp_path) as stage:
        token = (await register(stage, "guest@example.com")).json()["access_token"]
    async with BotsStage(tmp_path) as stage:
        guest = await stage.stranger()
        answer = await guest.get("/v1/users/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
    key = tmp_path / "signing.key"
    assert key.stat().st_mode & 0o777 == 0o600
