from datetime import timedelta

import pytest

from agent.lifecycle.transition import advance
from agent.model.states import State
from agent.model.tables import Endpoint
from agent.store import jobs
from tests.bots_stage import HookReceiver
from tests.web_stage import LINK

pytestmark = pytest.mark.asyncio(loop_scope="module")
ADDRESS = "https://hooks.example.com/meetbot"


async def mine(stage, address):
    return await stage.client(stage.key(address))


async def made(client, url=ADDRESS, **wish):
    answer = await client.post("/v1/webhooks", json={"url": url} | wish)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def bot_moves(stage, client, *states):
    body = {"meetingInfo": {"platform": "google", "meetingUrl": LINK}}
    bot = (await client.post("/v1/bots", json=body)).json()
    with stage.database.write() as session:
        job = jobs.get(session, bot["id"])
        for state in states or (State.QUEUED, State.JOINING):
            advance(session, stage.engine, job, state, stage.clock.now())
    return bot


async def test_a_webhook_is_made_read_changed_and_deleted(stage, address):
    client = await mine(stage, address)
    hook = await made(client, events=["bot.joined"])
    assert hook["secret"].startswith("whsec_")
    assert (hook["family"], hook["enabled"]) == ("bots", True)
    path = f"/v1/webhooks/{hook['id']}"
    shown = (await client.get(path)).json()
    assert "secret" not in shown
    changed = (await client.patch(path, json={"events": ["bot.left"], "enabled": False})).json()
    assert (changed["events"], changed["enabled"], changed["disabledReason"]) == (["bot.left"], False, None)
    assert (await client.get("/v1/webhooks")).json()["total"] == 1
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    assert (await client.get("/v1/webhooks")).json()["webhooks"] == []


async def test_the_family_follows_from_the_events(stage, address):
    client = await mine(stage, address)
    assert (await made(client, events=["job.failed"]))["family"] == "jobs"
    assert (await made(client))["family"] == "bots"


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"url": "no address"},
        {"url": "ftp://hooks.example.com"},
        {"url": "https://user:pass@hooks.example.com"},
        {"url": ADDRESS, "events": ["bot.danced"]},
        {"url": ADDRESS, "events": ["job.failed"], "family": "bots"},
        {"url": ADDRESS, "version": 3},
        {"url": ADDRESS, "more": 1},
    ],
)
async def test_a_bad_webhook_is_refused(stage, address, wish):
    client = await mine(stage, address)
    assert (await client.post("/v1/webhooks", json=wish)).status_code == 422


async def test_an_unknown_event_is_refused_in_a_change_too(stage, address):
    client = await mine(stage, address)
    hook = await made(client)
    answer = await client.patch(f"/v1/webhooks/{hook['id']}", json={"events": ["job.failed"]})
    assert answer.status_code == 422
    assert "bot.joined" in answer.json()["detail"]


async def test_a_test_is_sent_now_and_its_answer_told(stage, address):
    client = await mine(stage, address)
    async with HookReceiver() as receiver:
        hook = await made(client, receiver.url)
        tried = (await client.post(f"/v1/webhooks/{hook['id']}/test")).json()
        receiver.status = 500
        failed = (await client.post(f"/v1/webhooks/{hook['id']}/test")).json()
    assert (tried["success"], tried["statusCode"], tried["responseBody"]) == (True, 200, "thanks")
    assert (failed["success"], failed["statusCode"]) == (False, 500)
    headers, body = receiver.got[0]
    assert body["event"] == "webhook.test"
    assert receiver.verified(headers, hook["secret"])
    sent = (await client.get(f"/v1/webhooks/{hook['id']}/deliveries")).json()
    assert [(one["event"], one["state"]) for one in sent["deliveries"]] == [
        ("webhook.test", "failed"),
        ("webhook.test", "done"),
    ]


async def test_a_receiver_that_is_not_there_is_told_as_such(stage, address):
    client = await mine(stage, address)
    hook = await made(client, "http://127.0.0.1:9/nobody")
    tried = (await client.post(f"/v1/webhooks/{hook['id']}/test")).json()
    assert (tried["success"], tried["statusCode"]) == (False, 0)
    assert tried["error"]


async def test_only_wanted_events_arrive_and_every_try_is_shown(stage, address):
    client = await mine(stage, address)
    async with HookReceiver() as receiver:
        hook = await made(client, receiver.url, events=["bot.deploying"])
        bot = await bot_moves(stage, client, State.QUEUED, State.JOINING, State.WAITING)

        async def sent():
            return (await client.get(f"/v1/webhooks/{hook['id']}/deliveries?state=done")).json()["deliveries"]

        only = (await stage.until(sent))[0]
    assert (only["event"], only["botId"]) == ("bot.deploying", bot["id"])
    assert [(tried["number"], tried["status"]) for tried in only["attempts"]] == [(1, 200)]
    assert len(receiver.got) == 1


