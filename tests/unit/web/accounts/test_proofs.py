import pytest

from tests.unit.web.accounts.test_auth import PASSWORD, login, mailed, register

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_looking_at_the_link_confirms_nothing_and_the_button_does(stage, address):
    made = await register(stage, address)
    proof = await mailed(stage, address)
    guest = await stage.stranger()
    page = await guest.get("/proof/verify", params={"token": proof})
    assert page.status_code == 200
    assert proof in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    headers = {"Authorization": f"Bearer {made.json()['access_token']}"}
    assert not (await guest.get("/v1/users/me", headers=headers)).json()["emailVerified"]
    done = await guest.post("/proof/verify", data={"token": proof, "password": PASSWORD})
    assert f"{address} is confirmed" in done.text
    assert (await guest.get("/v1/users/me", headers=headers)).json()["emailVerified"]
    again = await guest.post("/proof/verify", data={"token": proof, "password": PASSWORD})
    assert (again.status_code, 'role="alert"' in again.text) == (422, True)


async def test_a_forgotten_password_is_chosen_on_a_page(stage, address):
    stage.user(address)
    guest = await stage.stranger()
    await guest.post("/v1/auth/forgot", json={"email": address})
    proof = await mailed(stage, address)
    poor = await guest.post("/proof/reset", data={"token": proof, "password": "12345678"})
    assert poor.status_code == 422
    assert proof in poor.text, "the form can be sent again"
    assert (await guest.post("/proof/reset", data={"token": proof, "password": PASSWORD})).status_code == 200
    assert (await login(stage, address)).status_code == 200


async def test_what_comes_by_the_link_is_shown_as_text(stage):
    guest = await stage.stranger()
    page = await guest.get("/proof/verify", params={"token": '"><script>alert(1)</script>'})
    assert "<script" not in page.text
    assert (await guest.get("/proof/other")).status_code == 422
