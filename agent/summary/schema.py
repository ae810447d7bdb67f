"""What a model must answer: the summary without what code fills in, within tight limits."""

import json
import re
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.errors import Invalid

ANSWER_LIMIT_CHARACTERS = 200_000

Cites = Annotated[list[int], Field(max_length=40)]
Line = Annotated[str, Field(max_length=300)]
Name = Annotated[str, Field(max_length=120)]

_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
# Servers differ in which of these they know; all are checked again when the answer is read.
_UNSENT = frozenset({"title", "default", "maxLength", "maxItems", "minLength", "description"})


class _Answered(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AnsweredStatement(_Answered):
    """A sentence of the TL;DR, or an open question."""

    text: Annotated[str, Field(max_length=600)]
    cites: Cites


class AnsweredTopic(_Answered):
    """A stretch of the meeting; its times come from the entries it cites."""

    title: Name
    points: Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=8)]
    cites: Cites


class AnsweredDecision(_Answered):
    """A decision and who agreed to it."""

    text: Line
    agreed_by: Annotated[list[Name], Field(max_length=20)]
    cites: Cites


class AnsweredAction(_Answered):
    """Something somebody will do."""

    text: Line
    owner: Name | None
    due: Name | None
    cites: Cites


class Answer(_Answered):
    """The whole answer. Ordinals of transcript entries stand in `cites`."""

    title: Name
    language: Annotated[str, Field(max_length=20)]
    tldr: Annotated[list[AnsweredStatement], Field(max_length=8)]
    topics: Annotated[list[AnsweredTopic], Field(max_length=20)]
    decisions: Annotated[list[AnsweredDecision], Field(max_length=30)]
    action_items: Annotated[list[AnsweredAction], Field(max_length=50)]
    open_questions: Annotated[list[AnsweredStatement], Field(max_length=30)]


class AnsweredQuestion(_Answered):
    """What a model answers to a question about a meeting; nothing where the meeting does not say."""

    statements: Annotated[list[AnsweredStatement], Field(max_length=8)]


Shape = TypeVar("Shape", bound=_Answered)


def schema_of(shape: type[_Answered]) -> dict[str, Any]:
    """Return the JSON schema sent to a server: every property required, none besides, no length limits."""
    whole = _bare(shape.model_json_schema())
    assert isinstance(whole, dict)
    return whole


def _bare(node: object, inside_properties: bool = False) -> object:
    if isinstance(node, list):
        return [_bare(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _bare(value, inside_properties=key in ("properties", "$defs"))
        for key, value in node.items()
        if inside_properties or key not in _UNSENT
    }


def read_answer(shape: type[Shape], text: str) -> Shape:
    """Return the answer in a model's text, which may stand in prose or a code fence.

    Raises `Invalid`, whose `full` tells the model what is wrong.
    """
    if len(text) > ANSWER_LIMIT_CHARACTERS:
        raise Invalid(f"the answer is longer than {ANSWER_LIMIT_CHARACTERS} characters")
    # Behind the last end of a thought no beginning is looked at: each would be searched for its end in vain.
    thought = text.rfind("</think>") + len("</think>") if "</think>" in text else 0
    spoken = _THOUGHT.sub("", text[:thought]) + text[thought:]
    start, end = spoken.find("{"), spoken.rfind("}")
    if start < 0 or end < start:
        raise Invalid("the answer is no JSON object")
    try:
        return shape.model_validate(json.loads(spoken[start : end + 1]))
    except ValidationError as error:
        raise Invalid("the answer does not fit the schema", full=_faults(error)) from error
    except (ValueError, RecursionError) as error:
        raise Invalid("the answer is not valid JSON") from error


def _faults(error: ValidationError) -> str:
    told = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()[:10])
    return "the answer does not fit the schema: " + "; ".join(told)
