from datetime import timedelta

import pytest

from agent.lifecycle.transition import advance
from agent.model.states import State, Told
from agent.store import jobs
from tests.bots_stage import HookReceiver
from tests.web_stage import LINK

pytestmark = pytest.mark.asyncio(loop_scope="module")
WISH = {"meetingInfo": {"platform": "google", "meetingUrl": LINK}}


async def mine(stage, address):
    return await stage.client(stage.key(address))


async def made(client, **more):
    answer = await client.post("/v1/bots", json=WISH | more)
    assert answer.status_code == 201, answer.text
    return answer.json()


def move(stage, bot_id, *states):
    """Take a bot through its life as a run would, without a browser."""
    with stage.database.write() as session:
        job = jobs.get(session, bot_id)
        for state in states:
            advance(session, stage.engine, job, state, stage.clock.now())


async def test_a_fresh_bot_waits_for_its_deployment(stage, address):
    client = await mine(stage, address)
    bot = await made(client, botDisplayName="Notes", meetingTitle="Weekly")
    assert bot["status"] == "READY_TO_DEPLOY"
    assert bot["startTime"] is None
    assert bot["meetingInfo"]["meetingId"] == "abc-defg-hij"
    assert (bot["botDisplayName"], bot["meetingTitle"], bot["recording"]) == ("Notes", "Weekly", None)
    assert stage.ran == []


async def test_deploying_sends_it_once(stage, address):
    client = await mine(stage, address)
    bot = await made(client)
    path = f"/v1/bots/{bot['id']}/deploy"
    assert (await client.post(path)).json()["status"] == "READY_TO_DEPLOY"
    again = await client.post(path)
    assert again.status_code == 409
    assert again.json()["detail"] == "The bot was deployed already."

    async def ran():
        return [arguments for name, arguments in stage.ran if name == "attend" and bot["id"] in arguments]

    await stage.until(ran)


async def test_a_start_time_plans_it_and_deploying_sends_it_early(stage, address):
    client = await mine(stage, address)
    at = (stage.clock.now() + timedelta(days=1)).isoformat()
    bot = await made(client, startTime=at)
    assert bot["startTime"]
    sent = await client.post(f"/v1/bots/{bot['id']}/deploy")
    assert sent.status_code == 200
    assert sent.json()["startTime"] < bot["startTime"]


async def test_a_start_time_may_come_later(stage, address):
    client = await mine(stage, address)
    bot = await made(client)
    at = (stage.clock.now() + timedelta(hours=2)).isoformat()
    planned = await client.patch(f"/v1/bots/{bot['id']}", json={"startTime": at})
    assert planned.json()["startTime"] is not None


async def test_a_bot_is_changed_until_it_is_deployed(stage, address):
    client = await mine(stage, address)
    bot = await made(client, automaticLeave={"waitingRoomTimeout": 30})
    change = {
        "botDisplayName": "Other",
        "meetingTitle": "New",
        "heartbeatInterval": 2000,
        "meetingInfo": {"platform": "google", "meetingId": "xyz-abcd-efg"},
        "automaticLeave": {"everyoneLeftTimeout": 5},
    }
    path = f"/v1/bots/{bot['id']}"
    changed = (await client.patch(path, json=change)).json()
    assert changed["botDisplayName"] == "Other"
    assert changed["meetingInfo"]["meetingUrl"] == "https://meet.google.com/xyz-abcd-efg"
    assert changed["heartbeatInterval"] == 2000
    leave = changed["automaticLeave"]
    assert (leave["waitingRoomTimeout"], leave["everyoneLeftTimeout"]) == (30, 5)
    await client.post(f"{path}/deploy")
    assert (await client.patch(path, json={"meetingTitle": "Late"})).status_code == 409


