import email
import email.policy
import re
from datetime import timedelta

import jwt
import pytest
from argon2 import PasswordHasher, extract_parameters

from agent.lifecycle.people import signing_key
from agent.lifecycle.people.enrolment import FORGOT_SECONDS
from agent.rules import tokens

pytestmark = pytest.mark.asyncio(loop_scope="module")
PASSWORD = "correct horse battery"


async def register(stage, address, **more):
    guest = await stage.stranger()
    body = {"email": address, "password": PASSWORD, "name": "Host Person"} | more
    return await guest.post("/v1/auth/register", json=body)


async def login(stage, address, password=PASSWORD, client=None):
    guest = client or await stage.stranger()
    return await guest.post("/v1/auth/login", json={"email": address, "password": password})


def bearer(answer):
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def mailed(stage, address, number=1):
    """Wait for the number-th mail to an address, and return the proof in it."""

    async def arrived():
        return stage.post.to(address)[number - 1 :]

    mail = email.message_from_bytes((await stage.until(arrived))[0].raw, policy=email.policy.default)
    text = mail.get_body(("plain",)).get_content()
    found = re.search(r"token=([\w-]+)", text)
    return found.group(1) if found else text


async def test_registering_signs_in_and_tells_who_one_is(stage, address):
    made = await register(stage, address.upper())
    assert made.status_code == 201
    assert made.json()["token_type"] == "bearer"
    assert made.json()["expires_in"] == 900
    guest = await stage.stranger()
    me = (await guest.get("/v1/users/me", headers=bearer(made))).json()
    assert (me["email"], me["name"], me["emailVerified"]) == (address, "Host Person", False)


async def test_the_other_base_is_the_same_api(stage, address):
    made = await register(stage, address)
    guest = await stage.stranger()
    answer = await guest.post("/api/v1/auth/login", json={"email": address, "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["user_id"] == made.json()["user_id"]


async def test_an_address_that_is_taken_registers_with_the_same_answer_and_gains_nothing(stage, address):
    stage.user(address)
    stage.finished(address)
    again = await register(stage, address)
    fresh = await register(stage, f"new-{address}")
    assert again.status_code == fresh.status_code == 201
    assert again.json().keys() == fresh.json().keys()
    guest = await stage.stranger()
    assert (await guest.get("/v1/bots", headers=bearer(again))).json()["total"] == 0
    assert "account already" in await mailed(stage, address)


async def test_a_confirmed_address_brings_the_meetings_it_was_invited_to(stage, address):
    job = stage.finished(stage.user(f"other-{address}").email, inviter=address, user_id=None)
    made = await register(stage, address)
    guest = await stage.stranger()
    path = f"/v1/bots/{job.id}"
    assert (await guest.get(path, headers=bearer(made))).status_code == 404
    proof = await mailed(stage, address)
    assert (
        await guest.post("/v1/auth/verify", json={"token": proof, "password": PASSWORD})
    ).status_code == 200
    assert (await guest.get(path, headers=bearer(made))).status_code == 200
    assert (await guest.get("/v1/bots", headers=bearer(made))).json()["total"] == 1
    assert (
        await guest.post("/v1/auth/verify", json={"token": proof, "password": PASSWORD})
    ).status_code == 422


async def test_an_account_that_a_stranger_made_gets_no_meetings_by_a_click_in_the_mail(stage, address):
    job = stage.finished(stage.user(f"other-{address}").email, inviter=address, user_id=None)
    made = await register(stage, address, password="the attacker's own")
    proof = await mailed(stage, address)
    guest = await stage.stranger()
    for _ in range(10):
        wrong = await guest.post("/v1/auth/verify", json={"token": proof, "password": PASSWORD})
        assert wrong.status_code == 422
    assert "do nothing" in wrong.json()["detail"]
    assert (await guest.post("/proof/verify", data={"token": proof, "password": PASSWORD})).status_code == 429
    assert (await guest.get(f"/v1/bots/{job.id}", headers=bearer(made))).status_code == 404


async def test_an_address_belongs_to_who_proves_it_first(stage, address):
    first = await register(stage, address, password="the attacker's own")
    second = await register(stage, address)
    proof = await mailed(stage, address, 2)
    guest = await stage.stranger()
    assert (
        await guest.post("/v1/auth/verify", json={"token": proof, "password": PASSWORD})
    ).status_code == 200
    assert (await guest.get("/v1/users/me", headers=bearer(second))).json()["emailVerified"]
    stale = await mailed(stage, address, 1)
    assert (
        await guest.post("/v1/auth/verify", json={"token": stale, "password": "the attacker's own"})
    ).status_code == 422
    assert not (await guest.get("/v1/users/me", headers=bearer(first))).json()["emailVerified"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"email": "no-address", "password": PASSWORD}, 422),
        ({"email": "a@example.com", "password": "short"}, 422),
        ({"email": "a@example.com", "password": "password1234567890" * 20}, 422),
        ({"email": "a@example.com", "password": "12345678"}, 422),
        ({"email": "a@example.com", "password": PASSWORD, "more": 1}, 422),
    ],
)
async def test_a_bad_registration_is_told_what_is_wrong(stage, body, status):
    guest = await stage.stranger()
    answer = await guest.post("/v1/auth/register", json=body)
    assert answer.status_code == status
    assert answer.json()["detail"]


