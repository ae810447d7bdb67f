"""A question to the model until its answer can be used: asked, and once more with what was wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.errors import Invalid
from agent.model.summary import Note
from agent.summary.client import ChatModel, TooLong
from agent.summary.prompt import Message, for_repair
from agent.summary.schema import Shape, read_answer, schema_of


@dataclass
class Cost:
    """What all questions to one end took, and what went wrong on the way."""

    input_tokens: int = 0
    output_tokens: int = 0
    notes: list[Note] = field(default_factory=list)


class Conversation:
    """Takes only answers that fit their schema."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    async def answered(self, shape: type[Shape], messages: Sequence[Message], cost: Cost) -> Shape:
        """Return the model's answer as a `shape`. Raises what `ChatModel.ask` raises, and `Invalid` after one repair."""
        said = ""
        try:
            said = await self._told(shape, messages, cost)
            return read_answer(shape, said)
        except TooLong:
            raise
        except Invalid as error:
            again = for_repair(messages, said or "(nothing)", error.full)
        return read_answer(shape, await self._told(shape, again, cost))

    async def _told(self, shape: type[Shape], messages: Sequence[Message], cost: Cost) -> str:
        reply = await self._model.ask(messages, schema_of(shape))
        cost.input_tokens += reply.input_tokens
        cost.output_tokens += reply.output_tokens
        return reply.text
