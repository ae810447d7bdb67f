"""Finding words in what was said and noted: of the asker's own meetings only, operator or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from agent.model.account import Principal
from agent.model.tables import Job
from agent.rules.terms import folded, is_dense
from agent.store import search

EXCERPT_MAX = 240


@dataclass(frozen=True, slots=True)
class Hit:
    """One place. `kind` is transcript, with the entry's `ordinal`, `speaker` and time, or summary."""

    job: Job
    kind: str
    excerpt: str
    ordinal: int | None = None
    speaker: str = ""
    at: datetime | None = None


def find(
    session: Session,
    by: Principal,
    query: str,
    *,
    job_id: int | None = None,
    page: int = 1,
    page_size: int = 20,
) -> tuple[Sequence[Hit], int]:
    """Return one page of hits, best first, and how many there are."""
    found, total = search.places(
        session,
        query,
        _owner(by),
        job_id=job_id,
        dense=is_dense(query),
        offset=(page - 1) * page_size,
        limit=page_size,
    )
    words = [folded(word) for word in search.words_of(query)]
    return [_hit(one, words) for one in found], total


def _owner(by: Principal) -> search.Owner:
    """Whose meetings are searched. Only the machine's own operator, who is nobody in particular, searches all."""
    if by.user_id is None and not by.email and not by.is_operator:
        return search.Owner(user_id=0)
    return search.Owner(by.user_id, by.email)


def _hit(found: search.Found, words: Sequence[str]) -> Hit:
    excerpt = _excerpt(found.text, words)
    if found.entry is None:
        return Hit(found.job, "summary", excerpt)
    entry = found.entry
    return Hit(found.job, "transcript", excerpt, entry.ordinal, entry.speaker, entry.started_at)


def _excerpt(text: str, words: Sequence[str]) -> str:
    """Return the line that holds most of the words, cut to a readable length around the first of them."""
    lines = text.splitlines() or [""]
    best = max(lines, key=lambda line: sum(word in folded(line) for word in words))
    if len(best) <= EXCERPT_MAX:
        return best
    places = [place for word in words if (place := best.casefold().find(word)) >= 0]
    start = max(0, min(places, default=0) - EXCERPT_MAX // 3)
    cut = best[start : start + EXCERPT_MAX]
    return f"{'…' if start else ''}{cut.strip()}{'…' if start + EXCERPT_MAX < len(best) else ''}"
