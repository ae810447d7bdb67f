"""The recording of a call on disk: pieces are written as they come, so that a crash costs the last second."""

import base64
import contextlib
import logging
from pathlib import Path
from typing import BinaryIO

from agent.errors import Temporary
from agent.meet.watcher import Told, Watcher

STOP_SECONDS = 3.0
MODES = ("audio", "video")
log = logging.getLogger(__name__)


def free_path(path: Path) -> Path:
    """The path, or the next free one beside it: a second stay in a call must not spoil the first one's file."""
    number = 1
    found = path
    while found.exists():
        number += 1
        found = path.with_stem(f"{path.stem}-{number}")
    return found


class Recording:
    """One visit's recording; `mode` off, audio or video. Files are WebM, readable by this user only."""

    def __init__(self, watcher: Watcher, mode: str, path: Path) -> None:
        self._watcher = watcher
        self._mode = mode
        self._path = path
        self._file: BinaryIO | None = None

    async def start(self) -> str:
        """Begin; '' when it runs or is not wanted, else why it cannot."""
        if self._mode not in MODES or self._file:
            return ""
        try:
            self._open()
            problem = str(await self._watcher.ask("startRecording", self._mode))
        except OSError as error:
            problem = f"the recording cannot be written: {error}"
        except Temporary as error:
            problem = error.safe
        if problem:
            self._drop()
        return problem

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        path = free_path(self._path)
        path.touch(mode=0o600, exist_ok=False)
        self._file = path.open("ab", buffering=0)

    def hear(self, told: Told) -> str:
        """A piece came; '' when it is on disk, else why it is not, and then nothing more is written."""
        if self._file is None:
            return ""
        try:
            self._file.write(base64.b64decode(told["data"]))
        except OSError as error:
            log.warning("the recording ends: %s", error)
            self._close()
            return f"the recording cannot be written: {error}"
        return ""

    async def stop(self) -> None:
        """End it and keep what is there."""
        if self._file is None:
            return
        try:
            with contextlib.suppress(Temporary):
                await self._watcher.ask("stopRecording", seconds=STOP_SECONDS)
        finally:
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _drop(self) -> None:
        """Leave no empty file behind."""
        if self._file is not None:
            name = Path(self._file.name)
            self._close()
            name.unlink(missing_ok=True)
