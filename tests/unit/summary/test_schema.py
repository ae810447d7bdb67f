import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import Invalid
from agent.model.summary import ActionItem, Decision, Question, Statement, Summary, Topic
from agent.summary.schema import (
    Answer,
    AnsweredAction,
    AnsweredDecision,
    AnsweredStatement,
    AnsweredTopic,
    read_answer,
    schema_of,
)
from tests.unit.summary.conftest import answer

FILLED_IN_BY_CODE = {
    "verified",
    "start_seconds",
    "end_seconds",
    "engine",
    "model",
    "template",
    "input_tokens",
    "output_tokens",
    "notes",
}


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (Answer, Summary),
        (AnsweredTopic, Topic),
        (AnsweredDecision, Decision),
        (AnsweredAction, ActionItem),
        (AnsweredStatement, Statement),
        (AnsweredStatement, Question),
    ],
)
def test_a_model_is_asked_for_what_is_kept_and_not_filled_in_by_code(asked, kept):
    assert set(asked.model_fields) == set(kept.model_fields) - FILLED_IN_BY_CODE


def objects(node):
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for item in node:
            yield from objects(item)


def test_the_schema_suits_strict_servers():
    schema = schema_of(Answer)
    assert len(list(objects(schema))) == 5
    for one in objects(schema):
        assert one["additionalProperties"] is False
        assert one["required"] == list(one["properties"])
    assert "maxLength" not in json.dumps(schema)
    assert "default" not in json.dumps(schema)
    assert {"title", "language", "tldr"} <= set(schema["properties"])


@pytest.mark.parametrize(
    "wrapping",
    ["{}", "```json\n{}\n```", "Here it is: {} I hope it helps.", "<think>{{maybe}}</think>{}"],
)
def test_an_answer_may_stand_in_prose_a_fence_or_after_thoughts(wrapping):
    assert read_answer(Answer, wrapping.format(answer())).title == "Launch plan"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no JSON object"),
        ("[]", "no JSON object"),
        ("{", "no JSON object"),
        ("{]}", "not valid JSON"),
        ('{"a":' * 100_000, "longer than"),
        ('{"a":' * 30_000 + "}", "not valid JSON"),
        (
            "<think>" * 28_000,
            "no JSON object",
        ),  # beginnings without an end: searched one by one, they take a minute
        ("</think>" + "<think>" * 28_000, "no JSON object"),
        (answer(extra=1), "extra: Extra inputs"),
        (answer(title="x" * 121), "title"),
        (answer(tldr=[{"text": "x" * 601, "cites": [1]}]), "tldr.0.text"),
        (answer(action_items=[{"text": "x", "owner": None, "due": None, "cites": [1]}] * 51), "action_items"),
        (answer(tldr=[{"text": "x"}]), "tldr.0.cites: Field required"),
        (answer(tldr=[{"text": "x", "cites": ["first"]}]), "tldr.0.cites.0"),
        (answer(tldr="none"), "tldr"),
    ],
)
def test_what_is_wrong_with_an_answer_is_told(text, fault):
    with pytest.raises(Invalid) as caught:
        read_answer(Answer, text)
    assert fault in caught.value.full


def test_the_fault_does_not_repeat_what_the_model_wrote():
    with pytest.raises(Invalid) as caught:
        read_answer(Answer, answer(title=["secret words"]))
    assert "secret words" not in caught.value.full


@given(st.integers(0, 300))
def test_an_answer_cut_anywhere_is_refused(at):
    whole = answer()
    if at < len(whole):
        with pytest.raises(Invalid):
            read_answer(Answer, whole[:at])
