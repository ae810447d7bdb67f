"""Recordings put into words, under the names that the captions tell."""

from collections.abc import Sequence
from datetime import timedelta

from agent.errors import Missing
from agent.lifecycle.aftermath import bot_files
from agent.lifecycle.house import House
from agent.model.tables import Recording
from agent.model.transcript import Entry
from agent.rules import speakers


async def heard(
    house: House, files: Sequence[Recording], captions: Sequence[Entry], language: str | None
) -> list[Entry]:
    """Return what recordings say. Raises `Missing` when that is nothing, and what `ports.Transcriber` raises."""
    if house.transcriber is None:
        raise Missing("No model is set that puts recordings into words.")
    found: list[Entry] = []
    for row in files:
        path = bot_files.locate(house.habits.data_dir, row)
        began = row.created_at - timedelta(seconds=row.duration_seconds)
        found += await house.transcriber.transcribe(path, began, language=language)
    if not found:
        raise Missing("Nothing was said in the recording.")
    return [speakers.named(entry, captions) for entry in found]
