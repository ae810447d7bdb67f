"""The public side of a share: JSON for programs, a page for people, the recording for both."""

import base64
import hashlib
from datetime import datetime
from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, Form, Header, Path, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from jinja2 import Environment, PackageLoader
from pydantic import Field

from agent.lifecycle.aftermath.sharing import PasswordNeeded, Shared
from agent.model.summary import Summary
from agent.web.bots_v1.recordings import STREAMED, WhichPart
from agent.web.bots_v1.schemas import AN_INSTANT
from agent.web.bots_v1.seekable import Seekable, sent
from agent.web.bots_v1.transcripts import TranscriptEntry, entry_answer
from agent.web.desk import Desk, TheDesk
from agent.web.problems import Problem, answers
from agent.web.quota import address
from agent.web.refusal import is_for_people
from agent.web.wire import LARGEST_ID, Told

router = APIRouter(prefix="/v1/share", tags=["share"])
Token = Annotated[str, Path(min_length=1, max_length=100)]
PAGES = Environment(loader=PackageLoader("agent.web.bots_v1", "."), autoescape=True)
STYLE = files("agent.web.bots_v1").joinpath("share.css").read_text("utf-8")
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
SAFE = {
    "Cache-Control": "no-store",
    "Vary": "Accept",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": "default-src 'none'; media-src 'self'; form-action 'self'; base-uri 'none'; "
    f"frame-ancestors 'none'; style-src 'sha256-{STYLE_HASH}'",
}
BOTH: dict[int | str, dict[str, Any]] = {
    200: {"description": "What is shared, as JSON or as a page.", "content": {"text/html": {}}},
    401: {"description": "The share needs its password.", "model": Problem, "content": {"text/html": {}}},
}


class SharedFile(Told):
    """One file of the recording. The address is good for an hour."""

    url: str
    media_type: str
    duration_seconds: float


class SharedMeeting(Told):
    """What the share shows; parts that are not shared are empty."""

    meeting_title: str
    started_at: datetime | None = Field(examples=[AN_INSTANT])
    expires_at: datetime = Field(examples=[AN_INSTANT])
    recordings: list[SharedFile]
    transcript: list[TranscriptEntry]
    summary: Summary | None


@router.get(
    "/{token}",
    summary="Access shared recording",
    response_model=SharedMeeting,
    responses=answers(404) | BOTH,
)
async def look(
    token: Token,
    request: Request,
    desk: TheDesk,
    password: Annotated[
        str | None, Header(alias="X-Share-Password", max_length=256, description="If it has one.")
    ] = None,
) -> Response:
    """Show what is shared: a page to browsers, JSON to everybody else."""
    desk.quotas.spend_as_stranger(request, "share")
    return await _answer(token, password, request, desk)


@router.post(
    "/{token}",
    summary="Access shared recording with its password",
    response_model=SharedMeeting,
    responses=answers(404) | BOTH,
)
async def unlock(
    token: Token, request: Request, desk: TheDesk, password: Annotated[str, Form(max_length=256)] = ""
) -> Response:
    """Show what is shared to who typed the password into the page's form."""
    desk.quotas.spend_as_stranger(request, "share")
    return await _answer(token, password, request, desk)


@router.get(
    "/{token}/recording",
    summary="Stream shared recording",
    response_class=FileResponse,
    responses=STREAMED | answers(404),
)
async def stream(
    token: Token,
    desk: TheDesk,
    request: Request,
    expires: Annotated[int, Query(ge=0, le=LARGEST_ID)],
    signature: Annotated[str, Query(max_length=100)],
    part: WhichPart = 1,
) -> Seekable:
    """Send the file, or a range of it, by the link that the share gave."""
    desk.quotas.spend_as_stranger(request, "share")
    bot_id = await desk.sharing.job_of(token)
    desk.recordings.check(f"share:{token}:{part}", expires, signature)
    answer = await sent(await desk.recordings.media_of_job(bot_id, part))
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def _answer(token: str, password: str | None, request: Request, desk: Desk) -> Response:
    wants_page = is_for_people(request.scope)
    try:
        shown = _shown(
            token, await desk.sharing.open(token, password=password, address=address(request)), desk
        )
    except PasswordNeeded as error:
        if wants_page:
            return _page("password.html.j2", 401, problem=error.safe if password else "")
        return JSONResponse(
            {"detail": f"{error.safe} Send it in X-Share-Password."}, status_code=401, headers=SAFE
        )
    if wants_page:
        return _page("share.html.j2", 200, meeting=shown)
    return JSONResponse(shown.model_dump(mode="json", by_alias=True), headers=SAFE)


def _page(name: str, status: int, **facts: Any) -> HTMLResponse:
    text = PAGES.get_template(name).render(style=STYLE, **facts)
    return HTMLResponse(text, status_code=status, headers=SAFE)


def _shown(token: str, shared: Shared, desk: Desk) -> SharedMeeting:
    origin = shared.entries[0].started_at if shared.entries else shared.job.starts_at
    return SharedMeeting(
        meeting_title=shared.job.title or shared.job.meeting_code,
        started_at=shared.job.admitted_at,
        expires_at=shared.link.expires_at,
        recordings=[
            SharedFile(
                url=f"{desk.choices.public_url}/share/{token}/recording"
                f"?{desk.recordings.signed(f'share:{token}:{part}')}&part={part}",
                media_type=row.media_type,
                duration_seconds=round(row.duration_seconds, 3),
            )
            for part, row in enumerate(shared.files, start=1)
        ],
        transcript=[entry_answer(row, origin) for row in shared.entries],
        summary=Summary.model_validate(shared.summary.body) if shared.summary else None,
    )
