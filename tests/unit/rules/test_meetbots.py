"""Two Meetbots of different installations in one call: one stays, the other leaves, whatever the order of things."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.call import Admitted, ChatSaid, Event, Leave, Record, RosterSeen, Said, Say
from agent.model.states import EndReason, Told
from agent.rules.conduct import Phase, Policy, advance, begin
from agent.rules.wording import LANGUAGES, Facts, line, recognise
from tests.unit.rules.told_call import HOST, ME, T0, Call, at, capturing, in_call, policy

OTHER = Facts("Scribe", "Guest Person", mark="000000")
HIGH = Facts("Scribe", "Guest Person", mark="ffffff")
SENDER = "Account Name"


def evidence(call: Call) -> list[object]:
    return [record.data["stays"] for record in call.all(Record) if record.kind == Told.RIVAL_EVIDENCE]


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_was_here_before_says_so_once_and_stays(language: str):
    call = in_call(mark="0a0a0a")
    call.chat_line(5, SENDER, line("announce_ask", OTHER, language=language))
    call.chat_line(6, SENDER, line("ask_again", OTHER, language=language))
    call.chat_line(7, SENDER, line("announce_notice", OTHER, language=language))
    assert call.purposes().count("here") == 1
    assert call.standing.phase is Phase.IN_CALL
    assert evidence(call) == ["this one"]


@pytest.mark.parametrize("purpose", ["late_asking", "late_capturing", "late_silent", "back", "here"])
def test_who_came_later_leaves_to_the_one_who_was_here(purpose: str):
    call = in_call(mark="0a0a0a")
    call.chat_line(5, SENDER, line(purpose, OTHER, language="fr"))
    assert call.last == Leave(EndReason.SECOND_MEETBOT, SENDER)
    assert evidence(call) == ["the other"]
    assert "goodbye" in call.purposes()


def test_of_two_who_both_claim_to_be_first_the_lower_mark_stays():
    for other, stays in ((OTHER, False), (HIGH, True)):
        call = in_call(mark="0a0a0a")
        call.chat_line(5, SENDER, line("announce_ask", OTHER))
        call.chat_line(6, SENDER, line("here", other))
        assert (call.standing.phase is Phase.IN_CALL) is stays


def test_what_another_meetbot_writes_is_no_answer():
    call = in_call()
    call.chat_line(5, SENDER, line("announce_ask", OTHER))
    call.chat_line(6, SENDER, line("thanks", OTHER))
    call.chat_line(7, SENDER, line("unclear", OTHER))
    assert call.outcomes() == ["asked"]
    assert call.standing.phase is Phase.IN_CALL


def test_an_own_line_that_the_page_did_not_know_for_ours_drives_nobody_out():
    call = Call(chat=False)
    call.admitted()
    call.roster(1, HOST)
    for purpose in ("announce_ask", "late_asking"):
        call.chat_line(2, SENDER, line(purpose, call.policy.facts))
    assert call.standing.phase is Phase.IN_CALL
    assert not evidence(call)


def test_what_the_platform_shows_as_history_counts_for_nothing():
    call = capturing()
    call.chat_line(5, SENDER, line("back", OTHER), history=True)
    assert call.standing.phase is Phase.IN_CALL


def test_peoples_words_are_no_lines_of_a_meetbot():
    for text in ("yes", "Hello, I am Scribe", "Welcome.", "", "I am back after a short break", "stop"):
        assert recognise(text) == ""


class Bot:
    """A bot that hears of its own line before what others wrote meanwhile, as the loop of a stay has it."""

    def __init__(self, rules: Policy, room: "Room") -> None:
        self.policy = rules
        self.room = room
        self.standing = begin(rules, T0)
        self.own: deque[Event] = deque()
        self.heard: deque[Event] = deque()
        self.left: EndReason | None = None

    def come(self) -> None:
        self.room.bots.append(self)
        self.take(Admitted(at(0)))
        self.take(RosterSeen(at(1), (ME, HOST)))

    def step(self) -> bool:
        waiting = self.own or self.heard
        if not waiting:
            return False
        self.take(waiting.popleft())
        return True

    def take(self, event: Event) -> None:
        self.standing, commands = advance(self.standing, event, self.policy)
        for command in commands:
            if isinstance(command, Say):
                self.room.write(self, command.text)
                self.own.append(Said(at(2), command.text, command.purpose, shown=True))
            elif isinstance(command, Leave):
                self.left = command.reason


class Room:
    """One chat, which everybody in the call reads in the same order, and nobody from before they came."""

    def __init__(self) -> None:
        self.bots: list[Bot] = []

    def write(self, writer: Bot, text: str) -> None:
        for bot in self.bots:
            bot.heard.append(ChatSaid(at(2), "m", writer.policy.bot_name, text, is_self=bot is writer))


@given(
    steps=st.lists(st.integers(0, 1), max_size=30),
    second_comes=st.integers(0, 8),
    names=st.sampled_from([("Meetbot", "Meetbot"), ("Meetbot", "Scribe")]),
    languages=st.tuples(st.sampled_from(LANGUAGES), st.sampled_from(LANGUAGES)),
    marks=st.sampled_from([("111111", "222222"), ("222222", "111111")]),
)
def test_exactly_one_of_two_stays(steps, second_comes, names, languages, marks):
    room = Room()
    first, second = (
        Bot(policy(bot_name=name, mark=mark, language=language), room)
        for name, mark, language in zip(names, marks, languages, strict=True)
    )
    first.come()
    for number, step in enumerate(steps):
        if number == second_comes:
            second.come()
        (first, second)[step].step()
    if second not in room.bots:
        second.come()
    while first.step() or second.step():
        pass
    assert {first.left, second.left} == {None, EndReason.SECOND_MEETBOT}
