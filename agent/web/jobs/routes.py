"""Routes that make and change jobs."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from agent.errors import Invalid
from agent.model.states import State
from agent.web.auth import AskedFirst, TheAsker
from agent.web.desk import TheDesk
from agent.web.idempotency import TheOnce
from agent.web.jobs import views
from agent.web.jobs.schemas import (
    Accepted,
    AutoLeave,
    JobAnswer,
    JobBrief,
    JobMade,
    JobPage,
    JobRequest,
    Status,
)
from agent.web.paging import ThePage
from agent.web.problems import answers

router = APIRouter(prefix="/api/v1/jobs", tags=["bots"], route_class=AskedFirst)
JobId = Annotated[str, Path(max_length=64, description="As in `job_01J…`.")]
PLATFORMS = {"google", "google-meet", "google_meet", "meet"}
STATES = {
    "queued": [State.SCHEDULED, State.QUEUED],
    "joining": [State.JOINING, State.WAITING],
    "in_call": [State.IN_CALL],
    "recording": [State.RECORDING],
    "finalizing": [State.FINALIZING],
    "completed": [State.COMPLETED],
    "failed": [State.FAILED, State.CANCELLED],
}
HOOK_NAMES = {"job.finalized": "onFinalize"}


@router.post(
    "",
    status_code=201,
    summary="Create and dispatch a meeting bot",
    responses={
        200: {"description": "The job that has this externalId already.", "model": JobMade},
        **answers(409, 422),
    },
)
async def create(
    body: JobRequest,
    desk: TheDesk,
    asker: TheAsker,
    response: Response,
    once: TheOnce,
) -> JobMade:
    """Make a job; the bot knocks at `joinAt`."""
    if body.platform and body.platform.lower() not in PLATFORMS:
        raise Invalid(
            f"The platform {body.platform} is not supported; the bot joins Google Meet meetings only."
        )
    hooks = body.webhooks.model_dump(by_alias=True, exclude_none=True) if body.webhooks else {}
    job, is_new = await desk.commands.send_bot(
        asker,
        meeting_url=body.meeting_url,
        join_at=body.join_at,
        title=body.title,
        external_id=body.external_id,
        options=_options(body),
        webhooks=hooks,
        annotations=body.metadata,
        once=once,
    )
    if not is_new:
        response.status_code = 200
        return views.made(job, {})
    endpoints = await asyncio.to_thread(desk.queries.hooks_of, job) if job.hooks else ()
    return views.made(
        job,
        {HOOK_NAMES.get(endpoint.events[0], "onStatusChange"): endpoint.secrets[0] for endpoint in endpoints},
    )


@router.get("", summary="List jobs", responses=answers())
async def list_jobs(
    desk: TheDesk,
    asker: TheAsker,
    page: ThePage,
    status: Annotated[list[Status] | None, Query(description="Only these statuses.")] = None,
) -> JobPage:
    """Return one page of your jobs, newest meeting first."""
    states = [state for name in status or [] for state in STATES[name]]
    found, total = await asyncio.to_thread(
        lambda: desk.queries.list_jobs(asker, states=states, page=page.page, page_size=page.page_size)
    )
    shown = [views.brief(job) for job in found]
    return JobPage(jobs=shown, total=total, page=page.page, page_size=page.page_size)


@router.get("/{job_id}", summary="Fetch a job by id", responses=answers(404))
async def get(job_id: JobId, desk: TheDesk, asker: TheAsker) -> JobAnswer:
    """Return one job with its timeline and everything made of it."""
    return views.full(await asyncio.to_thread(desk.queries.view, asker, job_id))


@router.delete("/{job_id}", status_code=202, summary="Cancel a job", responses=answers(404, 409))
async def cancel(job_id: JobId, desk: TheDesk, asker: TheAsker) -> JobBrief:
    """Cancel a job; a bot that is at the meeting leaves. A job that has ended cannot be cancelled.

    A bot that goes for other inviters too goes on for them: what is returned is a job of your own, cancelled.
    """
    cancelled = await desk.commands.cancel(asker, job_id)
    return views.brief(await asyncio.to_thread(desk.queries.job, asker, cancelled.public_id))


@router.post(
    "/{job_id}/request-recording-permission",
    status_code=202,
    summary="Ask the host for explicit consent",
    responses=answers(404, 409),
)
async def ask_again(job_id: JobId, desk: TheDesk, asker: TheAsker) -> Accepted:
    """Ask again in the chat; the answer comes as `bot.recording_permission_response`."""
    await desk.commands.ask_again(asker, job_id)
    return Accepted()


@router.post(
    "/{job_id}/retry", status_code=202, summary="Try a failed job again", responses=answers(404, 409)
)
async def retry(job_id: JobId, desk: TheDesk, asker: TheAsker) -> JobBrief:
    """Send the bot again, now; only a failed job can be tried again."""
    return views.brief(await desk.commands.retry(asker, job_id))


def _options(body: JobRequest) -> dict[str, Any]:
    options: dict[str, Any] = {"display_name": body.display_name} if body.display_name else {}
    leave = body.auto_leave or AutoLeave()
    renamed = {
        "nobody_seconds": leave.after_entry_delay_seconds,
        "silence_seconds": leave.after_silence_seconds,
        "alone_seconds": leave.after_solo_seconds,
        "max_seconds": leave.after_max_seconds,
    }
    options |= {name: value for name, value in renamed.items() if value is not None}
    if leave.on_bot_detected is not None:
        options["rivals_policy"] = "leave" if leave.on_bot_detected else "ignore"
    return options
