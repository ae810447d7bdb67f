"""For operators: how the host stands."""

import asyncio
from dataclasses import asdict
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from agent.web.auth import TheOperator
from agent.web.desk import TheDesk
from agent.web.problems import answers

router = APIRouter(prefix="/api/v1/admin", tags=["admin"])


class MachineShown(BaseModel):
    """The machine: CPU as a share of all cores (0-100), memory and disk in bytes, our own browsers."""

    cpu_percent: float
    cpu_count: int
    load_1m: float
    memory_total: int
    memory_available: int
    disk_total: int
    disk_free: int
    process_rss: int
    process_uptime_seconds: float
    browsers: int


class HostShown(BaseModel):
    """The machine and the work on it. Lateness: how long ago the oldest thing that waits was due."""

    at: datetime
    version: str
    machine: MachineShown
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
    facts: dict[str, Any] = asdict(work) | {"machine": asdict(machine)}
    return HostShown(at=desk.host_report.house.now(), version=desk.choices.version, **facts)
