"""Signing a device in, by the letter of RFC 8628; the client of another library goes through it too."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8628 import (
    DEVICE_CODE_GRANT_TYPE,
    AuthorizationPendingError,
    ExpiredTokenError,
    SlowDownError,
)
from authlib.oauth2.rfc8628.endpoint import DeviceAuthorizationEndpoint

from agent.rules import device_login
from tests.web_stage import WebStage

AUTH = "/api/v1/cli-auth"


async def begin(client: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post(f"{AUTH}/init", json=body or {"clientName": "meetbot on laptop"})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def poll(stage: WebStage, client: httpx2.AsyncClient, nonce: str, after_seconds: float = 5) -> Any:
    stage.clock.ahead += timedelta(seconds=after_seconds)
    answer = await client.post(f"{AUTH}/poll/{nonce}")
    return answer.status_code, answer.json()


async def test_a_login_begins_with_all_that_the_rfc_asks(
    stage: WebStage, stranger: httpx2.AsyncClient
) -> None:
    begun = await begin(stranger)
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", begun["user_code"])
    assert len(begun["device_code"]) >= 43, "256 bits of chance"
    assert begun["nonce"] == begun["device_code"]
    assert begun["verification_uri"] == f"{stage.url}/cli-auth"
    assert begun["user_code"] in begun["verification_uri_complete"]
    assert (begun["expires_in"], begun["interval"]) == (600, DeviceAuthorizationEndpoint.INTERVAL)


async def test_a_login_needs_no_body(stranger: httpx2.AsyncClient) -> None:
    assert (await stranger.post(f"{AUTH}/init")).status_code == 201


async def test_the_words_of_refusal_are_those_of_another_library() -> None:
    assert AuthorizationPendingError.error == device_login.Verdict.PENDING
    assert SlowDownError.error == device_login.Verdict.SLOW_DOWN
    assert ExpiredTokenError.error == device_login.Verdict.EXPIRED


async def test_an_approved_device_gets_a_key_once(
    stage: WebStage, stranger: httpx2.AsyncClient, alice: httpx2.AsyncClient
) -> None:
    begun = await begin(stranger)
    status, answer = await poll(stage, stranger, begun["nonce"], 0)
    assert (status, answer["error"], answer["interval"]) == (400, "authorization_pending", 5)
    done = await alice.post(f"{AUTH}/complete", json={"userCode": begun["user_code"]})
    assert (done.status_code, done.json()) == (200, {"status": "approved", "client": "meetbot on laptop"})
    status, answer = await poll(stage, stranger, begun["nonce"])
    assert (status, answer["token_type"], answer["email"]) == (200, "bearer", "alice@example.com")
    device = await stage.client(answer["access_token"])
    assert (await device.get("/api/v1/jobs")).status_code == 200
    assert [key.name for key in stage.desk.accounts.keys_of("alice@example.com")][-1] == "meetbot on laptop"
    status, answer = await poll(stage, stranger, begun["nonce"])
    assert (status, answer["error"]) == (400, "invalid_grant")


async def test_a_key_lets_no_device_in_that_could_do_more_than_itself(
    stage: WebStage, stranger: httpx2.AsyncClient, alice: httpx2.AsyncClient
) -> None:
    tester = await stage.client(stage.key("alice@example.com", test=True))
    soon = (stage.clock.now() + timedelta(hours=1)).isoformat()
    made = await alice.post("/v1/api-keys", json={"name": "short", "expiresAt": soon})
    short = await stage.client(made.json()["key"])
    begun = await begin(stranger)
    for limited in (tester, short):
        answer = await limited.post(f"{AUTH}/complete", json={"userCode": begun["user_code"]})
        assert answer.status_code == 403, answer.text
    assert (await poll(stage, stranger, begun["nonce"]))[1]["error"] == "authorization_pending"
    refused = {"userCode": begun["user_code"], "approve": False}
    assert (await tester.post(f"{AUTH}/complete", json=refused)).status_code == 200


async def test_another_librarys_client_signs_in(
    stage: WebStage, stranger: httpx2.AsyncClient, alice: httpx2.AsyncClient
) -> None:
    begun = await begin(stranger)

    def fetch() -> dict[str, Any]:
        with OAuth2Session(token_endpoint_auth_method="none") as session:
            session.trust_env = False
            return session.fetch_token(
                f"{stage.url}{AUTH}/poll/{begun['device_code']}",
                grant_type=DEVICE_CODE_GRANT_TYPE,
                device_code=begun["device_code"],
            )

    with pytest.raises(OAuthError, match="authorization_pending"):
        await asyncio.to_thread(fetch)
    with pytest.raises(OAuthError, match="slow_down"):
        await asyncio.to_thread(fetch)
    stage.clock.ahead += timedelta(seconds=10)
    await alice.post(f"{AUTH}/complete", json={"userCode": begun["user_code"]})
    assert (await asyncio.to_thread(fetch))["access_token"].startswith("mb_live_")


async def test_polling_too_fast_makes_the_interval_longer_for_good(
    stage: WebStage, stranger: httpx2.AsyncClient
) -> None:
    nonce = (await begin(stranger))["nonce"]
    told = [await poll(stage, stranger, nonce, after) for after in (0, 1, 1, 10, 15)]
    assert [(answer["error"], answer["interval"]) for _, answer in told] == [
        ("authorization_pending", 5),
        ("slow_down", 10),
        ("slow_down", 15),
        ("slow_down", 20),
        ("slow_down", 25),
    ]
    assert (await poll(stage, stranger, nonce, 25))[1]["error"] == "authorization_pending"


async def test_a_login_expires_after_ten_minutes(
    stage: WebStage, stranger: httpx2.AsyncClient, alice: httpx2.AsyncClient
) -> None:
    begun = await begin(stranger)
    stage.clock.ahead += timedelta(seconds=601)
    assert (await poll(stage, stranger, begun["nonce"]))[1]["error"] == "expired_token"
    late = await alice.post(f"{AUTH}/complete", json={"userCode": begun["user_code"]})
    assert late.status_code == 404


async def test_a_refused_device_is_told_so(
    stage: WebStage, stranger: httpx2.AsyncClient, alice: httpx2.AsyncClient
) -> None:
    begun = await begin(stranger)
    answer = await alice.post(
        f"{AUTH}/complete", json={"userCode": begun["user_code"].lower().replace("-", " "), "approve": False}
    )
    assert answer.json()["status"] == "denied"
    assert (await poll(stage, stranger, begun["nonce"]))[1]["error"] == "access_denied"
    again = await alice.post(f"{AUTH}/complete", json={"userCode": begun["user_code"]})
    assert again.status_code == 409, "what was decided stays decided"


async def test_a_wrong_nonce_is_told_nothing(stage: WebStage, stranger: httpx2.AsyncClient) -> None:
    assert await poll(stage, stranger, "nonsense") == (
        400,
        {
            "error": "invalid_grant",
            "error_description": "This nonce is unknown, or was used already.",
            "detail": "This nonce is unknown, or was used already.",
        },
    )


async def test_guessing_codes_locks_out(stage: WebStage, alice: httpx2.AsyncClient) -> None:
    guesses = [
        (await alice.post(f"{AUTH}/complete", json={"userCode": "BBBB-BBBB"})).status_code for _ in range(7)
    ]
    assert guesses == [404] * 5 + [429] * 2
    begun = await begin(await stage.client())
    locked = await alice.post(f"{AUTH}/complete", json={"userCode": begun["user_code"]})
    assert locked.status_code == 429
    assert int(locked.headers["retry-after"]) > 0
    stage.clock.ahead += timedelta(minutes=16)
    fresh = await begin(await stage.client())
    free = await alice.post(f"{AUTH}/complete", json={"userCode": fresh["user_code"]})
    assert free.status_code == 200


async def test_a_device_may_do_no_more_than_who_let_it_in(
    stage: WebStage, stranger: httpx2.AsyncClient
) -> None:
    writer = await stage.client(stage.key("carol@example.com", scopes=["write"]))
    begun = await begin(stranger)
    await writer.post(f"{AUTH}/complete", json={"userCode": begun["user_code"]})
    device = await stage.client((await poll(stage, stranger, begun["nonce"]))[1]["access_token"])
    assert (await device.get("/api/v1/jobs")).status_code == 403


async def test_only_a_signed_in_person_completes(stranger: httpx2.AsyncClient) -> None:
    begun = await begin(stranger)
    answer = await stranger.post(f"{AUTH}/complete", json={"userCode": begun["user_code"]})
    assert answer.status_code == 401


async def test_beginning_is_limited_by_address(stranger: httpx2.AsyncClient) -> None:
    statuses = [(await stranger.post(f"{AUTH}/init")).status_code for _ in range(12)]
    assert statuses == [201] * 10 + [429] * 2


async def test_the_page_names_client_place_and_time_and_decides_nothing(
    stage: WebStage, stranger: httpx2.AsyncClient
) -> None:
    begun = await begin(stranger, clientName="<script>alert(1)</script>")
    page = await stranger.get("/cli-auth", params={"code": begun["user_code"]})
    assert page.status_code == 200
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "127.0.0.1" in page.text
    assert f"{stage.clock.now():%Y-%m-%d %H:%M}" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (await poll(stage, stranger, begun["nonce"]))[1]["error"] == "authorization_pending"


async def test_a_click_on_the_page_lets_the_device_in(stage: WebStage, stranger: httpx2.AsyncClient) -> None:
    key = stage.key("alice@example.com")
    begun = await begin(stranger)
    form = {"code": begun["user_code"], "decision": "approve", "key": key}
    elsewhere = await stranger.post("/cli-auth", data=form, headers={"Origin": "https://evil.example"})
    assert elsewhere.status_code == 403
    nonsense = await stranger.post("/cli-auth", data=form, headers={"Origin": "http://["})
    assert nonsense.status_code == 403
    crossing = await stranger.post("/cli-auth", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert crossing.status_code == 403
    nobody = await stranger.post("/cli-auth", data=form | {"key": ""}, headers={"Origin": stage.url})
    assert (nobody.status_code, "Sign in first" in nobody.text) == (403, True)
    done = await stranger.post("/cli-auth", data=form, headers={"Origin": stage.url})
    assert (done.status_code, "signed in" in done.text) == (200, True)
    assert (await poll(stage, stranger, begun["nonce"]))[1]["email"] == "alice@example.com"


async def test_somebody_signed_in_to_the_pages_needs_no_key(
    stage: WebStage, stranger: httpx2.AsyncClient
) -> None:
    begun = await begin(stranger)
    browser = await stage.client(cookies={"meetbot": stage.key("alice@example.com")})
    page = await browser.get("/cli-auth", params={"code": begun["user_code"]})
    assert "alice@example.com" in page.text
    assert 'name="key"' not in page.text
    form = {"code": begun["user_code"], "decision": "deny"}
    await browser.post("/cli-auth", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert (await poll(stage, stranger, begun["nonce"]))[1]["error"] == "access_denied"
