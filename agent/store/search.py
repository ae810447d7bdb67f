"""Named queries that find words across meetings: FTS5 on SQLite, text search on PostgreSQL, plain comparison for
writing without spaces.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from agent.model.tables import Job, SummaryVersion, TranscriptEntry
from agent.store import ownership

WORDS_MAX = 12
PREFIX_LEAST = 3
_WORD = re.compile(r"[^\W_]+")
_SAID = sa.table("said", sa.column("rowid", sa.Integer))
_NOTED = sa.table("noted", sa.column("rowid", sa.Integer))


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose meetings are searched: those of `user_id`, and those that `inviter` invited the bot to; neither: all."""

    user_id: int | None = None
    inviter: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One place where all words stand: an entry, or the newest summary of a meeting (`entry` is None)."""

    job: Job
    text: str
    entry: TranscriptEntry | None = None


def words_of(query: str) -> list[str]:
    """Return the words of a query that are looked for."""
    return _WORD.findall(query)[:WORDS_MAX]


def places(
    session: Session,
    query: str,
    owner: Owner,
    *,
    job_id: int | None = None,
    dense: bool = False,
    offset: int,
    limit: int,
) -> tuple[list[Found], int]:
    """Return one page of the places where all words of a query stand, best first, and how many there are.

    Words match by their beginnings, without regard to case and (on SQLite) accents; `dense` ones, of writing without
    spaces, anywhere.
    """
    words = words_of(query)
    if not words:
        return [], 0
    sqlite = session.get_bind().dialect.name == "sqlite"
    match: Any = _plain if dense else _sqlite if sqlite else _postgresql
    visible = _visible(owner, job_id)
    hits = sa.union_all(
        match(words, summaries=False, visible=visible), match(words, summaries=True, visible=visible)
    )
    table = hits.subquery()
    total = session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
    page = sa.select(table).order_by(table.c.rank, table.c.id.desc()).offset(offset).limit(limit)
    return [_found(session, row.id, is_summary=bool(row.summary)) for row in session.execute(page)], total


def _found(session: Session, number: int, *, is_summary: bool) -> Found:
    row: Any = session.get_one(SummaryVersion if is_summary else TranscriptEntry, number)
    return Found(session.get_one(Job, row.job_id), row.text, None if is_summary else row)


def _visible(owner: Owner, job_id: int | None) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [col(Job.deleted_at).is_(None)]
    own: list[sa.ColumnElement[bool]] = []
    if owner.user_id is not None:
        own.append(col(Job.user_id) == owner.user_id)
    if owner.inviter:
        own.append(col(Job.inviter) == owner.inviter)
        own.append(col(Job.id).in_(ownership.served(owner.inviter)))
    if own:
        conditions.append(sa.or_(*own))
    if job_id is not None:
        conditions.append(col(Job.id) == job_id)
    return conditions


def _base(
    rank: sa.ColumnElement[Any], visible: Sequence[sa.ColumnElement[bool]], *, summaries: bool
) -> sa.Select[Any]:
    """Select the rows that may be found: of the transcript in use, or of the newest summary."""
    kind = sa.literal(int(summaries)).label("summary")
    if summaries:
        other = aliased(SummaryVersion)
        newer = sa.select(col(other.id)).where(
            col(other.job_id) == col(SummaryVersion.job_id), col(other.version) > col(SummaryVersion.version)
        )
        wanted = sa.select(kind, col(SummaryVersion.id), rank.label("rank"))
        wanted = wanted.join(Job, col(SummaryVersion.job_id) == col(Job.id))
        return wanted.where(~newer.exists(), *visible)
    wanted = sa.select(kind, col(TranscriptEntry.id), rank.label("rank"))
    wanted = wanted.join(Job, col(TranscriptEntry.job_id) == col(Job.id))
    return wanted.where(col(TranscriptEntry.source) == col(Job.transcript_source), *visible)


def _sqlite(
    words: Sequence[str], *, summaries: bool, visible: Sequence[sa.ColumnElement[bool]]
) -> sa.Select[Any]:
    index, row_id = (_NOTED, SummaryVersion.id) if summaries else (_SAID, TranscriptEntry.id)
    rank: sa.ColumnElement[Any] = sa.literal_column(f"bm25({index.name})")
    pattern = " ".join(f'"{word}"{"*" if len(word) >= PREFIX_LEAST else ""}' for word in words)
    found = _base(rank, visible, summaries=summaries).join(index, index.c.rowid == col(row_id))
    return found.where(sa.literal_column(index.name).op("MATCH")(pattern))


def _postgresql(
    words: Sequence[str], *, summaries: bool, visible: Sequence[sa.ColumnElement[bool]]
) -> sa.Select[Any]:
    said = "transcriptentry.speaker || ' ' || transcriptentry.text"  # as the index spells it
    text: sa.ColumnElement[Any] = sa.literal_column("summaryversion.text" if summaries else said)
    simple: sa.ColumnElement[Any] = sa.literal_column("'simple'")
    vector = sa.func.to_tsvector(simple, text)
    pattern = " & ".join(f"{word}:*" if len(word) >= PREFIX_LEAST else word for word in words)
    wanted = sa.func.to_tsquery(simple, pattern)
    return _base(-sa.func.ts_rank(vector, wanted), visible, summaries=summaries).where(
        vector.op("@@")(wanted)
    )


def _plain(
    words: Sequence[str], *, summaries: bool, visible: Sequence[sa.ColumnElement[bool]]
) -> sa.Select[Any]:
    text: Any = col(SummaryVersion.text) if summaries else col(TranscriptEntry.text)
    return _base(sa.literal(0.0), visible, summaries=summaries).where(
        *(text.icontains(word, autoescape=True) for word in words)
    )
