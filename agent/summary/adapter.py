"""The summarisers that the life of a job may use; both fit `ports.Summariser`."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

from agent.errors import Denied, Invalid, MeetbotError, Misconfigured, Temporary
from agent.model.summary import (
    ActionItem,
    Brief,
    Decision,
    Note,
    NoteKind,
    Question,
    Statement,
    Summary,
    Topic,
)
from agent.model.transcript import Entry
from agent.rules.folding import clean
from agent.rules.grounding import grounded
from agent.summary import meeting_types
from agent.summary.client import ChatModel, TooLong
from agent.summary.conversation import Conversation, Cost
from agent.summary.extractive import extract
from agent.summary.language import detected
from agent.summary.meeting_types import AUTO, MeetingType
from agent.summary.prompt import Task
from agent.summary.reduce import Reducer
from agent.summary.schema import Answer, AnsweredTopic

_FULL_LENGTH_MINUTES = 60.0
_FOREIGN_SHARE = 0.5
_FAILURES = (
    (Temporary, NoteKind.MODEL_BUSY),
    (Denied, NoteKind.MODEL_DENIED),
    (Misconfigured, NoteKind.MODEL_MISSET),
    (TooLong, NoteKind.MODEL_TOO_SMALL),
)
_CODE = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{2,8})*")


class _Types:
    """The templates, and the choice among them."""

    def __init__(self, template: str, directory: Path | None) -> None:
        self._types = meeting_types.load(directory)
        self._template = template

    def choose(self, brief: Brief, entries: Sequence[Entry]) -> tuple[str, MeetingType, float]:
        """Return name and template for a meeting, and its length in minutes."""
        minutes = (entries[-1].ended_at - entries[0].started_at).total_seconds() / 60
        people = len({entry.speaker for entry in entries})
        asked = brief if self._template == AUTO else brief.model_copy(update={"template": self._template})
        name = meeting_types.chosen(self._types, asked, people, minutes)
        return name, self._types[name], minutes


class ExtractiveSummariser:
    """Summarises by itself, with no model. `template` is a name or `auto`; `templates_dir` holds the user's own."""

    def __init__(self, *, template: str = AUTO, templates_dir: Path | None = None) -> None:
        self._types = _Types(template, templates_dir)

    async def aclose(self) -> None:
        """Do nothing: no connection is open."""

    async def summarise(self, brief: Brief, entries: Sequence[Entry]) -> Summary:
        """Return a summary made of sentences that were said."""
        if not entries:
            return _nothing_said(brief)
        name, kind, _ = self._types.choose(brief, entries)
        return await asyncio.to_thread(_extracted, brief, entries, kind, name)


class OpenAISummariser:
    """Summarises by a model behind any OpenAI-compatible server, checks the answer, and falls back when it must.

    `language` (BCP 47, empty: the meeting's) and `template` (`auto`: by rule) may be overruled by the brief.
    Owns its connections: close it.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str,
        *,
        fallback: ExtractiveSummariser | None = None,
        template: str = AUTO,
        templates_dir: Path | None = None,
        language: str = "",
        timeout_seconds: float = 120.0,
        window_tokens: int = 32_000,
        drop_unverified: bool = False,
    ) -> None:
        self._model = ChatModel(base_url, model, api_key, timeout_seconds=timeout_seconds)
        self._reducer = Reducer(Conversation(self._model), window_tokens)
        self._fallback = fallback or ExtractiveSummariser(template=template, templates_dir=templates_dir)
        self._types = _Types(template, templates_dir)
        self._language = language
        self._drop_unverified = drop_unverified

    async def aclose(self) -> None:
        """Close all connections."""
        await self._model.aclose()

    async def summarise(self, brief: Brief, entries: Sequence[Entry]) -> Summary:
        """Return the model's summary with every statement checked; the embedded engine's where the model fails."""
        if not entries:
            return _nothing_said(brief)
        cost = Cost()
        try:
            return await self._by_model(brief, entries, cost)
        except MeetbotError as error:
            note = _without_model(error)
        plain = await self._fallback.summarise(brief, entries)
        return plain.model_copy(
            update={
                "notes": (note, *plain.notes),
                "input_tokens": cost.input_tokens,
                "output_tokens": cost.output_tokens,
            }
        )

    async def _by_model(self, brief: Brief, entries: Sequence[Entry], cost: Cost) -> Summary:
        name, kind, minutes = self._types.choose(brief, entries)
        language = brief.language or self._language or None
        task = Task(brief, kind, language, min(1.0, minutes / _FULL_LENGTH_MINUTES))
        answer = await self._reducer.summarise(task, entries, cost)
        told = _summary(answer, entries, language).model_copy(
            update={
                "model": self._model.name,
                "template": name,
                "input_tokens": cost.input_tokens,
                "output_tokens": cost.output_tokens,
                "notes": tuple(cost.notes),
            }
        )
        findings = await asyncio.to_thread(
            grounded, told, entries, brief, drop_unverified=self._drop_unverified
        )
        if findings.foreign > findings.statements * _FOREIGN_SHARE:
            raise Invalid("its answer held addresses or markup that nobody said")
        if findings.statements - findings.foreign - findings.unverified < 1:
            raise Invalid("nothing in its answer is borne out by the transcript")
        return findings.summary


def _extracted(brief: Brief, entries: Sequence[Entry], kind: MeetingType, name: str) -> Summary:
    # What is quoted was said, yet addresses cut in two and markup typed by an attacker must not get out either.
    return grounded(extract(brief, entries, kind, name), entries, brief).summary


def _summary(answer: Answer, entries: Sequence[Entry], language: str | None) -> Summary:
    return Summary(
        title=answer.title,
        tldr=tuple(Statement(**one.model_dump()) for one in answer.tldr),
        topics=tuple(_topic(one, entries) for one in answer.topics),
        decisions=tuple(Decision(**one.model_dump()) for one in answer.decisions),
        action_items=tuple(ActionItem(**one.model_dump()) for one in answer.action_items),
        open_questions=tuple(Question(**one.model_dump()) for one in answer.open_questions),
        engine="openai",
        language=language or (answer.language if _CODE.fullmatch(answer.language) else detected(entries)),
    )


def _topic(topic: AnsweredTopic, entries: Sequence[Entry]) -> Topic:
    """The times of a topic are those of the entries it cites; a model's own sense of time is not asked."""
    cited = [entries[n - 1] for n in topic.cites if 1 <= n <= len(entries)]
    beginning = entries[0].started_at
    starts = [(entry.started_at - beginning).total_seconds() for entry in cited]
    ends = [(entry.ended_at - beginning).total_seconds() for entry in cited]
    return Topic(
        title=topic.title,
        points=tuple(topic.points),
        cites=tuple(topic.cites),
        start_seconds=min(starts, default=0.0),
        end_seconds=max(ends, default=0.0),
    )


def _nothing_said(brief: Brief) -> Summary:
    return Summary(
        title=clean(brief.meeting_title)[:120],
        notes=(Note(kind=NoteKind.NOTHING_SAID, text="Nothing was said that could be summarised."),),
    )


def _without_model(error: MeetbotError) -> Note:
    kind = next((kind for kinds, kind in _FAILURES if isinstance(error, kinds)), NoteKind.MODEL_UNUSABLE)
    return Note(kind=kind, text=f"This summary was made without the language model: {error.safe}.")
