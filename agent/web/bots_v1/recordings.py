"""Routes of recordings: what there is, links that expire, streams that can be sought in, shares."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse
from pydantic import Field

from agent.lifecycle.aftermath.recordings import Recorded
from agent.lifecycle.aftermath.sharing import Made
from agent.rules.signed_links import DOWNLOAD_LIFE
from agent.rules.transcript_forms import offset
from agent.web.auth import AskedFirst, TheAsker, admit
from agent.web.bots_v1.schemas import AN_INSTANT
from agent.web.bots_v1.seekable import Seekable, sent
from agent.web.desk import Choices, TheDesk
from agent.web.paging import ThePage
from agent.web.problems import Problem, answers
from agent.web.wire import LARGEST_ID, Asked, Id, Paged, Secret, Told

router = APIRouter(prefix="/v1/recordings", tags=["recordings"], route_class=AskedFirst)
Part = Literal["recording", "transcript", "summary"]
EVERYTHING: tuple[Part, ...] = ("recording", "transcript", "summary")
WhichPart = Annotated[
    int, Query(ge=1, le=1000, description="Which file, where the bot joined more than once.")
]
STREAMED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"video/webm": {}, "audio/webm": {}}},
    206: {"description": "The range that was asked for.", "content": {"video/webm": {}, "audio/webm": {}}},
    416: {"description": "The file has no such range.", "model": Problem},
}


class RecordingAnswer(Told):
    """A recording. A bot that joined more than once has several `parts`."""

    bot_id: int
    meeting_title: str = Field(examples=["Weekly planning"])
    platform: Literal["google"] = "google"
    recording_url: str = Field(examples=["https://meetbot.example.com/v1/recordings/1/stream"])
    duration_seconds: float = Field(examples=[1800.5])
    file_size_bytes: int = Field(examples=[52428800])
    parts: int = Field(examples=[1])
    status: Literal["DONE"] = "DONE"
    created_at: datetime = Field(examples=[AN_INSTANT])


class RecordingPage(Paged):
    """One page of recordings, newest first."""

    recordings: list[RecordingAnswer]


class Download(Told):
    """A link that needs no credentials, and for how long it is good."""

    download_url: str = Field(
        examples=["https://meetbot.example.com/v1/recordings/1/stream?expires=1&signature=a&part=1"]
    )
    expires_in_seconds: int = Field(examples=[3600])


class Timeframe(Told):
    """When somebody spoke, in seconds from the first word."""

    speaker: str = Field(examples=["Host Person"])
    start_time: float = Field(examples=[12.5])
    end_time: float = Field(examples=[15.0])


class Transcription(Told):
    """Who spoke when. The words are at /transcripts."""

    bot_id: int
    speaker_timeframes: list[Timeframe]


class ShareRequest(Asked):
    """A link for others: for how long, what it shows, and a password if it should have one."""

    expires_in_days: float = Field(7, gt=0, le=365, allow_inf_nan=False, strict=True, examples=[7])
    password: Secret | None = Field(None, examples=["correct horse battery"])
    include: list[Part] = Field(default_factory=lambda: list(EVERYTHING), min_length=1, max_length=3)


class ShareAnswer(Told):
    """A share link, and how often it was looked at."""

    bot_id: int
    share_url: str = Field(examples=["https://meetbot.example.com/share/…"])
    token: str
    include: list[str]
    has_password: bool
    views: int
    last_viewed_at: datetime | None
    created_at: datetime = Field(examples=[AN_INSTANT])
    expires_at: datetime = Field(examples=[AN_INSTANT])


@router.get("", summary="List recordings", responses=answers())
async def list_recordings(desk: TheDesk, asker: TheAsker, page: ThePage) -> RecordingPage:
    """Return one page of your recordings, newest bot first."""
    found, total = await desk.recordings.page(asker, offset=page.offset, limit=page.page_size)
    shown = [_shown(one, desk.choices) for one in found]
    return RecordingPage(recordings=shown, total=total, page=page.page, page_size=page.page_size)


@router.get("/{bot_id}", summary="Get recording info", responses=answers(404))
async def get(bot_id: Id, desk: TheDesk, asker: TheAsker) -> RecordingAnswer:
    """Return one recording."""
    return _shown(await desk.recordings.get(asker, bot_id), desk.choices)


@router.get("/{bot_id}/download", summary="Get download URL", responses=answers(404))
async def download(bot_id: Id, desk: TheDesk, asker: TheAsker, part: WhichPart = 1) -> Download:
    """Return a link that lets anybody who has it fetch the file for an hour."""
    query = await desk.recordings.link(asker, bot_id, part)
    return Download(
        download_url=f"{desk.choices.public_url}/v1/recordings/{bot_id}/stream?{query}",
        expires_in_seconds=int(DOWNLOAD_LIFE.total_seconds()),
    )


@router.get("/{bot_id}/transcription", summary="Get transcription", responses=answers(404))
async def transcription(bot_id: Id, desk: TheDesk, asker: TheAsker) -> Transcription:
    """Return who spoke when."""
    words = await desk.productions.words(asker, bot_id)
    frames = [
        Timeframe(
            speaker=entry.speaker,
            start_time=offset(entry.started_at, words.origin),
            end_time=offset(entry.ended_at, words.origin),
        )
        for entry in words.entries
    ]
    return Transcription(bot_id=bot_id, speaker_timeframes=frames)


@router.get(
    "/{bot_id}/stream",
    summary="Stream recording video",
    response_class=FileResponse,
    responses=STREAMED | answers(404),
    openapi_extra={"security": [{"bearerAuth": []}, {}]},
)
async def stream(
    bot_id: Id,
    request: Request,
    desk: TheDesk,
    part: WhichPart = 1,
    expires: Annotated[int | None, Query(ge=0, le=LARGEST_ID, description="From the download link.")] = None,
    signature: Annotated[str | None, Query(max_length=100, description="From the download link.")] = None,
) -> Seekable:
    """Send the file, or a range of it, to its owner or to whoever has a download link."""
    if signature is not None:
        return await sent(await desk.recordings.media_by_link(bot_id, part, expires or 0, signature))
    return await sent(await desk.recordings.media(await admit(request), bot_id, part))


@router.delete("/{bot_id}", status_code=204, summary="Delete recording", responses=answers(404, 409))
async def delete(bot_id: Id, desk: TheDesk, asker: TheAsker) -> None:
    """Delete the files. The transcript and the summary stay."""
    await desk.recordings.delete(asker, bot_id)


@router.post("/{bot_id}/share", status_code=201, summary="Create share link", responses=answers(404))
async def share(bot_id: Id, desk: TheDesk, asker: TheAsker, body: ShareRequest | None = None) -> ShareAnswer:
    """Make a link that shows this meeting to whoever has it; the one before is revoked."""
    wanted = body or ShareRequest()
    made = await desk.sharing.make(
        asker, bot_id, days=wanted.expires_in_days, password=wanted.password, parts=wanted.include
    )
    return _shared(made, desk.choices)


@router.get("/{bot_id}/share", summary="Get share link", responses=answers(404))
async def get_share(bot_id: Id, desk: TheDesk, asker: TheAsker) -> ShareAnswer:
    """Return the live link of this meeting."""
    return _shared(await desk.sharing.get(asker, bot_id), desk.choices)


@router.delete("/{bot_id}/share", status_code=204, summary="Delete share link", responses=answers(404))
async def unshare(bot_id: Id, desk: TheDesk, asker: TheAsker) -> None:
    """Revoke the link; who has it gets 404 from now on."""
    await desk.sharing.revoke(asker, bot_id)


def _shown(found: Recorded, choices: Choices) -> RecordingAnswer:
    bot_id = found.job.id or 0
    return RecordingAnswer(
        bot_id=bot_id,
        meeting_title=found.job.title,
        recording_url=f"{choices.public_url}/v1/recordings/{bot_id}/stream",
        duration_seconds=round(found.duration_seconds, 3),
        file_size_bytes=found.size_bytes,
        parts=len(found.files),
        created_at=found.files[0].created_at,
    )


def _shared(made: Made, choices: Choices) -> ShareAnswer:
    link = made.link
    return ShareAnswer(
        bot_id=link.job_id,
        share_url=f"{choices.public_url}/share/{made.token}",
        token=made.token,
        include=[str(part) for part in link.parts],
        has_password=made.has_password,
        views=link.views,
        last_viewed_at=link.last_viewed_at,
        created_at=link.created_at,
        expires_at=link.expires_at,
    )
