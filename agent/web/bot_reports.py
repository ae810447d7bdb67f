"""Reports of bots that run elsewhere: the lifecycle, in order, from inside the house."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from agent.errors import Invalid
from agent.lifecycle.ingest import Line, Move, Report
from agent.model.account import Principal, Scope
from agent.model.call import Captioned, Enter
from agent.model.states import FailureCode, State, Told
from agent.web.auth import asker_with
from agent.web.desk import TheDesk
from agent.web.problems import answers
from agent.web.wire import Asked, Instant

router = APIRouter(prefix="/api/v1", tags=["ingest"])
Short = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
Long = Annotated[str, StringConstraints(max_length=20_000, pattern=r"^[^\x00]*$")]
Bot = Annotated[Principal, Depends(asker_with(Scope.INGEST))]


class StateTold(Asked):
    """The bot moved on. `failed` needs a failureCode."""

    kind: Literal["state"]
    state: Literal["queued", "joining", "waiting", "in_call", "recording", "finalizing", "failed"]
    end_reason: Short | None = None
    failure_code: FailureCode | None = None
    detail: Short = ""


class LineTold(Asked):
    """A line for the timeline."""

    kind: Literal["timeline"]
    line: Told
    data: dict[str, JsonValue] = Field(default_factory=dict)


class ConsentTold(Asked):
    """An entry of the consent ledger: what was shown, who answered what."""

    kind: Literal["consent"]
    outcome: Literal["announced", "asked", "granted", "declined", "withdrawn", "opted_out", "unanswered"]
    who: Short = ""
    words: Long = ""
    message: Long = ""
    language: Annotated[str, StringConstraints(min_length=2, max_length=35, pattern=r"^[A-Za-z-]+$")] = "en"
    channel: Literal["chat", "api", "page", "mail"] = "chat"


class CaptionTold(Asked):
    """An utterance; the same id again is the same one, grown or corrected."""

    kind: Literal["caption"]
    id: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
    speaker: Short
    text: Long
    started_at: Instant
    ended_at: Instant
    language: Short | None = None


class ReportTold(Asked):
    """One report. `sequence` counts the reports about a job from 1 without a gap."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "jobId": "job_01J00000000000000000000000",
                    "sequence": 1,
                    "event": {"kind": "state", "state": "joining"},
                }
            ]
        }
    )

    job_id: Annotated[str, StringConstraints(max_length=64)]
    sequence: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
    event: Annotated[StateTold | LineTold | ConsentTold | CaptionTold, Field(discriminator="kind")]


class ReceiptShown(BaseModel):
    """What became of a report, and which is due next. `repeated`: it had come before and was not counted again."""

    accepted: bool = True
    repeated: bool
    next_sequence: int = Field(serialization_alias="nextSequence")
    state: str


@router.post("/ingest", summary="Bot lifecycle ingest", responses=answers(404, 409))
async def ingest(body: ReportTold, desk: TheDesk, _bot: Bot) -> ReceiptShown:
    """Take a report in. Out of order, contradicting, or forbidden by state or consent: 409, and nothing happens."""
    report = Report(body.job_id, body.sequence, _told(body.event), body.event.model_dump(mode="json"))
    receipt = await desk.ingest.take(report)
    return ReceiptShown(
        repeated=receipt.repeated, next_sequence=receipt.next_sequence, state=receipt.state.value
    )


def _told(event: StateTold | LineTold | ConsentTold | CaptionTold) -> Any:
    match event:
        case StateTold():
            if (event.state == "failed") != (event.failure_code is not None):
                raise Invalid("A failure needs a failureCode, and only a failure has one.")
            return Move(State(event.state), event.end_reason, event.failure_code, event.detail)
        case LineTold():
            return Line(event.line, dict(event.data))
        case ConsentTold():
            return Enter(**event.model_dump(exclude={"kind"}))
        case CaptionTold():
            return Captioned(at=event.ended_at, **event.model_dump(exclude={"kind"}))
