"""What is kept when something surprises the bot: a picture of the page, and its texts and buttons."""

import asyncio
import json
import logging
import os
import re
from pathlib import Path
from typing import Any

from playwright.async_api import Error, Page

from agent.errors import Temporary
from agent.meet.watcher import Watcher

PICTURE_SECONDS = 2.0
SURVEY_SECONDS = 1.0
log = logging.getLogger(__name__)


class Album:
    """Keeps evidence of one visit under `directory`; names are relative to `data_dir`."""

    def __init__(self, page: Page, watcher: Watcher, directory: Path, data_dir: Path) -> None:
        self._page = page
        self._watcher = watcher
        self._directory = directory
        self._data_dir = data_dir
        self._kept: set[str] = set()

    async def keep(self, why: str, strategies: dict[str, str]) -> tuple[str, ...]:
        """Write what can be had within seconds and return the files' names; the same surprise is kept once."""
        if why in self._kept:
            return ()
        self._kept.add(why)
        stem = f"{len(self._kept):02d}-{re.sub(r'[^a-z0-9]+', '-', why.lower()).strip('-')[:60]}"
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.warning("no evidence can be kept: %s", error)
            return ()
        files = (await self._survey(stem, why, strategies), await self._picture(stem))
        return tuple(relative(file, self._data_dir) for file in files if file)

    async def _survey(self, stem: str, why: str, strategies: dict[str, str]) -> Path | None:
        try:
            seen: dict[str, Any] = await self._watcher.ask("surveyForPeople", seconds=SURVEY_SECONDS)
        except Temporary as error:
            log.info("no survey of the page: %s", error.full)
            return None
        path = self._directory / f"{stem}.json"
        text = json.dumps({"why": why, "found_by": strategies, **seen}, ensure_ascii=False, indent=1)
        try:
            await asyncio.to_thread(path.write_text, text, "utf-8")
        except OSError as error:
            log.warning("no survey could be kept: %s", error)
            return None
        return path

    async def _picture(self, stem: str) -> Path | None:
        path = self._directory / f"{stem}.png"
        try:
            await self._page.screenshot(path=path, timeout=PICTURE_SECONDS * 1000, animations="allow")
        except Error as error:
            log.info("no picture of the page: %s", error.message)
            return None
        return path


def relative(file: Path, data_dir: Path) -> str:
    """The file's name as it is stored: relative to the data directory wherever it lies under it."""
    return os.path.relpath(file, data_dir)
