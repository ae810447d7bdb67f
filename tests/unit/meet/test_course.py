"""What each look at the page asks for, with time as a number."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.meet.course import Course, Next, Patience
from agent.meet.snapshot import Dialog, Sighting, Snapshot
from agent.meet.verdict import Phase, Standing, Verdict
from agent.model.states import EndReason, FailureCode

PAGE = Snapshot(url="https://meet.example/abc-defg-hij")
BUTTON = replace(PAGE, controls={"join": Sighting("label", visible=True, covered=False, enabled=True)})
WAITING, UNKNOWN, INSIDE = (
    Verdict(Standing.LOBBY, "asking"),
    Verdict(Standing.UNKNOWN),
    Verdict(Standing.ADMITTED),
)


def knocked(lobby_seconds: float = 540, at: float = 100) -> Course:
    course = Course(Patience(), lobby_seconds)
    course.knocked(at)
    return course


def in_call() -> Course:
    course = knocked()
    assert course.see(INSIDE, PAGE, 101).next is Next.ENTER
    return course


def test_the_lobby_is_told_once_and_left_when_its_time_is_over() -> None:
    course = knocked(lobby_seconds=60)
    assert course.see(WAITING, PAGE, 101).next is Next.TELL_LOBBY
    assert course.see(WAITING, PAGE, 159).next is Next.NOTHING
    end = course.see(WAITING, PAGE, 160)
    assert (end.next, end.reason, end.retry) == (Next.END, FailureCode.LOBBY_TIMEOUT, False)


def test_a_host_who_never_comes_is_told_apart() -> None:
    course = knocked(lobby_seconds=60)
    course.see(Verdict(Standing.WAITING_FOR_HOST), PAGE, 101)
    assert course.see(Verdict(Standing.WAITING_FOR_HOST), PAGE, 160).reason is FailureCode.WAITING_FOR_HOST


def test_a_press_that_went_nowhere_is_repeated_a_few_times_only() -> None:
    course, presses = knocked(), 1
    for second in range(101, 200):
        step = course.see(Verdict(Standing.DOOR), BUTTON, second)
        if step.next is Next.END:
            break
        if step.next is Next.KNOCK_AGAIN:
            presses += 1
            course.knocked(second)
    assert presses == 5
    assert step.reason is FailureCode.INTERNAL_ERROR


def test_an_unclear_page_is_borne_with_for_a_while_only() -> None:
    course = knocked()
    assert course.see(UNKNOWN, PAGE, 101).next is Next.NOTHING
    assert course.see(UNKNOWN, PAGE, 120).next is Next.NOTHING
    end = course.see(UNKNOWN, PAGE, 121)
    assert (end.reason, end.retry) == (FailureCode.LOBBY_TIMEOUT, True)


def test_a_page_that_becomes_clear_again_starts_the_patience_anew() -> None:
    course = in_call()
    assert course.see(UNKNOWN, PAGE, 110).next is Next.NOTHING
    course.see(INSIDE, PAGE, 125)
    assert course.see(UNKNOWN, PAGE, 126).next is Next.NOTHING
    assert course.see(UNKNOWN, PAGE, 146).reason is FailureCode.NETWORK_LOSS


@pytest.mark.parametrize("seconds", [5, 29])
def test_a_short_loss_of_network_is_survived(seconds: int) -> None:
    course = in_call()
    course.see(Verdict(Standing.OFFLINE), PAGE, 110)
    assert course.see(Verdict(Standing.OFFLINE), PAGE, 110 + seconds).next is Next.NOTHING
    assert course.see(INSIDE, PAGE, 111 + seconds).next is Next.NOTHING


def test_a_long_loss_of_network_ends_the_call() -> None:
    course = in_call()
    course.see(Verdict(Standing.OFFLINE, "Reconnecting"), PAGE, 110)
    assert course.see(Verdict(Standing.OFFLINE, "Reconnecting"), PAGE, 140).reason is FailureCode.NETWORK_LOSS


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (Standing.REMOVED, EndReason.REMOVED),
        (Standing.LEFT, EndReason.REMOVED),
        (Standing.ENDED, EndReason.ENDED_BY_HOST),
        (Standing.REDIRECTED, FailureCode.NETWORK_LOSS),
    ],
)
def test_the_ends_of_a_call_are_told_apart(standing: Standing, reason: EndReason | FailureCode) -> None:
    assert in_call().see(Verdict(standing), PAGE, 110).reason is reason


def test_a_question_that_does_not_go_away_is_answered_three_times() -> None:
    course = knocked()
    steps = [course.see(Verdict(Standing.CONSENT, "…"), PAGE, 101 + second).next for second in range(6)]
    assert steps == [Next.AGREE] * 3 + [Next.GIVE_UP_AGREEING] + [Next.NOTHING] * 2


@pytest.mark.parametrize("begin", [lambda: knocked(), lambda: in_call()])
def test_a_question_that_nobody_can_answer_ends_the_visit(begin: Callable[[], Course]) -> None:
    course = begin()
    for second in range(4):
        course.see(Verdict(Standing.CONSENT, "…"), PAGE, 110 + second)
    assert course.see(Verdict(Standing.CONSENT, "…"), PAGE, 113 + 19).next is Next.NOTHING
    last = course.see(Verdict(Standing.CONSENT, "…"), PAGE, 113 + 21)
    assert (last.next, last.reason, last.retry) == (Next.END, FailureCode.BLOCKED_BY_PLATFORM, False)


def test_each_question_that_was_answered_makes_room_for_the_next() -> None:
    course = in_call()
    for second in range(0, 40, 2):
        assert course.see(Verdict(Standing.CONSENT, "…"), PAGE, 110 + second).next is Next.AGREE
        course.agreed()


def test_silence_is_a_hanging_page() -> None:
    course = in_call()
    assert course.silence(29.9).next is Next.NOTHING
    assert course.silence(30).reason is FailureCode.NETWORK_LOSS


def test_a_lobby_before_any_press_begins_the_waiting() -> None:
    course = Course(Patience(), 60)
    assert course.see(WAITING, PAGE, 1000).next is Next.TELL_LOBBY
    assert course.phase is Phase.KNOCKED


def covered(text: str = "Try this", *kinds: str, modal: bool = True) -> Snapshot:
    return replace(PAGE, dialogs=(Dialog(kinds, text, modal),))


def test_an_unknown_dialog_is_closed_after_a_while_and_not_for_ever() -> None:
    course = in_call()
    steps = [course.see(INSIDE, covered(), second).next for second in range(102, 130)]
    assert steps[:3] == [Next.NOTHING] * 3
    assert steps.count(Next.CLOSE_DIALOG) == 3
    assert course.see(INSIDE, PAGE, 130).next is Next.NOTHING
    assert [course.see(INSIDE, covered(), second).next for second in (131, 134)][-1] is Next.CLOSE_DIALOG


def test_a_dialog_that_leaves_the_call_usable_is_let_be() -> None:
    course = in_call()
    assert {course.see(INSIDE, covered(modal=False), second).next for second in range(102, 130)} == {
        Next.NOTHING
    }


def test_a_decline_is_told_once_per_dialog() -> None:
    course, told = in_call(), covered("Somebody declined to be recorded", "declined", "recording")
    assert course.see(INSIDE, told, 102).next is Next.TELL_DECLINED
    assert course.see(INSIDE, told, 103).next is Next.NOTHING
    course.see(INSIDE, PAGE, 104)
    assert course.see(INSIDE, told, 105).next is Next.TELL_DECLINED


def test_a_bot_put_back_into_the_lobby_waits_there_again() -> None:
    course = in_call()
    assert course.see(WAITING, PAGE, 110).next is Next.TELL_SENT_BACK
    assert course.see(WAITING, PAGE, 600).next is Next.WAIT
    assert course.see(INSIDE, PAGE, 640).next is Next.NOTHING
    assert course.see(WAITING, PAGE, 700).next is Next.TELL_SENT_BACK


def test_a_bot_left_in_the_lobby_was_removed() -> None:
    course = in_call()
    course.see(WAITING, PAGE, 110)
    end = course.see(WAITING, PAGE, 650)
    assert (end.next, end.reason, end.retry) == (Next.END, EndReason.REMOVED, False)
