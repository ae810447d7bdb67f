"""Routes of the jobs API."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from agent.errors import Invalid
from agent.model.states import State
from agent.web.auth import TheAsker
from agent.web.desk import TheDesk
from agent.web.jobs import views
from agent.web.jobs.schemas import Accepted, AutoLeave, JobAnswer, JobPage, JobRequest
from agent.web.problems import answers

router = APIRouter(prefix="/api/v1/jobs", tags=["bots"])
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


@router.post(
    "",
    status_code=201,
    summary="Create and dispatch a meeting bot",
    responses={200: {"description": "The job that has this externalId already."}, **answers(401, 422, 503)},
)
async def create(body: JobRequest, desk: TheDesk, asker: TheAsker, response: Response) -> JobAnswer:
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
    )
    if not is_new:
        response.status_code = 200
    return views.brief(job)


@router.get("", summary="List jobs", responses=answers(401, 422))
async def list_jobs(
    desk: TheDesk,
    asker: TheAsker,
    status: Annotated[list[str] | None, Query(description="Only these statuses.")] = None,
    page: Annotated[int, Query(ge=1)] = 1,
    page_size: Annotated[int, Query(ge=1, le=100)] = 20,
) -> JobPage:
    """Return one page of your jobs, newest meeting first."""
    unknown = [name for name in status or [] if name not in STATES]
    if unknown:
        raise Invalid(f"There is no status {unknown[0]}; use one of {', '.join(STATES)}.")
    states = [state for name in status or [] for state in STATES[name]]
    found, total = await asyncio.to_thread(
        lambda: desk.queries.list_jobs(asker, states=states, page=page, page_size=page_size)
    )
    return JobPage(jobs=[views.brief(job) for job in found], total=total, page=page, page_size=page_size)


@router.get("/{job_id}", summary="Fetch a job by id", responses=answers(401, 404))
async def get(job_id: str, desk: TheDesk, asker: TheAsker) -> JobAnswer:
    """Return one job with its timeline and everything made of it."""
    return views.full(await asyncio.to_thread(desk.queries.view, asker, job_id))


@router.delete("/{job_id}", status_code=202, summary="Cancel a job", responses=answers(401, 404, 409))
async def cancel(job_id: str, desk: TheDesk, asker: TheAsker) -> JobAnswer:
    """Cancel a job; a bot that is at the meeting leaves."""
    await desk.commands.cancel(asker, job_id)
    return views.brief(await asyncio.to_thread(desk.queries.job, asker, job_id))


@router.post(
    "/{job_id}/request-recording-permission",
    status_code=202,
    summary="Ask the host for explicit consent",
    responses=answers(401, 404, 409),
)
async def ask_again(job_id: str, desk: TheDesk, asker: TheAsker) -> Accepted:
    """Ask again in the chat; the answer comes as `bot.recording_permission_response`."""
    await desk.commands.ask_again(asker, job_id)
    return Accepted()


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
