"""Whether the server lives, and whether it can work."""

import asyncio
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from agent.errors import MeetbotError
from agent.web.desk import TheDesk

router = APIRouter(tags=["admin"])


UNREADABLE: dict[int | str, dict[str, Any]] = {400: {"description": "Not a readable request."}}


@router.get("/healthz", summary="Liveness probe", responses=UNREADABLE)
async def healthz(desk: TheDesk) -> dict[str, str]:
    """Say that the process lives."""
    return {"status": "ok", "version": desk.choices.version}


@router.get(
    "/readyz",
    summary="Readiness probe",
    responses={**UNREADABLE, 503: {"description": "Not ready, with the reason."}},
)
async def readyz(desk: TheDesk) -> JSONResponse:
    """Say whether the database answers, so that requests can be served."""
    try:
        await asyncio.to_thread(desk.queries.database_answers)
    except MeetbotError as error:
        return JSONResponse({"status": "not ready", "reason": error.safe}, status_code=503)
    return JSONResponse({"status": "ready"})
