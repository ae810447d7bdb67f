"""A summary, each of whose statements points at the transcript entries it rests on."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Cited(BaseModel):
    """Base of every statement: `cites` are entry ordinals (1 is the first), `verified` is set by the grounding check."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    cites: tuple[int, ...] = ()
    verified: bool = True


class Topic(Cited):
    """A stretch of the meeting; times are seconds from the first entry."""

    title: str = Field(max_length=200)
    points: tuple[str, ...] = ()
    start_seconds: float = 0.0
    end_seconds: float = 0.0


class Decision(Cited):
    """Something that was decided, by whom where that was said."""

    text: str = Field(max_length=600)
    agreed_by: tuple[str, ...] = ()


class ActionItem(Cited):
    """Something somebody will do. Owner and due only where they were said."""

    text: str = Field(max_length=600)
    owner: str | None = Field(default=None, max_length=120)
    due: str | None = Field(default=None, max_length=120)


class Question(Cited):
    """A question that stayed open."""

    text: str = Field(max_length=600)


class Statement(Cited):
    """One sentence of the TL;DR."""

    text: str = Field(max_length=1000)


class NoteKind(StrEnum):
    """What a note on a summary tells. Clients must treat it as an open-ended string."""

    MODEL_BUSY = "model_busy"
    MODEL_DENIED = "model_denied"
    MODEL_MISSET = "model_misset"
    MODEL_TOO_SMALL = "model_too_small"
    MODEL_UNUSABLE = "model_unusable"
    PARTS_JOINED = "parts_joined"
    FOREIGN = "foreign"
    UNVERIFIED = "unverified"
    NOTHING_SAID = "nothing_said"
    UNKNOWN_LANGUAGE = "unknown_language"
    NOT_TRANSLATED = "not_translated"


# The model failed, and the embedded engine served.
FELL_BACK = frozenset(kind for kind in NoteKind if kind.startswith("model_"))


class Note(BaseModel):
    """What the reader should know of a summary: `text` says it in English and in full, `count` of how many statements."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: NoteKind
    text: str
    count: int = 0


class Summary(BaseModel):
    """The whole. `engine` is openai or extractive, `language` a BCP-47 code."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: str = Field(max_length=200)
    tldr: tuple[Statement, ...] = ()
    topics: tuple[Topic, ...] = ()
    decisions: tuple[Decision, ...] = ()
    action_items: tuple[ActionItem, ...] = ()
    open_questions: tuple[Question, ...] = ()
    engine: str = "extractive"
    model: str = ""
    language: str = "en"
    template: str = "general"
    input_tokens: int = 0
    output_tokens: int = 0
    notes: tuple[Note, ...] = ()

    def statements(self) -> tuple[Cited, ...]:
        """Every cited statement, in reading order."""
        return (*self.tldr, *self.topics, *self.decisions, *self.action_items, *self.open_questions)


class Brief(BaseModel):
    """What a summariser is told beside the transcript; all of it is data from outside, never instructions."""

    model_config = ConfigDict(frozen=True)
    meeting_title: str
    started_at: str = ""  # ISO 8601
    roster: tuple[str, ...] = ()
    language: str | None = None
    template: str = "general"
    previous_actions: tuple[str, ...] = ()
