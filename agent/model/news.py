"""What a bot tells of its stay at one meeting, for whoever keeps the books of it: beside it, or at the end of a wire.

The last news of a stay is `LeftCall`, `GaveUp` or `HandedBack`; nothing follows it. On the wire names are camelCase.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from agent.model.states import EndReason, FailureCode, Told


def _kept(text: str) -> str:
    """Return a text without what no database keeps; a page may show anything, also half of an emoji that it cut."""
    return text.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _plain(value: Any) -> Any:
    """Drop what no database keeps from a JSON value, however deep it stands."""
    match value:
        case str():
            return _kept(value)
        case float() if not math.isfinite(value):
            return None
        case list() | tuple():
            return [_plain(one) for one in value]
        case dict():
            return {_plain(name): _plain(one) for name, one in value.items()}
    return value


Text = Annotated[str, AfterValidator(_kept)]
Data = Annotated[dict[str, JsonValue], BeforeValidator(_plain)]


class _News(BaseModel):
    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, extra="forbid", ser_json_inf_nan="null"
    )


class Line(_News):
    """A line for the timeline."""

    kind: Literal["timeline"] = "timeline"
    line: Told
    data: Data = Field(default_factory=dict)


class Reached(_News):
    """The bot got somewhere; `line` and `data` say in the timeline how."""

    kind: Literal["state"] = "state"
    state: Literal["waiting", "in_call", "recording"]
    line: Told
    data: Data = Field(default_factory=dict)


class LedgerEntry(_News):
    """An entry of the consent ledger: what was shown, who answered what in which words."""

    kind: Literal["consent"] = "consent"
    outcome: Literal["announced", "asked", "granted", "declined", "withdrawn", "opted_out", "unanswered"]
    who: Text = ""
    words: Text = ""
    message: Text = ""
    language: Text = "en"
    channel: Literal["", "chat", "api", "page", "mail", "platform"] = "chat"


class Finding(_News):
    """What the rules want remembered. A rival that was seen is told to those who listen."""

    kind: Literal["finding"] = "finding"
    line: Told
    data: Data = Field(default_factory=dict)


class Attendee(_News):
    """One row of the roster. `key` is the page's own; `verdict` human, rival, pseudo or self, by which `rule`."""

    key: Text
    name: Text
    is_host: bool = False
    verdict: Text
    rule: Text = ""


class Attendance(_News):
    """Who is there. A look that is not `certain` ends nobody's presence, since a row may only be hidden."""

    kind: Literal["attendance"] = "attendance"
    at: AwareDatetime
    people: tuple[Attendee, ...]
    certain: bool


class Utterance(_News):
    """What somebody said; the same id again is the same one, grown or corrected."""

    id: Text
    speaker: Text
    text: Text
    started_at: AwareDatetime
    ended_at: AwareDatetime
    language: Text | None = None


class Words(_News):
    """What was said of late. Kept only where the ledger allows it."""

    kind: Literal["words"] = "words"
    utterances: tuple[Utterance, ...]


class WordsForgotten(_News):
    """Every word taken from this call is to be deleted."""

    kind: Literal["words_forgotten"] = "words_forgotten"


class LobbyNudge(_News):
    """The inviter is to be asked by mail to let the bot in."""

    kind: Literal["lobby_nudge"] = "lobby_nudge"


class QuestionByMail(_News):
    """The question of consent is to be put to the inviter by mail."""

    kind: Literal["question_by_mail"] = "question_by_mail"
    question: Text


class LeftCall(_News):
    """The stay is over."""

    kind: Literal["left"] = "left"
    reason: EndReason
    detail: Text = ""


class GaveUp(_News):
    """The bot did not get in, or what broke ended its stay. `retry`: another try is fair."""

    kind: Literal["gave_up"] = "gave_up"
    code: FailureCode
    detail: Text = ""
    retry: bool = False


class HandedBack(_News):
    """The bot goes without having ended its stay: another is to come in its place. This is no failed try."""

    kind: Literal["handed_back"] = "handed_back"
    reason: Text


Ending = LeftCall | GaveUp | HandedBack
News = (
    Line
    | Reached
    | LedgerEntry
    | Finding
    | Attendance
    | Words
    | WordsForgotten
    | LobbyNudge
    | QuestionByMail
    | LeftCall
    | GaveUp
    | HandedBack
)
AnyNews = Annotated[News, Field(discriminator="kind")]


class Report(_News):
    """One piece of news on its way. `sequence` counts those about a job from 1 without a gap; `lease` is the bot's right."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "jobId": "job_01J00000000000000000000000",
                    "lease": "b7c0f2d4a9e84c55a1f0c7d2e3b4a596",
                    "sequence": 1,
                    "event": {"kind": "timeline", "line": "knocked"},
                }
            ]
        }
    )

    job_id: Annotated[str, Field(max_length=64)]
    lease: Annotated[str, Field(max_length=64)]
    sequence: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
    event: AnyNews


class Receipt(_News):
    """What became of a report, and which number is due next. `repeated`: it had come before and was not counted again."""

    model_config = ConfigDict(extra="ignore")

    repeated: bool
    next_sequence: int
    state: str
