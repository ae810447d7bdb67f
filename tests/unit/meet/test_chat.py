"""Chat lines are read once and own lines are known as such."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.meet.chat import ChatLog, Line, fresh_lines, split_line

LINES = st.lists(st.sampled_from(["yes", "no", "maybe"]), max_size=8)


class StoppedClock:
    def now(self) -> datetime:
        return datetime(2026, 3, 1, 10, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


def line(text: str, id: str = "", sender: str = "Host Person") -> dict[str, str]:
    return {"id": id, "sender": sender, "time": "10:05", "text": text}


def told(*lines: dict[str, str], whole: bool = False) -> dict[str, object]:
    return {"whole": whole, "lines": list(lines)}


def plain(texts: list[str]) -> list[Line]:
    return [Line("", "Host Person", "10:05", text) for text in texts]


@given(LINES, LINES)
def test_a_panel_shown_anew_repeats_nothing(before: list[str], after: list[str]) -> None:
    fresh = [one.text for one in fresh_lines(plain(before), plain(before + after))]
    assert fresh == after or len(fresh) < len(after)
    assert len(set(before)) < len(before) or fresh == after


@given(LINES, LINES)
def test_with_ids_nothing_is_ever_lost_either(before: list[str], after: list[str]) -> None:
    lines = [Line(f"m{at}", "Host Person", "10:05", text) for at, text in enumerate(before + after)]
    assert fresh_lines(lines[: len(before)], lines) == lines[len(before) :]


def test_only_the_first_look_is_history() -> None:
    log = ChatLog("Meetbot", StoppedClock())
    assert [said.history for said in log.hear(told(line("old", "m1"), whole=True))] == [True]
    assert [said.history for said in log.hear(told(line("new", "m2")))] == [False]
    assert [said.text for said in log.hear(told(line("old", "m1"), line("new", "m2"), whole=True))] == []


@pytest.mark.parametrize("sender", ["You", "Sie", "あなた", "Meetbot", "", "Account Name"])
def test_a_line_is_ones_own_by_words_and_sender(sender: str) -> None:
    log = ChatLog("Meetbot", StoppedClock())
    log.known_as("Account Name")
    log.will_send("May I take notes?")
    (said,) = log.hear(told(line("May I\u00a0take notes?", "m1", sender)))
    assert said.is_self


@pytest.mark.parametrize(
    ("sender", "text"), [("You", "yes"), ("Meetbot", "yes"), ("Host Person", "May I take notes?")]
)
def test_a_persons_line_is_never_taken_for_the_bots(sender: str, text: str) -> None:
    log = ChatLog("Meetbot", StoppedClock())
    log.will_send("May I take notes?")
    (said,) = log.hear(told(line(text, "m1", sender)))
    assert not said.is_self


@given(st.text(max_size=2000))
def test_a_long_text_is_cut_into_lines_without_loss(text: str) -> None:
    pieces = split_line(text)
    assert all(0 < len(piece) <= 500 and "\n" not in piece for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())
