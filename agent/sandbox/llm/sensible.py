"""A sensible answer to any JSON schema: each field is filled from what was said, by its type and its name."""

import json
import re
from collections.abc import Mapping, Sequence
from textwrap import shorten
from typing import Any

from agent.sandbox.llm.transcript import CITATION_NAME, Statement

Schema = Mapping[str, Any]

DECISION = re.compile(r"\b(decid|agree|go with|settled|approved|we will|we'll|let's)", re.IGNORECASE)
COMMITMENT = re.compile(
    r"\b(I will|I'll|will you|please|to-?do|action item|can you|need to|by \w+day)\b", re.IGNORECASE
)
DUE = re.compile(
    r"\b(\d{4}-\d\d-\d\d|(?:next |this )?(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|tomorrow|next week|end of \w+)\b",
    re.IGNORECASE,
)
LONGEST_TEXT = 240
SHOWN_ITEMS = 5
TOPICS = 3
CITED = 3
DEEPEST = 12


class SensibleAnswer:
    """Walks a JSON schema and fills it in from a transcript, with verbatim words and existing ids only."""

    def __init__(self, schema: Schema, said: Sequence[Statement]) -> None:
        self._root = schema
        self._said = list(said)

    def build(self) -> Any:
        return self._value(self._root, "", self._said, 0)

    def _value(self, schema: Schema, name: str, about: list[Statement], depth: int) -> Any:
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        kind = self._kind(schema, name, about)
        if depth > DEEPEST or kind == "null":
            return None
        if kind == "object":
            properties = schema.get("properties", {})
            return {key: self._value(sub, key, about, depth + 1) for key, sub in properties.items()}
        if kind == "array":
            return self._array(schema, name, about, depth)
        if kind in ("number", "integer"):
            return _number(schema, kind, name, about)
        return False if kind == "boolean" else _text(schema, name, about)

    def _resolved(self, schema: Schema) -> Schema:
        """The schema behind $ref, allOf and the first useful branch of anyOf or oneOf."""
        for _ in range(DEEPEST):
            if "$ref" in schema:
                schema = {**self._pointed(schema["$ref"]), **{k: v for k, v in schema.items() if k != "$ref"}}
            elif "allOf" in schema:
                parts = [self._resolved(part) for part in schema["allOf"]]
                properties = {k: v for part in parts for k, v in part.get("properties", {}).items()}
                merged = {k: v for part in parts for k, v in part.items()} | {"properties": properties}
                schema = merged | {k: v for k, v in schema.items() if k != "allOf"}
            elif branches := schema.get("anyOf") or schema.get("oneOf"):
                useful = [branch for branch in branches if branch.get("type") != "null"] or branches
                nullable = {"nullable": True} if len(useful) < len(branches) else {}
                schema = {**useful[0], **nullable}
            else:
                return schema
        return schema

    def _pointed(self, reference: str) -> Schema:
        found: Any = self._root
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        return dict(found)

    def _kind(self, schema: Schema, name: str, about: list[Statement]) -> str:
        kinds = schema.get("type") or ("object" if "properties" in schema else "string")
        options = [kinds] if isinstance(kinds, str) else list(kinds)
        nullable = "null" in options or bool(schema.get("nullable"))
        if nullable and not _known(name, about):
            return "null"
        return str(next((option for option in options if option != "null"), "null"))

    def _array(self, schema: Schema, name: str, about: list[Statement], depth: int) -> list[Any]:
        items = self._resolved(schema.get("items", {}))
        least, most = schema.get("minItems", 0), schema.get("maxItems", 10_000)
        if CITATION_NAME.search(name) and items.get("type") in ("string", "integer", None):
            found: list[Any] = [_as(items, one) for said in about[:CITED] for one in said.ids][:CITED]
        elif _is_person(name) and items.get("type") == "string":
            found = list(dict.fromkeys(one.speaker for one in about if one.speaker))
        else:
            groups = _groups(name, about, enough=least)
            found = [self._value(items, name, group, depth + 1) for group in groups]
        while found and len(found) < least:
            found.append(found[-1])
        return found[:most]


