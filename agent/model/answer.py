"""The answer to a question about a meeting, each statement of which points at the entries it rests on."""

from pydantic import BaseModel, ConfigDict

from agent.model.summary import Statement


class Answer(BaseModel):
    """`engine` is openai or extractive; without `statements` the meeting does not say."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    statements: tuple[Statement, ...] = ()
    engine: str = "extractive"
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    notes: tuple[str, ...] = ()
