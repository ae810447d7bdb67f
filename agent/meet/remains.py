"""No orphan browsers: every browser started is written down, and ended with its profile, if need be by the next run."""

import asyncio
import contextlib
import json
import logging
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from playwright.async_api import Browser, Error

PROFILE_FLAG = "--user-data-dir="
KILL_SECONDS = 3.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trace:
    """A browser's process, told apart from a later one of the same number by its start, and its profile directory."""

    pid: int
    started: float
    profile: str


class Remains:
    """The list of browsers this installation has running, kept in a file so that it outlives the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._traces: dict[Browser, Trace] = {}

    async def note(self, browser: Browser) -> None:
        """Write a fresh browser down."""
        try:
            session = await browser.new_browser_cdp_session()
            info = await session.send("SystemInfo.getProcessInfo")
            await session.detach()
            pid = next(one["id"] for one in info["processInfo"] if one["type"] == "browser")
            self._traces[browser] = await asyncio.to_thread(trace, int(pid))
        except (Error, psutil.Error, StopIteration) as error:
            log.warning("a browser's process could not be identified: %s", error)
            return
        self._write()

    def clear(self, browser: Browser) -> None:
        """A browser was closed: see that nothing of it is left."""
        found = self._traces.pop(browser, None)
        if found:
            end(found)
            self._write()

    def sweep(self) -> None:
        """End what a killed run left behind, apart from what is in use now."""
        in_use = set(self._traces.values())
        for found in self._read():
            if found not in in_use:
                end(found)
        self._write()

    def _read(self) -> list[Trace]:
        try:
            return [Trace(**one) for one in json.loads(self._path.read_text("utf-8"))]
        except (OSError, ValueError, TypeError):
            return []

    def _write(self) -> None:
        if not self._traces:
            self._path.unlink(missing_ok=True)
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps([asdict(one) for one in self._traces.values()]), "utf-8")
        fresh.replace(self._path)


def trace(pid: int) -> Trace:
    """What identifies the process. Raises `psutil.Error` when it is gone."""
    process = psutil.Process(pid)
    flags = [part for part in process.cmdline() if part.startswith(PROFILE_FLAG)]
    return Trace(pid, process.create_time(), flags[-1].removeprefix(PROFILE_FLAG) if flags else "")


def end(found: Trace) -> None:
    """Kill what is left of a browser and remove its profile directory."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(found.pid)
        if process.create_time() == found.started:
            kill_tree(process)
    if is_throwaway(found.profile):
        shutil.rmtree(found.profile, ignore_errors=True)


def kill_tree(process: psutil.Process) -> None:
    """Kill a process with all its children and wait for them."""
    family = [process, *process.children(recursive=True)]
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(family, timeout=KILL_SECONDS)


def is_throwaway(profile: str) -> bool:
    """Only a directory made for one browser under the temporary directory is ever removed."""
    return bool(profile) and Path(profile).resolve().is_relative_to(Path(tempfile.gettempdir()).resolve())
