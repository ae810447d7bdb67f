"""Routes that read what a job has made."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from agent.errors import Missing
from agent.rules import ledger_forms
from agent.web.auth import AskedFirst, TheAsker
from agent.web.desk import TheDesk
from agent.web.jobs import views
from agent.web.jobs.reading import (
    Explanation,
    JobSummary,
    SentList,
    TimelinePage,
    TranscriptPage,
)
from agent.web.jobs.routes import JobId
from agent.web.jobs.schemas import Accepted
from agent.web.paging import ThePage
from agent.web.problems import answers

router = APIRouter(prefix="/api/v1", route_class=AskedFirst)
CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


@router.get(
    "/jobs/{job_id}/transcript", tags=["recordings"], summary="Read the transcript", responses=answers(404)
)
async def transcript(job_id: JobId, desk: TheDesk, asker: TheAsker, page: ThePage) -> TranscriptPage:
    """Return one page of what was said, in time order."""
    job, found, total = await asyncio.to_thread(
        lambda: desk.queries.transcript(asker, job_id, offset=page.offset, limit=page.page_size)
    )
    return TranscriptPage(
        source=job.transcript_source,
        entries=[views.entry(said) for said in found],
        total=total,
        page=page.page,
        page_size=page.page_size,
    )


@router.get("/jobs/{job_id}/summary", tags=["recordings"], summary="Read the summary", responses=answers(404))
async def summary(
    job_id: JobId,
    desk: TheDesk,
    asker: TheAsker,
    version: Annotated[int | None, Query(ge=1, le=10_000, description="The newest when left out.")] = None,
) -> JobSummary:
    """Return the newest summary, or one version of it."""
    return views.summary(await asyncio.to_thread(desk.queries.summary, asker, job_id, version))


@router.get(
    "/jobs/{job_id}/manifest", tags=["recordings"], summary="Read the manifest", responses=answers(404)
)
async def manifest(job_id: JobId, desk: TheDesk, asker: TheAsker) -> dict[str, Any]:
    """Return what a finished job left behind: timings, consent, roster, transcript, summary, files."""
    job = await asyncio.to_thread(desk.queries.job, asker, job_id)
    if not job.manifest:
        raise Missing("The job has no manifest; it is written when the job completes.")
    return dict(job.manifest)


@router.get(
    "/jobs/{job_id}/consent.csv",
    tags=["bots"],
    summary="Export the consent ledger",
    response_class=Response,
    responses=CSV | answers(404),
)
async def consent_ledger(job_id: JobId, desk: TheDesk, asker: TheAsker) -> Response:
    """Return every entry as a line of CSV: when, what, who, their words, what they had been shown, language, door."""
    found = await asyncio.to_thread(desk.queries.ledger, asker, job_id)
    text = ledger_forms.as_csv({**entry.model_dump(), "at": entry.at.isoformat()} for entry in found)
    named = {"Content-Disposition": f'attachment; filename="consent-{job_id}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=named)


@router.get("/jobs/{job_id}/events", tags=["bots"], summary="Read the timeline", responses=answers(404))
async def events(job_id: JobId, desk: TheDesk, asker: TheAsker, page: ThePage) -> TimelinePage:
    """Return one page of everything that happened to the job, oldest first."""
    found, total = await asyncio.to_thread(
        lambda: desk.queries.timeline(asker, job_id, offset=page.offset, limit=page.page_size)
    )
    lines = [views.line_of(line) for line in found]
    return TimelinePage(events=lines, total=total, page=page.page, page_size=page.page_size)


@router.get(
    "/jobs/{job_id}/explain", tags=["bots"], summary="Explain why a job is as it is", responses=answers(404)
)
async def explain(job_id: JobId, desk: TheDesk, asker: TheAsker) -> Explanation:
    """Return the invitations behind the job, each rule that was evaluated with its result, and the timeline."""
    return views.why(await asyncio.to_thread(desk.queries.explain, asker, job_id))


@router.get(
    "/jobs/{job_id}/deliveries",
    tags=["webhooks"],
    summary="List a job's deliveries with every attempt",
    responses=answers(404),
)
async def job_deliveries(job_id: JobId, desk: TheDesk, asker: TheAsker) -> SentList:
    """Return every mail and webhook of the job."""
    found = await asyncio.to_thread(desk.queries.deliveries_of, asker, job_id)
    return SentList(deliveries=[views.sent(delivery, attempts) for delivery, attempts in found])


@router.post(
    "/deliveries/{delivery_id}/resend",
    tags=["webhooks"],
    status_code=202,
    summary="Send a delivery again",
    responses=answers(404, 409),
)
async def resend_delivery(
    delivery_id: Annotated[str, Path(max_length=64)], desk: TheDesk, asker: TheAsker
) -> Accepted:
    """Send it once more under the same id, so that a receiver who has it can tell."""
    await desk.commands.resend(asker, delivery_id)
    return Accepted()
