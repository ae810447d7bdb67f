"""How a call ends, and what holds in every call."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.call import (
    Admitted,
    Asked,
    CallOver,
    Captioned,
    CaptionsUnavailable,
    ChatSaid,
    ChatUnavailable,
    Command,
    Enter,
    Event,
    Fail,
    ForgetCapture,
    InLobby,
    Leave,
    Nudge,
    PlatformNotice,
    Record,
    Refused,
    RosterSeen,
    StartCapture,
    StopCapture,
    Tick,
    Verb,
)
from agent.model.states import EndReason, FailureCode
from agent.rules import permission
from agent.rules.conduct import Phase, Policy
from tests.unit.rules.told_call import GUEST, HOST, LATE, ME, RIVAL, Call, at, capturing, in_call, policy

Story = list[tuple[Callable[[datetime], Event], float]]


def test_the_last_person_gone_the_bot_leaves_without_a_word():
    call = capturing()
    call.roster(100)
    assert call.wake() == 160
    commands = call.tick(160)
    assert commands == [StopCapture(), Leave(EndReason.EVERYONE_LEFT, "alone_seconds")]


def test_a_person_who_comes_back_stops_the_timer():
    call = capturing()
    call.roster(100)
    call.roster(150, GUEST)
    call.tick(400)
    assert call.standing.phase is Phase.IN_CALL


def test_an_unknown_roster_stops_the_timer_without_starting_it_anew():
    call = capturing()
    call.roster(100)
    call.unknown(110)
    call.tick(1000)
    assert call.standing.phase is Phase.IN_CALL
    call.roster(1001)
    assert call.last == Leave(EndReason.EVERYONE_LEFT, "alone_seconds")


def test_a_decline_of_the_platforms_question_is_a_no_to_the_bot_too():
    call = capturing()
    text = "Recording can't start because somebody declined to be recorded"
    commands = call.feed(PlatformNotice(at(100), text, accepted=False, declined=True))
    entry = next(one for one in commands if isinstance(one, Enter))
    assert (entry.outcome, entry.words, entry.channel) == ("declined", text, "platform")
    assert StopCapture() in commands
    assert ForgetCapture() in commands
    assert isinstance(call.last, Leave)
    assert call.last.reason is EndReason.CONSENT_DECLINED


def test_the_platforms_own_question_changes_nothing():
    call = capturing()
    assert not call.feed(PlatformNotice(at(100), "This video call is being recorded", accepted=True))


def test_captions_that_come_back_count_as_hearing_again():
    call = capturing()
    call.feed(CaptionsUnavailable(at(100), "captions are turned off by the host"))
    assert not call.standing.captions
    call.feed(Captioned(at(120), "c1", "Guest Person", "hello", at(119), at(120)))
    assert call.standing.captions


def test_words_put_the_silence_off():
    call = capturing()
    call.feed(Captioned(at(1900), "c1", "Guest Person", "hello", at(1899), at(1900)))
    assert call.wake() == 2800
    call.tick(2800)
    assert call.last == Leave(EndReason.SILENCE, "silence_seconds")


def test_a_question_still_open_when_the_bot_leaves_is_closed_as_unanswered():
    call = in_call(alone_seconds=10.0)
    call.roster(5)
    call.tick(15)
    assert call.outcomes() == ["asked", "unanswered"]


def test_nobody_opening_the_lobby_fails_the_job():
    call = Call()
    call.feed(InLobby(at(0)))
    call.tick(540)
    assert call.last == Fail(FailureCode.LOBBY_TIMEOUT, "nobody let the bot in")


def test_a_refusal_fails_with_its_own_verdict():
    call = Call()
    call.feed(Refused(at(5), FailureCode.HOST_DENIED_ADMISSION, "denied"))
    assert call.last == Fail(FailureCode.HOST_DENIED_ADMISSION, "denied")


@pytest.mark.parametrize(
    ("reason", "with_capture", "without"),
    [
        (EndReason.REMOVED, Leave(EndReason.REMOVED, "x"), Fail(FailureCode.REMOVED_FROM_MEETING, "x")),
        (EndReason.ENDED_BY_HOST, Leave(EndReason.ENDED_BY_HOST, "x"), Leave(EndReason.ENDED_BY_HOST, "x")),
        (FailureCode.MEETING_ENDED, Leave(EndReason.ENDED_BY_HOST, "x"), Leave(EndReason.ENDED_BY_HOST, "x")),
        (
            FailureCode.NETWORK_LOSS,
            Fail(FailureCode.NETWORK_LOSS, "x", retry=True),
            Fail(FailureCode.NETWORK_LOSS, "x", retry=True),
        ),
    ],
)
def test_what_the_end_of_a_call_means(
    reason: EndReason | FailureCode, with_capture: Command, without: Command
):
    for call, expected in ((capturing(), with_capture), (in_call(), without)):
        call.feed(CallOver(at(50), reason, "x"))
        assert call.last == expected
        assert call.standing.phase is Phase.OVER


def test_after_the_end_nothing_follows():
    call = capturing()
    call.verb(5, Verb.LEAVE)
    assert call.chat_line(6, "Host Person", "yes") == []
    assert call.roster(7) == []
    assert call.wake() is None


# What holds in every call, whatever happens in it.

NAMES = ["Host Person", "Guest Person", RIVAL.name, "Somebody Unseen"]
WORDS = [
    "yes",
    "no",
    "stop",
    "opt out",
    "Meetbot, leave",
    "stay",
    "you may record",
    "I'm not a bot",
    "see you on Friday",
    "yes, but",
]
PEOPLE = st.sets(st.sampled_from([HOST, GUEST, RIVAL, LATE]))

happenings = st.one_of(
    st.builds(lambda: lambda now: Admitted(now)),
    st.builds(lambda: lambda now: InLobby(now)),
    st.builds(lambda: lambda now: Tick(now)),
    st.builds(lambda people: lambda now: RosterSeen(now, (ME, *sorted(people, key=repr))), PEOPLE),
    st.builds(lambda: lambda now: RosterSeen(now, None)),
    st.builds(lambda: lambda now: RosterSeen(now, ())),
    st.builds(
        lambda who, words: lambda now: ChatSaid(now, "x", who, words),
        st.sampled_from(NAMES),
        st.sampled_from(WORDS),
    ),
    st.builds(lambda: lambda now: ChatUnavailable(now, "off")),
    st.builds(
        lambda verb, uid: lambda now: Asked(now, verb, uid, by="host@example.com", text=RIVAL.name),
        st.sampled_from(list(Verb)),
        st.sampled_from(["u1", "u2", "u3"]),
    ),
    st.builds(lambda: lambda now: Captioned(now, "c", "Guest Person", "hello", now, now)),
)
stories = st.lists(st.tuples(happenings, st.sampled_from([0.0, 0.5, 4.0, 29.0, 130.0])), max_size=25)
policies = st.builds(
    policy,
    consent_policy=st.sampled_from(["ask", "announce"]),
    on_no_answer=st.sampled_from(["leave", "stay_silent"]),
    who=st.sampled_from(["host", "anyone"]),
    rivals_policy=st.sampled_from(["leave", "ask", "announce", "ignore"]),
    rivals_grace_seconds=st.sampled_from([0.0, 10.0]),
)


def tell(call: Call, story: Story) -> float:
    """Admit the bot and tell the story; returns the second at which it ends."""
    second = 0.0
    call.admitted()
    for happening, gap in story:
        second += gap
        call.feed(happening(at(second)))
    return second


@given(stories, policies, st.booleans(), st.booleans())
def test_there_is_no_capture_without_a_yes_or_a_notice_that_was_shown(
    story: Story, rules: Policy, chat: bool, before: bool
):
    call = Call(rules, chat=chat, granted_before=before)
    tell(call, story)
    allowed = before
    for command in call.log:
        match command:
            case Enter(outcome="granted"):
                allowed = True
            case Enter(outcome="announced"):
                allowed = allowed or (chat and rules.consent_policy == "announce")
            case Enter(outcome="declined" | "withdrawn" | "opted_out") | ForgetCapture():
                allowed = False
            case StartCapture():
                assert allowed


@given(stories, policies)
def test_capture_is_ended_and_the_ledger_closed_before_the_bot_leaves(story: Story, rules: Policy):
    call = Call(rules)
    tell(call, story)
    running = False
    for command in call.log:
        running = {StartCapture: True, StopCapture: False, ForgetCapture: False}.get(type(command), running)
        if isinstance(command, Leave):
            assert not running
            # One that was asked again while it stood may stay open: what was allowed is allowed.
            assert call.outcomes()[-1:] != ["asked"] or permission.stands(call.outcomes())


@given(stories, policies, st.booleans())
def test_every_call_ends_and_nothing_follows_its_end(story: Story, rules: Policy, chat: bool):
    call = Call(rules, chat=chat)
    second = tell(call, story)
    for _ in range(50):
        if call.standing.phase is Phase.OVER:
            break
        wake = call.wake()
        assert wake is not None
        assert wake > second
        second = wake
        call.tick(second)
    ends = [command for command in call.log if isinstance(command, Leave | Fail)]
    assert len(ends) == 1
    assert call.last is ends[0]


@given(stories, policies)
def test_nothing_is_due_before_the_deadline_that_was_named(story: Story, rules: Policy):
    call = Call(rules)
    second = tell(call, story)
    wake = call.wake()
    if wake is not None and wake > second:
        assert call.tick((second + wake) / 2) == []


@given(stories, policies)
def test_an_unknown_roster_never_makes_the_bot_leave(story: Story, rules: Policy):
    call = Call(replace(rules, max_seconds=0.0, max_overrun_minutes=0.0))
    second = tell(call, story)
    if call.standing.phase is not Phase.OVER and not call.standing.question_open:
        for later in (second, second + 1e5):
            ends = [command for command in call.unknown(later) if isinstance(command, Leave)]
            assert {end.reason for end in ends} <= {EndReason.CONSENT_UNANSWERED}


@given(stories, policies)
def test_every_wish_is_obeyed_at_most_once(story: Story, rules: Policy):
    call = Call(rules)
    tell(call, story)
    obeyed = [record.data["uid"] for record in call.all(Record) if record.kind == "verb_obeyed"]
    assert len(obeyed) == len(set(obeyed))


@given(stories, policies)
def test_each_rival_is_told_of_once(story: Story, rules: Policy):
    call = Call(rules)
    tell(call, story)
    told = [record.data["name"] for record in call.all(Record) if record.kind == "rival_seen"]
    assert len(told) == len(set(told))


def test_the_inviter_is_nudged_once_while_the_bot_waits():
    call = Call(policy(nudge_seconds=120.0))
    call.feed(InLobby(at(0)))
    assert call.wake() == 120
    assert call.tick(120) == [Nudge()]
    call.tick(300)
    assert call.all(Nudge) == [Nudge()]


def test_nobody_is_nudged_for_a_bot_that_is_in_or_where_it_is_turned_off():
    for nudge_seconds, admitted in ((120.0, True), (0.0, False)):
        call = Call(policy(nudge_seconds=nudge_seconds))
        call.feed(InLobby(at(0)))
        if admitted:
            call.admitted(60)
        call.tick(200)
        assert call.all(Nudge) == []