@pytest.mark.parametrize("platform", ["zoom", "teams"])
async def test_other_platforms_are_refused_in_words(stage, address, platform):
    client = await mine(stage, address)
    info = {"platform": platform, "meetingId": "123"}
    answer = await client.post("/v1/bots", json={"meetingInfo": info})
    assert answer.status_code == 422
    assert platform in answer.json()["detail"]
    assert "Google Meet" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, ["body", "meetingInfo"]),
        ({"meetingInfo": {}}, ["body", "meetingInfo", "platform"]),
        ({"meetingInfo": {"platform": "google", "meetingUrl": 5}}, ["body", "meetingInfo", "meetingUrl"]),
        (WISH | {"callbackUrl": "ftp://example.com"}, ["body", "callbackUrl"]),
        (WISH | {"automaticLeave": {"waitingRoomTimeout": -1}}, None),
        (WISH | {"startTime": "yesterday"}, ["body", "startTime"]),
        (WISH | {"startTime": "0001-01-01T00:00:00+14:00"}, ["body", "startTime"]),
        (WISH | {"unknown": 1}, ["body", "unknown"]),
    ],
)
async def test_a_bad_body_is_told_where_it_is_wrong(stage, address, body, place):
    client = await mine(stage, address)
    answer = await client.post("/v1/bots", json=body)
    assert answer.status_code == 422
    first = answer.json()["detail"][0]
    assert set(first) == {"loc", "msg", "type"}
    assert place is None or first["loc"] == place


@pytest.mark.parametrize(
    "link", ["", "https://zoom.us/j/123456789", "https://example.com", "https://meet.google.com/"]
)
async def test_what_is_no_meet_link_is_refused(stage, address, link):
    client = await mine(stage, address)
    answer = await client.post("/v1/bots", json={"meetingInfo": {"platform": "google", "meetingUrl": link}})
    assert answer.status_code == 422
    assert isinstance(answer.json()["detail"], str)


async def test_too_far_ahead_is_refused(stage, address):
    client = await mine(stage, address)
    at = (stage.clock.now() + timedelta(days=500)).isoformat()
    assert (await client.post("/v1/bots", json=WISH | {"startTime": at})).status_code == 422


async def test_the_same_external_id_is_the_same_bot(stage, address):
    client = await mine(stage, address)
    first = await made(client, externalId="crm-7", callbackUrl="http://127.0.0.1:9/x")
    again = await client.post("/v1/bots", json=WISH | {"externalId": "crm-7"})
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    assert again.json()["callbackSecret"] is None
    await client.delete(f"/v1/bots/{first['id']}")
    assert (await made(client, externalId="crm-7"))["id"] != first["id"]


async def test_an_idempotency_key_makes_one_bot(stage, address):
    client = await mine(stage, address)
    headers = {"Idempotency-Key": "abc"}
    first = await client.post("/v1/bots", json=WISH, headers=headers)
    again = await client.post("/v1/bots", json=WISH, headers=headers)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await client.get("/v1/bots")).json()["total"] == 1


async def test_bots_are_paged_and_filtered_by_status(stage, address):
    client = await mine(stage, address)
    numbers = [(await made(client))["id"] for _ in range(5)]
    page = (await client.get("/v1/bots", params={"page": 2, "page_size": 2})).json()
    assert (page["total"], page["page"], page["page_size"]) == (5, 2, 2)
    assert [bot["id"] for bot in page["bots"]] == numbers[::-1][2:4]
    await client.post(f"/v1/bots/{numbers[0]}/kill")
    done = (await client.get("/v1/bots", params={"status": "DONE"})).json()
    assert [bot["id"] for bot in done["bots"]] == [numbers[0]]
    assert (await client.get("/v1/bots", params={"status": "NAPPING"})).status_code == 422
    assert (await client.get("/v1/bots", params={"page_size": 101})).status_code == 422
    assert (await client.get("/v1/bots", params={"page": 0})).status_code == 422


