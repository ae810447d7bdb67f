"""News on the wire: nothing is lost on the way, and what no database keeps is dropped."""

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from agent.model.news import (
    AnyNews,
    Attendance,
    Attendee,
    Data,
    Finding,
    GaveUp,
    HandedBack,
    LedgerEntry,
    LeftCall,
    Line,
    LobbyNudge,
    News,
    QuestionByMail,
    Reached,
    Text,
    Utterance,
    Words,
    WordsForgotten,
)
from agent.model.states import EndReason, FailureCode, Told
from agent.rules.conduct import Policy

NOW = datetime(2030, 1, 1, 9, tzinfo=UTC)
WIRE: TypeAdapter[News] = TypeAdapter(AnyNews)


@pytest.mark.parametrize(
    "news",
    [
        Line(line=Told.KNOCKED, data={"files": ["a", "b"], "seen": True}),
        Reached(state="in_call", line=Told.ADMITTED),
        LedgerEntry(outcome="granted", who="Host Person", words="yes"),
        Finding(line=Told.RIVAL_SEEN, data={"name": "Notes"}),
        Attendance(at=NOW, people=(Attendee(key="d/1", name="Meetbot", verdict="self"),), certain=True),
        Words(utterances=(Utterance(id="1", speaker="A", text="b", started_at=NOW, ended_at=NOW),)),
        WordsForgotten(),
        LobbyNudge(),
        QuestionByMail(question="May I?"),
        LeftCall(reason=EndReason.ENDED_BY_HOST),
        GaveUp(code=FailureCode.LOBBY_TIMEOUT, retry=True),
        HandedBack(reason="the worker stops"),
    ],
    ids=lambda news: news.kind,
)
def test_what_arrives_is_what_was_told(news: News) -> None:
    assert WIRE.validate_json(news.model_dump_json(by_alias=True)) == news


def test_what_no_database_keeps_is_dropped() -> None:
    line = Line(line=Told.TROUBLE, data={"detail\x00": ["a\x00b", ("c\x00",)]})
    assert line.data == {"detail": ["ab", ["c"]]}
    assert LedgerEntry(outcome="granted", who="Host\x00").who == "Host"


@pytest.mark.parametrize("told", [{"kind": "state", "state": "completed", "line": "left"}, {"kind": "dance"}])
def test_what_is_no_news_is_refused(told: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        WIRE.validate_python(told)


def test_a_policy_survives_the_wire() -> None:
    wire = TypeAdapter(Policy)
    policy = Policy(
        bot_name="Meetbot", invited=(("Host Person", "host@example.com"),), starts_at=NOW, mark="abcdef"
    )
    assert wire.validate_python(wire.dump_python(policy, mode="json")) == policy


def test_half_an_emoji_that_a_page_cut_breaks_nothing():
    """No database takes it, and no answer can be written with it."""
    assert TypeAdapter(Text).validate_python("Host\ud83d") == "Host\ufffd"
    assert TypeAdapter(Text).validate_python("\ud83d\ude00\x00") == "\U0001f600"
    data = TypeAdapter(Data).validate_python({"\udc00": ["\ud800", float("nan")], "n": 1.5})
    assert data == {"\ufffd": ["\ufffd", None], "n": 1.5}
