from datetime import timedelta

import pytest

from agent.model.states import State

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def mine(stage, address):
    return await stage.client(stage.key(address))


async def test_usage_sums_what_really_happened(stage, address):
    client = await mine(stage, address)
    stage.finished(address, summary=True)
    stage.finished(
        address, words=False, state=State.FAILED.value, failure_code="lobby_timeout", admitted_at=None
    )
    used = (await client.get("/v1/users/me/usage", params={"days": 2})).json()
    assert (used["bots"], used["failed"], used["meetingMinutes"]) == (2, 1, 30.0)
    assert (used["transcripts"], used["summaries"]) == (1, 1)
    assert (used["inputTokens"], used["outputTokens"]) == (1000, 100)
    assert len(used["days"]) == 2
    assert sum(day["bots"] for day in used["days"]) == 2


async def test_usage_is_of_this_month_by_default(stage, address):
    client = await mine(stage, address)
    used = (await client.get("/v1/users/me/usage")).json()
    assert used["since"].endswith("-01T00:00:00Z")
    assert used["bots"] == 0


async def test_analytics_tell_outcomes_and_punctuality(stage, address):
    client = await mine(stage, address)
    stage.finished(address)
    late = stage.clock.now() - timedelta(minutes=50)
    stage.finished(address, join_at=late)
    stage.finished(address, state=State.FAILED.value, failure_code="lobby_timeout", admitted_at=None)
    found = (await client.get("/v1/users/me/analytics", params={"days": 3})).json()
    assert found["outcomes"] == {"everyone_left": 2, "lobby_timeout": 1}
    assert found["onTimeShare"] == round(2 / 3, 4)
    assert found["successRate"] == round(2 / 3, 4)
    assert found["averageMinutes"] == 30.0
    assert sum(share["requests"] for share in found["byKey"]) >= 0


async def test_nothing_used_is_told_as_nothing(stage, address):
    client = await mine(stage, address)
    found = (await client.get("/v1/users/me/analytics")).json()
    assert found["outcomes"] == {}
    assert found["onTimeShare"] is found["successRate"] is found["averageMinutes"] is None
    assert len(found["days"]) == 30


@pytest.mark.parametrize("days", ["0", "367", "x"])
async def test_a_span_that_is_none_is_refused(stage, address, days):
    client = await mine(stage, address)
    for what in ("usage", "analytics"):
        assert (await client.get(f"/v1/users/me/{what}?days={days}")).status_code == 422


async def test_requests_are_logged_by_template_newest_first(stage, address):
    client = await mine(stage, address)
    await client.get("/v1/bots/999999")
    await client.get("/v1/bots")
    log = (await client.get("/v1/users/me/api-logs")).json()
    assert [(line["route"], line["status"]) for line in log["logs"]] == [
        ("/v1/bots", 200),
        ("/v1/bots/{bot_id}", 404),
    ]
    failed = (await client.get("/v1/users/me/api-logs", params={"statusFrom": 400})).json()
    assert [line["status"] for line in failed["logs"]] == [404]
    assert (await client.get("/v1/users/me/api-logs", params={"keyId": 999999})).json()["total"] == 0


async def test_everybody_sees_their_own_figures_only(stage, address):
    stage.finished(stage.user(address).email)
    other = await mine(stage, f"other-{address}")
    assert (await other.get("/v1/users/me/usage", params={"days": 2})).json()["bots"] == 0
