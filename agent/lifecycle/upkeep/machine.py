"""How the machine and the work on it stand, for operators."""

import time
from dataclasses import dataclass
from datetime import datetime

import psutil

from agent.lifecycle.house import House
from agent.store import workload

CPU_SAMPLE_SECONDS = 0.1
BROWSER_NAMES = ("chrom", "headless_shell")


@dataclass(frozen=True, slots=True)
class Machine:
    """CPU as a share of all cores (0-100), memory and disk in bytes; `browsers` counts main processes of ours."""

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


@dataclass(frozen=True, slots=True)
class Workload:
    """What is planned, running and waiting. Lateness is how long ago the oldest thing that waits was due."""

    bots_by_state: dict[str, int]
    queue_depth: dict[str, int]
    lateness_seconds: dict[str, float]
    workers: int


class HostReport:
    """Reads the machine and the tables."""

    def __init__(self, house: House) -> None:
        self.house = house

    def machine(self) -> Machine:
        """Return how the machine stands; takes a tenth of a second."""
        memory = psutil.virtual_memory()
        disk = psutil.disk_usage(str(self.house.habits.data_dir.absolute()))
        process = psutil.Process()
        return Machine(
            cpu_percent=psutil.cpu_percent(interval=CPU_SAMPLE_SECONDS),
            cpu_count=psutil.cpu_count() or 1,
            load_1m=round(psutil.getloadavg()[0], 2),
            memory_total=memory.total,
            memory_available=memory.available,
            disk_total=disk.total,
            disk_free=disk.free,
            process_rss=process.memory_info().rss,
            process_uptime_seconds=round(time.time() - process.create_time(), 1),
            browsers=_browsers(process),
        )

    def workload(self) -> Workload:
        """Return how the work stands."""
        now = self.house.now()
        with self.house.database.read() as session:
            return Workload(
                bots_by_state=workload.bots_by_state(session),
                queue_depth={
                    "bots": workload.bots_due(session, now),
                    "mails": workload.mails_unread(session),
                    "deliveries": workload.deliveries_due(session, now),
                },
                lateness_seconds={
                    "bots": _late(workload.oldest_bot_due(session), now),
                    "deliveries": _late(workload.oldest_delivery_due(session), now),
                },
                workers=workload.workers(session),
            )


def _late(due: datetime | None, now: datetime) -> float:
    return max(0.0, round((now - due).total_seconds(), 1)) if due else 0.0


def _browsers(process: psutil.Process) -> int:
    """Count the browsers below this process: their own helpers carry `--type=`."""
    count = 0
    for child in process.children(recursive=True):
        try:
            is_browser = any(name in child.name().lower() for name in BROWSER_NAMES)
            helper = any(argument.startswith("--type=") for argument in child.cmdline())
        except psutil.Error:
            continue
        count += is_browser and not helper
    return count
