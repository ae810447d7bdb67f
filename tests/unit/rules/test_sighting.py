"""Late joiners and rivals during a call."""

import pytest

from agent.model.call import (
    Leave,
    Person,
    Record,
    Say,
    StopCapture,
    Verb,
)
from agent.model.states import EndReason
from agent.rules.conduct import Phase
from tests.unit.rules.told_call import (
    GUEST,
    HOST,
    LATE,
    RIVAL,
    Call,
    capturing,
    in_call,
    kinds,
    policy,
)

# Late joiners


def test_who_comes_late_is_told_and_several_are_told_in_one_line():
    call = capturing()
    call.roster(100, HOST, GUEST, LATE)
    call.roster(105, HOST, GUEST, LATE, Person("d/7", "Seventh Person"))
    call.roster(110, HOST, GUEST, LATE, Person("d/7", "Seventh Person"), Person("d/8", "Eighth Person"))
    assert call.purposes().count("late") == 1
    assert call.wake() == 130
    call.tick(130)
    assert call.purposes().count("late") == 2
    assert call.outcomes() == ["asked", "granted", "announced", "announced"]


def test_who_was_there_at_admission_and_who_comes_back_is_not_late():
    call = capturing()
    call.roster(60, HOST)
    call.roster(120, HOST, GUEST)
    assert "late" not in call.purposes()


def test_the_first_to_enter_an_empty_room_is_told_at_once():
    call = Call()
    call.admitted()
    call.roster(1)
    call.roster(20, HOST)
    assert call.purposes() == ["announce", "late"]
    call.chat_line(25, "Host Person", "yes")
    assert call.standing.capturing


def test_a_host_who_comes_late_gets_the_full_time_to_answer():
    call = Call(policy(answer_seconds=60.0))
    call.admitted()
    call.roster(1, GUEST)
    call.roster(50, GUEST, HOST)
    assert call.wake() == 110


# Rivals


def rival_facts(call: Call) -> list[dict[str, object]]:
    return [record.data for record in call.all(Record) if record.kind == "rival_seen"]


def test_a_rival_among_people_makes_the_bot_leave_after_the_grace():
    call = capturing()
    call.roster(100, HOST, GUEST, RIVAL)
    assert call.purposes()[-1] == "rival"
    assert call.wake() == 110
    commands = call.tick(110)
    assert kinds(commands) == [StopCapture, Record, Say, Leave]
    assert call.last == Leave(EndReason.RIVAL_BOT, RIVAL.name)
    assert rival_facts(call) == [
        {"name": RIVAL.name, "vendor": "Fireflies", "rule": "vendor Fireflies", "left_meeting": True}
    ]


def test_a_rival_that_goes_within_the_grace_is_only_noted():
    call = capturing()
    call.roster(100, HOST, RIVAL)
    call.roster(105, HOST)
    call.tick(200)
    assert call.standing.phase is Phase.IN_CALL
    assert [facts["left_meeting"] for facts in rival_facts(call)] == [False]


def test_a_rival_alone_with_the_bot_is_the_bots_only_rules_matter():
    call = Call()
    call.admitted()
    call.roster(1, RIVAL)
    call.tick(359)
    assert call.standing.phase is Phase.IN_CALL
    call.tick(360)
    assert call.last == Leave(EndReason.ONLY_BOTS, "bots_only_seconds")
    assert [facts["left_meeting"] for facts in rival_facts(call)] == [True]


@pytest.mark.parametrize(("rivals_policy", "said"), [("announce", 1), ("ignore", 0)])
def test_a_tolerated_rival_is_noted_once_and_announced_by_policy(rivals_policy: str, said: int):
    call = capturing(rivals_policy=rivals_policy)
    call.roster(100, HOST, RIVAL)
    call.tick(110)
    call.roster(120, HOST, RIVAL)
    call.tick(130)
    assert call.purposes().count("rival") == said
    assert [facts["left_meeting"] for facts in rival_facts(call)] == [False]
    assert call.standing.capturing


def test_asked_about_a_rival_people_may_keep_both():
    call = capturing(rivals_policy="ask", answer_seconds=30.0)
    call.roster(100, HOST, RIVAL)
    call.tick(110)
    call.chat_line(115, "Host Person", "stay")
    call.tick(500)
    assert call.standing.capturing


@pytest.mark.parametrize("answer", ["leave", ""])
def test_asked_about_a_rival_a_leave_or_no_answer_makes_the_bot_yield(answer: str):
    call = capturing(rivals_policy="ask", answer_seconds=30.0)
    call.roster(100, HOST, GUEST, RIVAL)
    call.tick(110)
    if answer:
        call.chat_line(115, "Guest Person", answer)
    call.tick(140)
    assert call.last == Leave(EndReason.RIVAL_BOT, RIVAL.name)


@pytest.mark.parametrize("by_chat", [True, False])
def test_a_person_mistaken_for_a_rival_is_set_right(by_chat: bool):
    mistaken = Person("d/9", "Dana (Notes)")
    call = capturing()
    call.roster(100, HOST, mistaken)
    if by_chat:
        call.chat_line(102, "Dana (Notes)", "I'm not a bot")
    else:
        call.verb(102, Verb.NOT_A_BOT, text="Dana (Notes)")
    call.tick(300)
    assert call.standing.capturing
    assert rival_facts(call) == []


def test_a_signature_in_chat_is_noted_as_evidence_once_for_each_sender():
    call = in_call()
    for second in (5, 6):
        call.chat_line(second, "Quiet Person", "Notes by https://otter.ai/u/abc for this meeting")
    noted = [record.data for record in call.all(Record) if record.kind == "rival_evidence"]
    assert noted == [{"sign": "chat_signature", "vendor": "Otter", "name": "Quiet Person"}]
