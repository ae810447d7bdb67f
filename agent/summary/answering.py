"""Questions about one meeting, answered by a model from the lines that bear on them, and checked like a summary."""

import asyncio
from collections.abc import Sequence

from agent.errors import MeetbotError
from agent.model.answer import Answer
from agent.model.summary import Brief, Statement, Summary
from agent.model.transcript import Entry
from agent.rules.grounding import grounded
from agent.rules.retrieval import relevant, with_neighbours
from agent.summary.client import ChatModel
from agent.summary.conversation import Conversation, Cost
from agent.summary.language import detected_in
from agent.summary.prompt import for_question
from agent.summary.reduce import chunks
from agent.summary.schema import AnsweredQuestion

_LONGEST_QUESTION = 1_000
_FRAME_TOKENS = 3_000  # rules, question and answer
_BEST_LINES = 40
_AROUND = 2
_STATEMENTS = 4
_QUOTED = 3


class OpenAIAnswerer:
    """Fits `ports.Answerer`. Where the model fails, quotes the lines that speak of what is asked. Close it."""

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str,
        *,
        timeout_seconds: float = 60.0,
        window_tokens: int = 32_000,
    ) -> None:
        self._model = ChatModel(base_url, model, api_key, timeout_seconds=timeout_seconds)
        self._conversation = Conversation(self._model)
        self._window = window_tokens

    async def aclose(self) -> None:
        """Close all connections."""
        await self._model.aclose()

    async def answer(self, question: str, brief: Brief, entries: Sequence[Entry]) -> Answer:
        """Return what the meeting says about `question`, each statement checked; none where it says nothing."""
        asked = question[:_LONGEST_QUESTION]
        cost = Cost()
        try:
            return await self._by_model(asked, brief, entries, cost)
        except MeetbotError as error:
            why = error.safe
        plain = await asyncio.to_thread(quoted, asked, brief, entries)
        note = f"This answer was found without the language model: {why}."
        tokens = {"input_tokens": cost.input_tokens, "output_tokens": cost.output_tokens}
        return plain.model_copy(update={"notes": (note,), **tokens})

    async def _by_model(self, question: str, brief: Brief, entries: Sequence[Entry], cost: Cost) -> Answer:
        ordinals = await asyncio.to_thread(self._bearing, question, entries)
        if not ordinals:
            return Answer(engine="openai", model=self._model.name)
        messages = for_question(question, brief, entries, ordinals, _STATEMENTS)
        reply = await self._conversation.answered(AnsweredQuestion, messages, cost)
        said = tuple(Statement(**one.model_dump()) for one in reply.statements)
        return Answer(
            statements=await asyncio.to_thread(_checked, said, brief, entries),
            engine="openai",
            model=self._model.name,
            input_tokens=cost.input_tokens,
            output_tokens=cost.output_tokens,
        )

    def _bearing(self, question: str, entries: Sequence[Entry]) -> list[int]:
        """The ordinals of all entries where the model can read them, else of those that bear on the question."""
        if not entries:
            return []
        budget = max(self._window - _FRAME_TOKENS, _FRAME_TOKENS)
        if len(chunks(entries, budget)) == 1:
            return list(range(1, len(entries) + 1))
        best = relevant(question, [f"{entry.speaker} {entry.text}" for entry in entries], _BEST_LINES)
        near = with_neighbours(best, _AROUND, len(entries))
        return near[: chunks([entries[n - 1] for n in near], budget)[0].stop] if near else []


def quoted(question: str, brief: Brief, entries: Sequence[Entry]) -> Answer:
    """Return the lines that speak of what is asked, word for word."""
    best = relevant(question, [f"{entry.speaker} {entry.text}" for entry in entries], _QUOTED)
    said = tuple(Statement(text=entries[n - 1].text[:1000], cites=(n,)) for n in sorted(best))
    return Answer(statements=_checked(said, brief, entries))


def _checked(said: tuple[Statement, ...], brief: Brief, entries: Sequence[Entry]) -> tuple[Statement, ...]:
    # Answered in the language of the question, which nobody tells.
    language = detected_in(" ".join(one.text for one in said))
    return grounded(Summary(title="", tldr=said, language=language), entries, brief).summary.tldr