async def test_a_rotated_secret_signs_beside_the_old_one(stage, address):
    client = await mine(stage, address)
    async with HookReceiver() as receiver:
        hook = await made(client, receiver.url)
        path = f"/v1/webhooks/{hook['id']}"
        rotated = (await client.post(f"{path}/rotate-secret")).json()
        assert rotated["secret"] != hook["secret"]
        assert rotated["liveSecrets"] == 2
        await client.post(f"{path}/test")
        headers, _ = receiver.got[0]
        assert receiver.verified(headers, rotated["secret"])
        assert len(headers["webhook-signature"].split()) == 2
        alone = (await client.post(f"{path}/rotate-secret", json={"retireOld": True})).json()
    assert alone["liveSecrets"] == 1


async def test_a_delivery_that_is_done_is_sent_again_under_its_id(stage, address):
    client = await mine(stage, address)
    async with HookReceiver() as receiver:
        hook = await made(client, receiver.url)
        await bot_moves(stage, client)
        path = f"/v1/webhooks/{hook['id']}/deliveries"

        async def done():
            return (await client.get(f"{path}?state=done")).json()["deliveries"]

        first = (await stage.until(done))[0]
        again = await client.post(f"{path}/{first['id']}/resend")
        assert (again.status_code, again.json()["state"]) == (202, "due")

        async def twice():
            found = await done()
            return found and len(found[0]["attempts"]) == 2

        await stage.until(twice)
        assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
        assert (await client.post(f"{path}/dlv_{'0' * 26}/resend")).status_code == 404
        assert (await client.post(f"{path}/nonsense/resend")).status_code == 422


async def test_what_a_broken_webhook_missed_is_held_and_replayed(stage, address):
    client = await mine(stage, address)
    before = (stage.clock.now() - timedelta(minutes=1)).isoformat()
    async with HookReceiver(status=410) as receiver:
        hook = await made(client, receiver.url, events=["bot.deploying"])
        path = f"/v1/webhooks/{hook['id']}"
        await bot_moves(stage, client)

        async def turned_off():
            return not (await client.get(path)).json()["enabled"]

        await stage.until(turned_off)
        assert "410" in (await client.get(path)).json()["disabledReason"]
        await bot_moves(stage, client)
        states = [one["state"] for one in (await client.get(f"{path}/deliveries")).json()["deliveries"]]
        assert states == ["held", "failed"]
        replay = {"since": before}
        assert (await client.post(f"{path}/replay", json=replay)).status_code == 409
        receiver.status = 200
        assert (await client.patch(path, json={"enabled": True})).json()["disabledReason"] is None
        assert (await client.post(f"{path}/replay", json=replay)).json() == {"queued": 2}

        async def all_done():
            found = (await client.get(f"{path}/deliveries?state=done")).json()
            return found["total"] == 2

        await stage.until(all_done)
        assert (await client.post(f"{path}/replay", json=replay)).json() == {"queued": 0}

    async def told():
        return stage.post.to(address)

    mail = (await stage.until(told))[0]
    assert b"turned off" in mail.raw


async def test_somebody_elses_webhook_is_missing(stage, address):
    hook = await made(await mine(stage, address))
    other = await mine(stage, f"other-{address}")
    path = f"/v1/webhooks/{hook['id']}"
    for method, where, body in [
        ("GET", "", None),
        ("PATCH", "", {"enabled": False}),
        ("DELETE", "", None),
        ("POST", "/test", None),
        ("POST", "/rotate-secret", None),
        ("GET", "/deliveries", None),
        ("POST", "/replay", {"since": "2026-01-01T00:00:00Z"}),
    ]:
        assert (await other.request(method, path + where, json=body)).status_code == 404, where


async def test_webhooks_of_the_configuration_are_nobodys_to_change(stage, address):
    client = await mine(stage, address)
    with stage.database.write() as session:
        row = Endpoint(origin="config", url=ADDRESS, created_at=stage.clock.now())
        session.add(row)
        session.flush()
        number = row.id
    assert (await client.get(f"/v1/webhooks/{number}")).status_code == 404


async def test_an_event_that_is_named_twice_counts_once(stage, address):
    client = await stage.client(stage.key(address))
    body = {"url": "http://127.0.0.1:9/x", "events": ["bot.left", "bot.joined", "bot.left"]}
    assert (await client.post("/v1/webhooks", json=body)).json()["events"] == ["bot.left", "bot.joined"]
