import itertools

import pytest

from agent.model.states import State, Told
from agent.rules import bot_events, lifecycle
from agent.rules.bot_events import BotStatus, EventCode, Happening, hooks_of_line, log_line, of_line

FACTS = {"meetingTitle": "Weekly", "platform": "google"}
MOVES = [(source, target) for source, targets in lifecycle.TABLE.items() for target in sorted(targets)]


def moved(source, target, **more):
    return hooks_of_line(Told.STATE_CHANGED, {"from": source.value, "to": target.value, **more}, FACTS)


def names(*states, **more):
    return [
        event for source, target in itertools.pairwise(states) for event, _ in moved(source, target, **more)
    ]


def test_a_whole_visit_is_told_in_order():
    told = names(
        State.SCHEDULED,
        State.QUEUED,
        State.JOINING,
        State.WAITING,
        State.IN_CALL,
        State.RECORDING,
        State.FINALIZING,
        State.COMPLETED,
    )
    assert told == [
        "bot.deploying",
        "bot.in_waiting_room",
        "bot.joined",
        "recording.started",
        "recording.stopped",
        "bot.left",
    ]


def test_a_pause_of_the_capture_is_no_second_joining():
    assert names(State.IN_CALL, State.RECORDING, State.IN_CALL) == ["recording.started", "recording.stopped"]


def test_a_failure_is_told_with_its_code():
    line = {"failure_code": "lobby_timeout", "detail": "nobody opened"}
    assert moved(State.WAITING, State.FAILED, **line) == [
        (
            "bot.error",
            {"error": "nobody opened", "code": "WAITING_ROOM_TIMEOUT", "failure_code": "lobby_timeout"},
        )
    ]
    removed = names(State.IN_CALL, State.FAILED, failure_code="removed_from_meeting")
    assert removed == ["bot.left", "bot.error"]


def test_cancelling_a_bot_that_never_went_is_no_news():
    assert names(State.SCHEDULED, State.CANCELLED) == []
    assert names(State.IN_CALL, State.CANCELLED) == ["bot.left"]


@pytest.mark.parametrize(("source", "target"), MOVES, ids=lambda state: state.value)
def test_every_legal_move_has_an_event_a_log_line_and_known_hooks(source, target):
    line = {"from": source.value, "to": target.value, "failure_code": "internal_error"}
    assert isinstance(of_line(Told.STATE_CHANGED, line).code, EventCode)
    assert log_line(Told.STATE_CHANGED, line).message.startswith(f"{source} → {target}")
    assert {event for event, _ in moved(source, target, failure_code="internal_error")} <= set(
        bot_events.HOOK_EVENTS
    )


@pytest.mark.parametrize("kind", [kind for kind in Told if kind is not Told.STATE_CHANGED], ids=str)
def test_every_kind_of_line_can_be_told(kind):
    assert isinstance(of_line(kind, {"name": "Host Person"}).code, EventCode)
    line = log_line(kind, {"detail": "why"})
    assert line.level in {"info", "warning"}
    assert line.message.endswith("why")
    for event, _ in hooks_of_line(kind, {}, FACTS):
        assert event in bot_events.HOOK_EVENTS


def test_people_are_told_by_name():
    joined = of_line(Told.PARTICIPANT_JOINED, {"name": "Host Person", "key": "p1"})
    assert (joined.code, joined.data) == (Happening.PARTICIPANT_JOIN, {"participantName": "Host Person"})
    left = hooks_of_line(Told.PARTICIPANT_LEFT, {"name": "Host Person"}, FACTS)
    assert left == [("participant.left", {"participantName": "Host Person"})]


def test_a_joining_bot_is_deploying_until_its_page_is_open():
    assert bot_events.status(State.JOINING, page_open=False) is BotStatus.DEPLOYING
    assert bot_events.status(State.JOINING, page_open=True) is BotStatus.JOINING_CALL
    assert bot_events.status(State.IN_CALL, page_open=True) is BotStatus.IN_CALL


def test_every_state_has_a_status():
    assert set(bot_events.STATUS) == set(State)
