"""What is sent against what is described: the bodies of the bots family, from the timeline to the wire."""

import json
from datetime import UTC, datetime

import pytest

from agent.delivery import payloads
from agent.model.letter import Notice
from agent.model.states import Told
from agent.rules import hook_events, lifecycle
from agent.rules.bot_events import hooks_of_line
from agent.web.events import bots, jobs, name_of

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
FACTS = {"meetingTitle": "Weekly planning", "platform": "google"}
DESCRIBED = {name_of(kind): kind for kind in bots.KINDS}
LINES = [
    (Told.STATE_CHANGED, {"from": source.value, "to": target.value, "end_reason": "everyone_left"})
    for source, targets in lifecycle.TABLE.items()
    for target in sorted(targets)
] + [
    (Told.BROWSER_OPEN, {}),
    (Told.PARTICIPANT_JOINED, {"name": "Host Person"}),
    (Told.PARTICIPANT_LEFT, {"name": "Host Person"}),
    (Told.RECORDING_READY, {"durationSeconds": 12.5, "fileSizeBytes": 2048}),
]
SENT = [(event, data) for kind, line in LINES for event, data in hooks_of_line(kind, line, FACTS)]


def body(event, data, family="bots"):
    notice = Notice("dlv_1", family, event, data, NOW, NOW, 1, "https://hooks.example.com/", (), bot_id=7)
    return json.loads(payloads.body(notice))


def test_every_event_that_a_webhook_may_ask_for_is_described():
    assert set(DESCRIBED) == set(hook_events.FAMILIES["bots"])
    assert {name_of(kind) for kind in jobs.KINDS} == set(hook_events.FAMILIES["jobs"])


def test_every_event_is_sent_by_some_line_of_the_timeline():
    assert {event for event, _ in SENT} == set(DESCRIBED)


@pytest.mark.parametrize(("event", "data"), SENT, ids=[f"{event}-{n}" for n, (event, _) in enumerate(SENT)])
def test_what_is_sent_is_what_is_described(event, data):
    sent = body(event, data)
    read = DESCRIBED[event].model_validate(sent)
    assert json.loads(read.model_dump_json(exclude_unset=True))["data"] == sent["data"]
    assert set(sent) == set(DESCRIBED[event].model_fields)


@pytest.mark.parametrize(
    ("family", "kind"), [("bots", bots.BotWebhookTest), ("jobs", jobs.JobWebhookTest)], ids=["bots", "jobs"]
)
def test_a_test_is_described_too(family, kind):
    sent = body("webhook.test", {"message": "This is a test; nothing happened."}, family)
    assert kind.model_validate(sent).data == sent["data"]
