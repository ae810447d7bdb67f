"""What a process and those below it take: memory as the kernel shares it out, and time on the processors."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

TICKS_PER_SECOND = 100  # USER_HZ, the same on every Linux


@dataclass(frozen=True, slots=True)
class Use:
    """Proportional memory in MB, and the share of one core in percent."""

    memory_mb: float
    core_percent: float


def family(pid: int, *, browsers: bool | None = None) -> list[int]:
    """A process and those below it; `browsers` chooses only those of a browser and its driver, or only the others."""
    whole = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    if browsers is None:
        return [one.pid for one in whole]
    return [one.pid for one in whole if _is_browser(one) is browsers]


def _is_browser(process: psutil.Process) -> bool:
    return process.name().startswith(("chrom", "node", "chrome"))


def memory_mb(pids: list[int]) -> float:
    """Proportional set size: what is shared counts once, divided among those who share it."""
    return sum(_pss_kb(pid) for pid in pids) / 1024


def _pss_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def memory_by_kind(pids: list[int]) -> dict[str, float]:
    """The same by what a process is: python, node (the driver), or a browser's renderer, gpu-process, utility, browser."""
    held: dict[str, float] = {}
    for pid in pids:
        kind = _kind(pid)
        held[kind] = held.get(kind, 0.0) + memory_mb([pid])
    return held


def spent_seconds(pids: list[int]) -> float:
    """Time on the processors since each process began."""
    return sum(_ticks(pid) for pid in pids) / TICKS_PER_SECOND


def spent_by_kind(pids: list[int]) -> dict[str, float]:
    """The same by what a process is: python, node (the driver), or a browser's renderer, gpu-process, utility, browser."""
    spent: dict[str, float] = {}
    for pid in pids:
        kind = _kind(pid)
        spent[kind] = spent.get(kind, 0.0) + spent_seconds([pid])
    return spent


def _kind(pid: int) -> str:
    process = psutil.Process(pid)
    if not process.name().startswith("chrom"):
        return process.name()
    types = [part.removeprefix("--type=") for part in process.cmdline() if part.startswith("--type=")]
    return types[0] if types else "browser"


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def use(pids: list[int], seconds: float) -> Use:
    """Watch processes for some seconds."""
    spent, began = spent_seconds(pids), time.monotonic()
    await asyncio.sleep(seconds)
    share = (spent_seconds(pids) - spent) / (time.monotonic() - began)
    return Use(memory_mb(pids), 100 * share)
