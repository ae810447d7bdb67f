"""For operators: how the host stands."""

import asyncio
from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from agent.lifecycle.upkeep.machine import Machine
from agent.web.auth import AskedFirst, TheOperator
from agent.web.desk import TheDesk
from agent.web.problems import answers

router = APIRouter(prefix="/api/v1/admin", tags=["admin"], route_class=AskedFirst)


class HostShown(BaseModel):
    """The machine and the work on it. Lateness: how long ago the oldest thing that waits was due."""

    at: datetime
    version: str
    machine: Machine
    bots_by_state: dict[str, int]
    queue_depth: dict[str, int]
    lateness_seconds: dict[str, float]
    workers: int


@router.get("/host", summary="Host metrics and bot counts", responses=answers())
async def host(desk: TheDesk, _operator: TheOperator) -> HostShown:
    """Return how the host stands, now."""
    machine, work = await asyncio.gather(
        asyncio.to_thread(desk.host_report.machine), asyncio.to_thread(desk.host_report.workload)
    )
    now, version = desk.host_report.house.now(), desk.choices.version
    return HostShown(at=now, version=version, machine=machine, **asdict(work))