async def test_the_status_follows_the_life_of_the_job(stage, address):
    client = await mine(stage, address)
    bot = (await made(client))["id"]

    async def shows():
        status = (await client.get(f"/v1/bots/{bot}")).json()["status"]
        listed = (await client.get("/v1/bots", params={"status": status})).json()["bots"]
        assert bot in [one["id"] for one in listed]
        return status

    move(stage, bot, State.QUEUED, State.JOINING)
    assert await shows() == "DEPLOYING"
    with stage.database.write() as session:
        jobs.note(session, jobs.get(session, bot), stage.clock.now(), Told.BROWSER_OPEN, {})
    assert await shows() == "JOINING_CALL"
    move(stage, bot, State.WAITING)
    assert await shows() == "IN_WAITING_ROOM"
    move(stage, bot, State.IN_CALL)
    assert await shows() == "IN_CALL"
    move(stage, bot, State.RECORDING)
    assert await shows() == "IN_CALL"
    move(stage, bot, State.FINALIZING)
    assert await shows() == "CALL_ENDED"
    move(stage, bot, State.COMPLETED)
    assert await shows() == "DONE"


async def test_killing_a_bot_that_is_not_there_cancels_it(stage, address):
    client = await mine(stage, address)
    bot = (await made(client))["id"]
    killed = await client.post(f"/v1/bots/{bot}/kill")
    assert (killed.status_code, killed.json()["status"]) == (200, "DONE")
    assert (await client.post(f"/v1/bots/{bot}/kill")).status_code == 409
    assert (await client.post(f"/v1/bots/{bot}/deploy")).status_code == 409


async def test_a_bot_at_work_is_not_deleted(stage, address):
    client = await mine(stage, address)
    bot = (await made(client))["id"]
    move(stage, bot, State.QUEUED, State.JOINING, State.IN_CALL)
    assert (await client.delete(f"/v1/bots/{bot}")).status_code == 409


async def test_a_deleted_bot_is_gone_with_everything_of_it(stage, address):
    client = await mine(stage, address)
    job = stage.finished(stage.user(f"o-{address}").email, recording=True, summary=True)
    owner = await stage.client(stage.key(f"o-{address}"))
    shared = (await owner.post(f"/v1/recordings/{job.id}/share")).json()
    path = stage.house.habits.data_dir / "meetings" / job.public_id / "recording.webm"
    picture = path.parent / "evidence" / "01-lost.png"
    picture.parent.mkdir()
    picture.write_bytes(b"a picture of people")
    assert path.exists()
    assert (await client.delete(f"/v1/bots/{job.id}")).status_code == 404
    assert (await owner.delete(f"/v1/bots/{job.id}")).status_code == 204
    assert not path.exists()
    assert not picture.exists()
    for gone in (f"bots/{job.id}", f"transcripts/{job.id}", f"summaries/{job.id}", f"recordings/{job.id}"):
        assert (await owner.get(f"/v1/{gone}")).status_code == 404
    assert (await owner.get(f"/share/{shared['token']}")).status_code == 404
    assert (await owner.get(f"/api/v1/jobs/{job.public_id}")).status_code == 404
    assert (await owner.get("/v1/bots")).json()["total"] == 0


async def test_logs_and_events_come_from_the_timeline(stage, address):
    job = stage.finished(stage.user(address).email)
    client = await mine(stage, address)
    logs = (await client.get(f"/v1/bots/{job.id}/logs")).json()
    assert [line["message"] for line in logs["logs"]] == [
        "The bot was created",
        "The bot asked to join",
        "joining → in_call",
        "The bot left: everyone_left",
    ]
    assert {line["level"] for line in logs["logs"]} == {"info"}
    events = (await client.get(f"/v1/bots/{job.id}/events", params={"page_size": 3})).json()
    assert events["total"] == 4
    assert [event["eventType"] for event in events["events"]] == ["LOG", "LOG", "IN_CALL"]


async def test_events_of_all_bots_are_listed_newest_first(stage, address):
    client = await mine(stage, address)
    first, second = stage.finished(address), stage.finished(address)
    everything = (await client.get("/v1/events", params={"page_size": 100})).json()
    assert everything["total"] == 8
    numbers = [event["id"] for event in everything["events"]]
    assert numbers == sorted(numbers, reverse=True)
    of_one = (await client.get("/v1/events", params={"botId": first.id})).json()
    assert {event["botId"] for event in of_one["events"]} == {first.id}
    later = (second.left_at - timedelta(seconds=1)).isoformat()
    assert (await client.get("/v1/events", params={"since": later})).json()["total"] == 2


