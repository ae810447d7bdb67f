"""Routes of transcripts and summaries: read, made anew, deleted."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import PlainTextResponse
from pydantic import Field, StringConstraints

from agent.lifecycle.aftermath.entries import as_entry
from agent.lifecycle.aftermath.productions import Progress, Standing, Words
from agent.model.summary import Summary
from agent.rules import transcript_forms
from agent.web.auth import AskedFirst, TheAsker
from agent.web.bots_v1.schemas import AN_INSTANT
from agent.web.desk import TheDesk
from agent.web.problems import answers
from agent.web.wire import Asked, Id, Language, Told

router = APIRouter(prefix="/v1/transcripts", tags=["transcripts"], route_class=AskedFirst)
summaries_router = APIRouter(prefix="/v1/summaries", tags=["summaries"], route_class=AskedFirst)
Template = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The transcript in the form that was asked for.",
        "content": {"text/plain": {}, "text/vtt": {}, "application/x-subrip": {}},
    }
}


class TranscribeRequest(Asked):
    """How to transcribe."""

    language: Language | None = Field(
        None, examples=["en"], description="Of the speech; else it is found out."
    )


class TranscriptEntry(Told):
    """One thing that was said; times are seconds from the first word."""

    ordinal: int = Field(examples=[1])
    speaker: str = Field(examples=["Host Person"])
    text: str = Field(examples=["Let us begin."])
    language: str | None = None
    start_time: float
    end_time: float
    spoken_at: datetime = Field(examples=[AN_INSTANT])


class TranscriptAnswer(Told):
    """A whole transcript. `source`: meet, captions or recording."""

    bot_id: int
    meeting_title: str
    source: str = Field(examples=["meet"])
    started_at: datetime = Field(examples=[AN_INSTANT])
    entries: list[TranscriptEntry]


class TranscriptStatus(Told):
    """How far a transcript is. NONE: there is none, and none is being made."""

    bot_id: int
    status: Progress
    source: str | None = None
    entries: int
    error: str | None = None
    requested_at: datetime | None = None
    finished_at: datetime | None = None


class SummarizeRequest(Asked):
    """How to summarise: by which template (auto chooses), in which language (else the meeting's)."""

    template: Template | None = Field(None, examples=["auto"])
    language: Language | None = Field(None, examples=["en"])


class SummaryAnswer(Told):
    """The newest version of a summary; each statement cites ordinals of the transcript."""

    bot_id: int
    version: int
    created_at: datetime = Field(examples=[AN_INSTANT])
    summary: Summary


class SummaryStatus(Told):
    """How far a summary is. NONE: there is none, and none is being made."""

    bot_id: int
    status: Progress
    versions: int
    requested_at: datetime | None = None
    finished_at: datetime | None = None


@router.post(
    "/{bot_id}/transcribe", status_code=202, summary="Start transcription", responses=answers(404, 409)
)
async def transcribe(
    bot_id: Id, desk: TheDesk, asker: TheAsker, body: TranscribeRequest | None = None
) -> TranscriptStatus:
    """Make the transcript anew: from the recording, else from Meet's own, else from the captions."""
    language = body.language if body else None
    return _transcript(bot_id, await desk.productions.transcribe(asker, bot_id, language))


@router.get(
    "/{bot_id}",
    summary="Get full transcript",
    response_model=TranscriptAnswer,
    responses=FORMS | answers(404),
)
async def get(
    bot_id: Id,
    desk: TheDesk,
    asker: TheAsker,
    form: Annotated[Literal["json", "text", "vtt", "srt"], Query(alias="format")] = "json",
) -> TranscriptAnswer | Response:
    """Return every word, as JSON, text, WebVTT or SubRip."""
    words = await desk.productions.words(asker, bot_id)
    if form == "json":
        return _words(words)
    entries = [as_entry(row) for row in words.entries]
    text = transcript_forms.render(form, entries, words.origin)
    return PlainTextResponse(text, media_type=transcript_forms.MEDIA_TYPES[form])


@router.get("/{bot_id}/status", summary="Get transcript status", responses=answers(404))
async def status(bot_id: Id, desk: TheDesk, asker: TheAsker) -> TranscriptStatus:
    """Return how far the transcript is."""
    return _transcript(bot_id, await desk.productions.transcript_standing(asker, bot_id))


@router.delete("/{bot_id}", status_code=204, summary="Delete transcript", responses=answers(404, 409))
async def delete(bot_id: Id, desk: TheDesk, asker: TheAsker) -> None:
    """Delete every word; the summary stays until it is deleted too."""
    await desk.productions.delete_transcript(asker, bot_id)


@summaries_router.post(
    "/{bot_id}/summarize", status_code=202, summary="Generate summary", responses=answers(404, 409)
)
async def summarize(
    bot_id: Id, desk: TheDesk, asker: TheAsker, body: SummarizeRequest | None = None
) -> SummaryStatus:
    """Write another version of the summary."""
    wanted = body or SummarizeRequest()
    standing = await desk.productions.summarise(
        asker, bot_id, template=wanted.template, language=wanted.language
    )
    return _summary(bot_id, standing)


@summaries_router.get("/{bot_id}", summary="Get summary", responses=answers(404))
async def get_summary(bot_id: Id, desk: TheDesk, asker: TheAsker) -> SummaryAnswer:
    """Return the newest version."""
    found = await desk.productions.summary(asker, bot_id)
    return SummaryAnswer(
        bot_id=bot_id,
        version=found.version,
        created_at=found.created_at,
        summary=Summary.model_validate(found.body),
    )


@summaries_router.get("/{bot_id}/status", summary="Get summary status", responses=answers(404))
async def summary_status(bot_id: Id, desk: TheDesk, asker: TheAsker) -> SummaryStatus:
    """Return how far the summary is."""
    return _summary(bot_id, await desk.productions.summary_standing(asker, bot_id))


@summaries_router.delete("/{bot_id}", status_code=204, summary="Delete summary", responses=answers(404, 409))
async def delete_summary(bot_id: Id, desk: TheDesk, asker: TheAsker) -> None:
    """Delete every version."""
    await desk.productions.delete_summary(asker, bot_id)


def _words(words: Words) -> TranscriptAnswer:
    return TranscriptAnswer(
        bot_id=words.job.id or 0,
        meeting_title=words.job.title,
        source=words.job.transcript_source,
        started_at=words.origin,
        entries=[entry_answer(row, words.origin) for row in words.entries],
    )


def entry_answer(row: Any, origin: datetime) -> TranscriptEntry:
    """Return one stored entry as it is shown."""
    return TranscriptEntry(
        ordinal=row.ordinal,
        speaker=row.speaker,
        text=row.text,
        language=row.language,
        start_time=transcript_forms.offset(row.started_at, origin),
        end_time=transcript_forms.offset(row.ended_at, origin),
        spoken_at=row.started_at,
    )


def _transcript(bot_id: int, standing: Standing) -> TranscriptStatus:
    return TranscriptStatus(
        bot_id=bot_id,
        status=standing.progress,
        source=standing.source or None,
        entries=standing.count,
        error=standing.error or None,
        requested_at=standing.asked_at,
        finished_at=standing.finished_at,
    )


def _summary(bot_id: int, standing: Standing) -> SummaryStatus:
    return SummaryStatus(
        bot_id=bot_id,
        status=standing.progress,
        versions=standing.count,
        requested_at=standing.asked_at,
        finished_at=standing.finished_at,
    )