async def test_a_body_that_is_no_json_is_a_bad_request(stage):
    guest = await stage.stranger()
    headers = {"Content-Type": "application/json"}
    assert (await guest.post("/v1/auth/login", content=b"{", headers=headers)).status_code == 400


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(stage, address):
    await register(stage, address)
    wrong = await login(stage, address, "something else entirely")
    unknown = await login(stage, f"nobody-{address}")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.headers["WWW-Authenticate"] == "Bearer"


async def test_signing_in_costs_as_much_for_an_unknown_address(stage, address, monkeypatch):
    await register(stage, address)
    checked = []
    verify = PasswordHasher.verify
    monkeypatch.setattr(
        PasswordHasher,
        "verify",
        lambda *given: (checked.append(extract_parameters(given[1])), verify(*given))[1],
    )
    assert (await login(stage, address, "wrong password")).status_code == 401
    known, checked[:] = list(checked), []
    assert (await login(stage, f"nobody-{address}", "wrong password")).status_code == 401
    assert known == checked != []


async def test_guessing_locks_out_for_a_while_and_only_the_guesser(stage, address):
    await register(stage, address)
    guesser = await stage.stranger()
    answers = [(await login(stage, address, f"guess {n}", guesser)).status_code for n in range(6)]
    assert answers == [401] * 5 + [429]
    locked = await login(stage, address, PASSWORD, guesser)
    assert locked.status_code == 429
    assert 0 < int(locked.headers["Retry-After"]) <= 900
    assert (await login(stage, address)).status_code == 200
    stage.clock.ahead += timedelta(minutes=16)
    assert (await login(stage, address, PASSWORD, guesser)).status_code == 200


async def test_signing_in_rightly_costs_no_tries(stage, address):
    await register(stage, address)
    client = await stage.stranger()
    assert [(await login(stage, address, client=client)).status_code for _ in range(7)] == [200] * 7


async def test_refreshing_rotates_and_a_used_token_that_returns_ends_the_sign_in(stage, address):
    made = await register(stage, address)
    guest = await stage.stranger()

    async def refresh(text):
        return await guest.post("/v1/auth/refresh", json={"refresh_token": text})

    first = made.json()["refresh_token"]
    second = (await refresh(first)).json()["refresh_token"]
    assert second != first
    assert (await refresh(first)).json()["refresh_token"] == second, "two tabs may ask at once"
    stage.clock.ahead += timedelta(seconds=11)
    assert (await refresh(first)).status_code == 401
    assert (await refresh(second)).status_code == 401
    assert (await guest.get("/v1/users/me", headers=bearer(made))).status_code == 401


async def test_an_older_generation_is_never_in_grace(stage, address):
    made = await register(stage, address)
    guest = await stage.stranger()
    text = first = made.json()["refresh_token"]
    for _ in range(2):
        answer = await guest.post("/v1/auth/refresh", json={"refresh_token": text})
        text = answer.json()["refresh_token"]
    assert (await guest.post("/v1/auth/refresh", json={"refresh_token": first})).status_code == 401
    assert (await guest.post("/v1/auth/refresh", json={"refresh_token": text})).status_code == 401


async def test_logging_out_ends_both_tokens(stage, address):
    made = await register(stage, address)
    guest = await stage.stranger()
    assert (await guest.post("/v1/auth/logout", headers=bearer(made))).status_code == 204
    assert (await guest.get("/v1/users/me", headers=bearer(made))).status_code == 401
    body = {"refresh_token": made.json()["refresh_token"]}
    assert (await guest.post("/v1/auth/refresh", json=body)).status_code == 401
    assert (await guest.post("/v1/auth/logout", headers=bearer(made))).status_code == 401


async def test_an_api_key_cannot_log_out(stage, address):
    client = await stage.client(stage.key(address))
    assert (await client.post("/v1/auth/logout")).status_code == 422


async def test_an_access_token_expires(stage, address):
    made = await register(stage, address)
    guest = await stage.stranger()
    stage.clock.ahead += timedelta(minutes=15, seconds=1)
    answer = await guest.get("/v1/users/me", headers=bearer(made))
    assert answer.status_code == 401
    assert "expired" in answer.json()["detail"]


