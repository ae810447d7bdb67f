"""Which of Meet's records belong to one occurrence, and how far the platform is with its words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from agent.model.transcript import Entry, Readiness


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


def transcript_readiness(state: str, entries: int, entries_last_time: int | None) -> Readiness:
    """Judge one transcript. Meet may take long to write its file: some text that stopped growing will do as well."""
    if state == "FILE_GENERATED":
        return Readiness.READY
    if state == "ENDED" and entries and entries == entries_last_time:
        return Readiness.READY
    return Readiness.PENDING


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
