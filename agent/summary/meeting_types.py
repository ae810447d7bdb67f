"""Kinds of meetings: what matters in each, and by which rule a meeting is recognised as one. Data in `templates/`."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.errors import Misconfigured
from agent.model.summary import Brief

GENERAL = "general"
AUTO = "auto"
_NAME = re.compile(r"[a-z][a-z0-9_\-]{0,39}")


class Rule(BaseModel):
    """When a template is chosen by itself: every condition that is set must hold; without any, never."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    titles: tuple[str, ...] = ()  # regular expressions, any of them, case ignored
    least_people: int = 0
    most_people: int = 10_000
    longest_minutes: float = 100_000.0


class MeetingType(BaseModel):
    """One template. `guidance` is told to the model; the numbers bound what is asked for per section."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    label: str = Field(max_length=60)
    order: int = 100  # lower is tried first
    guidance: str = Field(max_length=4000)
    tldr_sentences: int = Field(default=3, ge=1, le=8)
    topics: int = Field(default=6, ge=0, le=20)
    points_per_topic: int = Field(default=3, ge=1, le=8)
    decisions: int = Field(default=12, ge=0, le=30)
    action_items: int = Field(default=20, ge=0, le=50)
    open_questions: int = Field(default=8, ge=0, le=30)
    when: Rule | None = None


def load(own: Path | None = None) -> dict[str, MeetingType]:
    """Return all templates by name; those in the directory `own` replace built-in ones. Raises `Misconfigured`."""
    built_in = files("agent.summary").joinpath("templates")
    texts = {item.name: item.read_text("utf-8") for item in built_in.iterdir() if item.name.endswith(".toml")}
    if own is not None:
        texts |= _read_own(own)
    return {name.removesuffix(".toml"): _parsed(name, text) for name, text in sorted(texts.items())}


def chosen(types: Mapping[str, MeetingType], brief: Brief, people: int, minutes: float) -> str:
    """Return the template's name for a meeting: the one asked for if there is such, else the first whose rule holds."""
    if brief.template in types:
        return brief.template
    fitting = [
        (kind.order, name)
        for name, kind in types.items()
        if kind.when and _holds(kind.when, brief.meeting_title, people, minutes)
    ]
    return min(fitting)[1] if fitting else GENERAL


def _holds(rule: Rule, title: str, people: int, minutes: float) -> bool:
    named = not rule.titles or any(re.search(one, title[:500], re.IGNORECASE) for one in rule.titles)
    return named and rule.least_people <= people <= rule.most_people and minutes <= rule.longest_minutes


def _read_own(directory: Path) -> dict[str, str]:
    try:
        return {path.name: path.read_text("utf-8") for path in directory.glob("*.toml")}
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(
            f"the summary templates in {directory} cannot be read; make them readable UTF-8 files",
            full=f"{directory}: {error}",
        ) from error


def _parsed(file_name: str, text: str) -> MeetingType:
    try:
        if not _NAME.fullmatch(file_name.removesuffix(".toml")):
            raise ValueError("its name must be lower-case letters, digits, - and _")
        kind = MeetingType.model_validate(tomllib.loads(text))
        _compile(kind.when.titles if kind.when else ())
    except (ValueError, re.error) as error:
        why = _first_fault(error) if isinstance(error, ValidationError) else str(error)
        raise Misconfigured(
            f"the summary template {file_name} is wrong: {why}; correct or remove it"
        ) from error
    return kind


def _compile(patterns: Iterable[str]) -> None:
    for pattern in patterns:
        re.compile(pattern)


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
