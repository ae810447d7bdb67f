"""What was said, between its value and its row."""

from collections.abc import Sequence

from agent.model.tables import TranscriptEntry
from agent.model.transcript import Entry, Source


def as_entry(row: TranscriptEntry) -> Entry:
    """Return a stored entry as a value."""
    return Entry(row.speaker, row.text, row.started_at, row.ended_at, row.language)


def rows(job_id: int, entries: Sequence[Entry], source: Source = Source.MEET) -> list[TranscriptEntry]:
    """Return entries as rows, numbered from 1 in the order given."""
    return [
        TranscriptEntry(
            job_id=job_id,
            source=source,
            ordinal=number,
            key=str(number),
            speaker=entry.speaker,
            text=entry.text,
            language=entry.language,
            started_at=entry.started_at,
            ended_at=entry.ended_at,
        )
        for number, entry in enumerate(entries, start=1)
    ]