async def test_forged_tokens_are_refused(stage, address):
    made = (await register(stage, address)).json()["access_token"]
    key = signing_key.load(stage.house.habits.data_dir, "")
    good = jwt.decode(made, options={"verify_signature": False})
    typed = {"typ": tokens.TYPE}
    forged = [
        jwt.encode(good, "", algorithm="none", headers=typed),
        jwt.encode(good, b"x" * 32, algorithm="HS256", headers=typed),
        jwt.encode(good, key, algorithm="HS256", headers={"typ": "JWT"}),
        jwt.encode(good, key * 2, algorithm="HS512", headers=typed),
        jwt.encode(good | {"aud": "another"}, key, algorithm="HS256", headers=typed),
        jwt.encode(good | {"iss": "https://evil.example"}, key, algorithm="HS256", headers=typed),
        jwt.encode(good | {"sid": "01UNKNOWN"}, key, algorithm="HS256", headers=typed),
        jwt.encode(good | {"exp": "soon"}, key, algorithm="HS256", headers=typed),
        *[
            jwt.encode(
                {name: value for name, value in good.items() if name != missing},
                key,
                algorithm="HS256",
                headers=typed,
            )
            for missing in tokens.REQUIRED
        ],
        made[:-3] + "abc",
        "..",
        "a.b.c",
        "mb_live_x.y.z",
    ]
    guest = await stage.stranger()
    for text in forged:
        answer = await guest.get("/v1/users/me", headers={"Authorization": f"Bearer {text}"})
        assert answer.status_code == 401, text


async def test_a_changed_password_ends_every_other_sign_in(stage, address):
    made, other = await register(stage, address), await login(stage, address)
    guest = await stage.stranger()
    body = {"currentPassword": PASSWORD, "newPassword": "an even better one"}
    wrong = body | {"currentPassword": "not it at all"}
    path = "/v1/users/me/password"
    assert (await guest.post(path, json=wrong, headers=bearer(made))).status_code == 403
    assert (await guest.post(path, json=body, headers=bearer(made))).status_code == 204
    assert (await guest.get("/v1/users/me", headers=bearer(made))).status_code == 200
    assert (await guest.get("/v1/users/me", headers=bearer(other))).status_code == 401
    assert (await login(stage, address)).status_code == 401
    assert (await login(stage, address, "an even better one")).status_code == 200


async def test_a_forgotten_password_is_reset_by_mail_and_asking_tells_nothing(stage, address):
    stage.user(address)
    guest = await stage.stranger()
    answers = [
        await guest.post("/v1/auth/forgot", json={"email": one}) for one in (address, f"nobody-{address}")
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    proof = await mailed(stage, address)
    body = {"token": proof, "password": "chosen by mail now"}
    assert (await guest.post("/v1/auth/reset", json=body | {"password": "short"})).status_code == 422
    assert (await guest.post("/v1/auth/reset", json=body)).status_code == 204
    assert (await guest.post("/v1/auth/reset", json=body)).status_code == 422
    assert (await login(stage, address, "chosen by mail now")).status_code == 200


async def test_asking_for_a_new_password_takes_as_long_for_an_unknown_address(stage, address, monkeypatch):
    waits = []

    async def note(seconds):
        waits.append(seconds)

    monkeypatch.setattr(stage.clock, "sleep", note)
    stage.user(address)
    guest = await stage.stranger()
    for asked in (address, f"nobody-{address}"):
        assert (await guest.post("/v1/auth/forgot", json={"email": asked})).status_code == 202
    assert waits == [FORGOT_SECONDS] * 2


async def test_a_profile_is_changed(stage, address):
    made = await register(stage, address)
    guest = await stage.stranger()
    answer = await guest.patch("/v1/users/me", json={"name": " New Name "}, headers=bearer(made))
    assert answer.json()["name"] == "New Name"
    bad = await guest.patch("/v1/users/me", json={"email": "x@example.com"}, headers=bearer(made))
    assert bad.status_code == 422


async def test_a_disabled_person_is_nobody(stage, address):
    made = await register(stage, address)
    with stage.database.write() as session:
        user = next(one for one in stage.desk.accounts.users() if one.email == address)
        user.disabled = True
        session.add(user)
    guest = await stage.stranger()
    assert (await guest.get("/v1/users/me", headers=bearer(made))).status_code == 401
    assert (await login(stage, address)).status_code == 401
    body = {"refresh_token": made.json()["refresh_token"]}
    assert (await guest.post("/v1/auth/refresh", json=body)).status_code == 401


async def test_registering_too_often_from_one_address_is_refused(stage, address):
    guest = await stage.stranger()
    answers = [
        await guest.post("/v1/auth/register", json={"email": f"{n}-{address}", "password": PASSWORD})
        for n in range(6)
    ]
    assert [answer.status_code for answer in answers] == [201] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
