"""Which of Meet's records belong to one occurrence, and how far the platform is with its words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from agent.model.transcript import Entry, Readiness

# A text without a file is whole when it stood still over so many looks, which span so long at least, however fast they are.
LOOKS_AT_LEAST = 3
STILL_SECONDS_AT_LEAST = 5.0
# ... and so many times as long as the longest pause after which it was seen to grow again: some trickle in.
PAUSES = 2.0


class Span(Protocol):
    """Something with a beginning and an end; `ended_at` is None while it goes on."""

    @property
    def started_at(self) -> datetime: ...

    @property
    def ended_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Window:
    """The time of one occurrence."""

    starts_at: datetime
    ends_at: datetime


Record = TypeVar("Record", bound=Span)


def belonging(
    records: Iterable[Record], window: Window, others: Sequence[Window], slack: timedelta
) -> list[Record]:
    """Return the records of `window`, earliest first: those within `slack` of it and nearer to it than to any of `others`.

    One meeting code serves every occurrence of a series and any call between them, so a record counts for one
    occurrence only; an occurrence may have several (all left and came back) or none.
    """
    mine = [
        record
        for record in records
        if _gap(record, window) <= slack
        and all(_nearness(record, window) <= _nearness(record, o) for o in others)
    ]
    return sorted(mine, key=lambda record: record.started_at)


def _gap(record: Span, window: Window) -> timedelta:
    """The time between the two, zero where they overlap."""
    after = record.started_at - window.ends_at
    before = window.starts_at - record.ended_at if record.ended_at else timedelta()
    return max(after, before, timedelta())


def _nearness(record: Span, window: Window) -> tuple[timedelta, timedelta]:
    """Smaller is nearer: first the gap, then how far apart the beginnings are."""
    return _gap(record, window), abs(record.started_at - window.starts_at)


@dataclass(frozen=True, slots=True)
class Growth:
    """What looks at one transcript showed: `size` now, `looks` in which it was that, `since_seconds` the first of these,
    `longest_pause_seconds` between two looks at which it had grown. All seconds are of a clock that never jumps.
    """

    size: int
    since_seconds: float
    seen_seconds: float
    looks: int = 1
    longest_pause_seconds: float = 0.0

    @property
    def still_seconds(self) -> float:
        """How long it has stood still."""
        return self.seen_seconds - self.since_seconds


def watched(before: Growth | None, size: int, seen_seconds: float) -> Growth:
    """Return the growth of a transcript with one look more."""
    if before is None:
        return Growth(size, seen_seconds, seen_seconds)
    if size == before.size:
        return replace(before, seen_seconds=seen_seconds, looks=before.looks + 1)
    pause = max(before.longest_pause_seconds, seen_seconds - before.since_seconds)
    return Growth(size, seen_seconds, seen_seconds, longest_pause_seconds=pause)


def transcript_readiness(state: str, growth: Growth, settle_seconds: float) -> Readiness:
    """Judge one transcript: its file is certain; without one, a text will do that stood still for `settle_seconds`."""
    if state == "FILE_GENERATED":
        return Readiness.READY
    enough = max(settle_seconds, STILL_SECONDS_AT_LEAST, growth.longest_pause_seconds * PAUSES)
    is_still = growth.looks >= LOOKS_AT_LEAST and growth.still_seconds >= enough
    return Readiness.READY if state == "ENDED" and growth.size and is_still else Readiness.PENDING


def overall_readiness(live: bool, records: int, transcripts: Sequence[Readiness]) -> Readiness:
    """Judge all transcripts of all records together; `live` says that one of the conferences still goes on."""
    if not records:
        return Readiness.NO_RECORD
    if live or Readiness.PENDING in transcripts:
        return Readiness.PENDING
    return Readiness.READY if transcripts else Readiness.NEVER_STARTED


def in_time_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Merge what several transcripts hold; of equal times the one that ended first comes first."""
    return tuple(sorted(entries, key=lambda entry: (entry.started_at, entry.ended_at)))