def sensible_content(response_format: Mapping[str, Any] | None, said: Sequence[Statement]) -> str:
    """The answer's text: JSON where JSON was asked for, else prose."""
    kind = (response_format or {}).get("type", "text")
    if kind == "json_schema" and response_format is not None:
        schema = response_format["json_schema"].get("schema", {})
        return json.dumps(SensibleAnswer(schema, said).build(), ensure_ascii=False)
    words = " ".join(f"{one.speaker}: {one.text}" if one.speaker else one.text for one in said[:SHOWN_ITEMS])
    return json.dumps({"summary": words}) if kind == "json_object" else words or "Nothing was said."


def _groups(name: str, about: list[Statement], *, enough: int) -> list[list[Statement]]:
    """What each item of a list called `name` is about."""
    if re.search(r"topic|section|chapter|agenda|outline", name, re.IGNORECASE):
        size = max(1, -(-len(about) // TOPICS))
        return [about[start : start + size] for start in range(0, len(about), size)]
    if re.search(r"decision|agreement", name, re.IGNORECASE):
        chosen = [one for one in about if DECISION.search(one.text) and not one.text.endswith("?")]
    elif re.search(r"action|task|todo|next_?step|commitment", name, re.IGNORECASE):
        chosen = [one for one in about if COMMITMENT.search(one.text) and not one.text.endswith("?")]
    elif re.search(r"question|issue", name, re.IGNORECASE):
        chosen = [one for one in about if one.text.rstrip().endswith("?")]
    else:
        chosen = sorted(about, key=lambda one: len(one.text), reverse=True)
    return [[one] for one in (chosen or about[:enough])[:SHOWN_ITEMS]]


def _known(name: str, about: Sequence[Statement]) -> bool:
    """Whether the transcript says anything about an optional field."""
    if _is_due(name):
        return any(DUE.search(one.text) for one in about)
    if _is_person(name):
        return any(one.speaker for one in about)
    return bool(about)


def _is_due(name: str) -> bool:
    return re.search(r"due|deadline|^by$", name, re.IGNORECASE) is not None


def _is_person(name: str) -> bool:
    return (
        re.search(
            r"owner|assignee|speaker|who|person|people|attendee|(asked|agreed|said)_by", name, re.IGNORECASE
        )
        is not None
    )


def _text(schema: Schema, name: str, about: list[Statement]) -> str:
    if not about:
        return "Nothing was said."
    if CITATION_NAME.search(name) or name == "id":
        return str(about[0].ids[0])
    if _is_due(name):
        due = DUE.search(" ".join(one.text for one in about))
        return due[0] if due else ""
    if _is_person(name):
        return about[0].speaker
    if re.search(r"language|lang$", name, re.IGNORECASE):
        return "en"
    if re.search(r"start|from|^at$", name, re.IGNORECASE):
        return str(about[0].start or "")
    if re.search(r"end|until|^to$", name, re.IGNORECASE):
        return str(about[-1].end or about[-1].start or "")
    if re.search(r"title|headline|topic|heading|^name$|label", name, re.IGNORECASE):
        text = " ".join(about[0].text.split()[:8]).rstrip(".,;:?!")
    else:
        text = shorten(about[0].text, LONGEST_TEXT, placeholder="…")
    return text[: schema.get("maxLength", len(text))].ljust(schema.get("minLength", 0), ".")


def _number(schema: Schema, kind: str, name: str, about: list[Statement]) -> float | int:
    value: str | float | int | None = None
    if about and re.search(r"start|from", name, re.IGNORECASE):
        value = about[0].start
    elif about and re.search(r"end|until", name, re.IGNORECASE):
        value = about[-1].end if about[-1].end is not None else about[-1].start
    elif about and (CITATION_NAME.search(name) or name == "id"):
        value = about[0].ids[0]
    least, most = schema.get("minimum", 0), schema.get("maximum")
    number = value if isinstance(value, int | float) else least
    number = max(number, least) if most is None else min(max(number, least), most)
    return int(number) if kind == "integer" else number


def _as(items: Schema, one: str | int) -> str | int:
    if items.get("type") == "integer":
        digits = re.sub(r"\D", "", str(one))
        return int(digits or 0)
    return str(one)
