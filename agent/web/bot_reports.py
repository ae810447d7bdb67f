"""Bots that run elsewhere: their workers claim jobs here, and report what happens, in order; from inside the house."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from agent.model.account import Principal, Scope
from agent.model.loan import Claim, Lot
from agent.model.news import Receipt, Report
from agent.web.auth import AskedFirst, asker_with
from agent.web.desk import TheDesk
from agent.web.problems import answers

router = APIRouter(prefix="/api/v1", tags=["ingest"], route_class=AskedFirst)
Bot = Annotated[Principal, Depends(asker_with(Scope.INGEST))]


@router.post("/ingest", summary="Bot lifecycle ingest", responses=answers(404, 409))
async def ingest(body: Report, desk: TheDesk, _bot: Bot) -> Receipt:
    """Take a report in. Out of order, without the lease, or forbidden by state or consent: 409, and nothing happens."""
    return await desk.ingest.take(body)


@router.post("/ingest/claim", summary="Claim jobs for bots that run elsewhere", responses=answers())
async def claim(body: Claim, request: Request, desk: TheDesk, _bot: Bot) -> Lot:
    """Say that a worker lives, and get jobs, verbs for its bots, and what it has lost; waits up to 20 s where nothing is new."""
    return await desk.loans.claim(body, request.is_disconnected)
