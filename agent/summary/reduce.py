"""A whole meeting through a model of limited window: at once where it fits, else in parts that are merged."""

import asyncio
import math
import re
from collections.abc import Sequence
from typing import TypeVar

from agent.errors import MeetbotError
from agent.model.summary import Note, NoteKind
from agent.model.transcript import Entry
from agent.summary import prompt
from agent.summary.client import TooLong
from agent.summary.conversation import Conversation, Cost
from agent.summary.prompt import Task
from agent.summary.schema import Answer, AnsweredAction, AnsweredDecision, AnsweredStatement

T = TypeVar("T", AnsweredAction, AnsweredDecision, AnsweredStatement)

_ANSWER_TOKENS = 4_000
_FRAME_TOKENS = 1_500  # rules, details and schema
_ENTRY_TOKENS = 25  # keys, numbers and quote marks of one entry
_LEAST_WINDOW = 4_000
_OVERLAP = 2
_DENSE = re.compile(r"[^\x00-\u024f]")


def tokens_of(text: str) -> int:
    """Estimate tokens, rather too many: four characters each in Latin writing, one each elsewhere."""
    dense = len(_DENSE.findall(text))
    return math.ceil((len(text) - dense) / 3.6 + dense)


def chunks(entries: Sequence[Entry], budget_tokens: int) -> list[range]:
    """Cut the meeting into runs of entries (as 0-based ranges) within the budget, each overlapping the last a little."""
    sizes = [_ENTRY_TOKENS + tokens_of(entry.speaker + entry.text) for entry in entries]
    found, start, used = [], 0, 0
    for n, size in enumerate(sizes):
        if used + size > budget_tokens and n > start:
            found.append(range(start, n))
            start = max(start + 1, n - _OVERLAP)
            used = sum(sizes[start:n])
        used += size
    found.append(range(start, len(entries)))
    return found


class Reducer:
    """Asks the model as often as the length of the meeting needs."""

    def __init__(self, model: Conversation, window_tokens: int) -> None:
        self._model = model
        self._window = window_tokens

    async def summarise(self, task: Task, entries: Sequence[Entry], cost: Cost) -> Answer:
        """Return the model's answer for the whole meeting. Raises what `Conversation.answered` raises."""
        window = self._window
        while True:
            try:
                return await self._within(window, task, entries, cost)
            except TooLong:
                window //= 2
                if window < _LEAST_WINDOW:
                    raise

    async def _within(self, window: int, task: Task, entries: Sequence[Entry], cost: Cost) -> Answer:
        budget = max(window - _ANSWER_TOKENS - _FRAME_TOKENS, _LEAST_WINDOW // 4)
        parts = chunks(entries, budget)
        if len(parts) == 1:
            return await self._model.answered(Answer, prompt.for_entries(task, entries, parts[0]), cost)
        asked = [
            self._model.answered(Answer, prompt.for_entries(task, entries, part), cost) for part in parts
        ]
        tasks = [asyncio.create_task(one) for one in asked]
        try:
            notes = list(await asyncio.gather(*tasks))
        finally:
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return await self._merged(task, notes, budget, cost)

    async def _merged(self, task: Task, notes: list[Answer], budget: int, cost: Cost) -> Answer:
        """Merge by the model, in several rounds where the notes alone are too long; else by code."""
        while len(notes) > 1:
            groups = _groups(notes, budget)
            if len(groups) == len(notes):
                break
            try:
                notes = [await self._one_merged(task, group, cost) for group in groups]
            except MeetbotError as error:
                text = f"The parts of this long meeting were joined as they are: {error.safe}."
                cost.notes.append(Note(kind=NoteKind.PARTS_JOINED, text=text))
                break
        return joined(notes)

    async def _one_merged(self, task: Task, group: Sequence[Answer], cost: Cost) -> Answer:
        if len(group) == 1:
            return group[0]
        return await self._model.answered(Answer, prompt.for_parts(task, group), cost)


def _groups(notes: Sequence[Answer], budget: int) -> list[list[Answer]]:
    groups: list[list[Answer]] = [[]]
    used = 0
    for note in notes:
        size = tokens_of(note.model_dump_json())
        if groups[-1] and used + size > budget:
            groups.append([])
            used = 0
        groups[-1].append(note)
        used += size
    return groups


def joined(notes: Sequence[Answer]) -> Answer:
    """Put the notes on the parts one after the other, within the answer's limits."""
    first = notes[0]
    if len(notes) == 1:
        return first
    return Answer(
        title=first.title,
        language=first.language,
        tldr=[note.tldr[0] for note in notes if note.tldr][:8],
        topics=[topic for note in notes for topic in note.topics][:20],
        decisions=_distinct([one for note in notes for one in note.decisions])[:30],
        action_items=_distinct([one for note in notes for one in note.action_items])[:50],
        open_questions=_distinct([one for note in notes for one in note.open_questions])[:30],
    )


def _distinct(items: list[T]) -> list[T]:
    """Each text once: parts overlap, so that what was said at a seam comes twice."""
    return list({item.text.casefold(): item for item in items}.values())