async def test_a_bot_that_never_went_has_no_heartbeat(stage, address):
    client = await mine(stage, address)
    bot = await made(client)
    changed = await client.patch(f"/v1/bots/{bot['id']}", json={"meetingTitle": "Weekly"})
    deployed = await client.post(f"/v1/bots/{bot['id']}/deploy")
    assert [one["lastHeartbeat"] for one in (bot, changed.json(), deployed.json())] == [None] * 3
    move(stage, bot["id"], State.QUEUED, State.JOINING)
    assert (await client.get(f"/v1/bots/{bot['id']}")).json()["lastHeartbeat"]


async def test_a_heartbeat_is_remembered_while_the_bot_lives(stage, address):
    client = await mine(stage, address)
    bot = (await made(client))["id"]
    stage.clock.ahead += timedelta(minutes=1)
    beat = await client.post(f"/v1/bots/{bot}/heartbeat")
    assert beat.json()["lastHeartbeat"] == (await client.get(f"/v1/bots/{bot}")).json()["lastHeartbeat"]
    await client.post(f"/v1/bots/{bot}/kill")
    assert (await client.post(f"/v1/bots/{bot}/heartbeat")).status_code == 409


async def test_a_callback_hears_of_the_bot_signed_with_its_own_secret(stage, address):
    client = await mine(stage, address)
    async with HookReceiver() as receiver:
        bot = await made(client, callbackUrl=receiver.url, meetingTitle="Weekly")
        assert bot["callbackSecret"].startswith("whsec_")
        assert "callbackSecret" not in (await client.get(f"/v1/bots/{bot['id']}")).json()
        move(stage, bot["id"], State.QUEUED, State.JOINING, State.WAITING, State.IN_CALL)

        async def all_there():
            return len(receiver.got) >= 3

        await stage.until(all_there)
    told = {body["event"]: (headers, body) for headers, body in receiver.got}
    assert set(told) == {"bot.deploying", "bot.in_waiting_room", "bot.joined"}
    headers, body = told["bot.joined"]
    assert body["botId"] == bot["id"]
    assert body["data"] == {"meetingTitle": "Weekly", "platform": "google"}
    assert set(body) == {"event", "botId", "timestamp", "data"}
    assert receiver.verified(headers, bot["callbackSecret"])


async def test_a_test_key_sends_no_bot_to_a_real_meeting(stage, address):
    client = await stage.client(stage.key(address, test=True))
    answer = await client.post("/v1/bots", json=WISH)
    assert answer.status_code == 403
    assert "sandbox" in answer.json()["detail"]
    live = await stage.client(stage.key(address))
    bot = (await made(live))["id"]
    assert (await client.post(f"/v1/bots/{bot}/deploy")).status_code == 403


async def test_a_key_for_reading_changes_nothing(stage, address):
    bot = (await made(await mine(stage, address)))["id"]
    reader = await stage.client(stage.key(address, scopes=["read"]))
    assert (await reader.get(f"/v1/bots/{bot}")).status_code == 200
    for method, path in (("POST", f"/v1/bots/{bot}/kill"), ("DELETE", f"/v1/bots/{bot}")):
        assert (await reader.request(method, path)).status_code == 403


async def test_an_unchanged_bot_is_not_sent_again(stage, address):
    client = await mine(stage, address)
    path = f"/v1/bots/{(await made(client))['id']}"
    mark = (await client.get(path)).headers["ETag"]
    assert (await client.get(path, headers={"If-None-Match": mark})).status_code == 304


async def test_quota_headers_are_on_every_answer(stage, address):
    client = await mine(stage, address)
    answer = await client.get("/v1/bots")
    for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"):
        assert int(answer.headers[name]) >= 0


@pytest.mark.parametrize("number", ["0", "-1", "x", str(2**63)])
async def test_what_is_no_number_is_no_bot(stage, address, number):
    client = await mine(stage, address)
    assert (await client.get(f"/v1/bots/{number}")).status_code == 422
