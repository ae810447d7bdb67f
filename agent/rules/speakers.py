"""Who said what a recording lets one hear: the captions of the same moment know the name."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from agent.model.transcript import Entry

UNKNOWN = "Unknown speaker"


def named(heard: Entry, captions: Iterable[Entry]) -> Entry:
    """Return an entry under the name of whose caption overlaps it longest; unknown when nobody's does."""
    best, longest = UNKNOWN, 0.0
    for caption in captions:
        shared = _overlap_seconds(heard.started_at, heard.ended_at, caption)
        if shared > longest:
            best, longest = caption.speaker, shared
    return replace(heard, speaker=best)


def _overlap_seconds(start: datetime, end: datetime, caption: Entry) -> float:
    return (min(end, caption.ended_at) - max(start, caption.started_at)).total_seconds()
