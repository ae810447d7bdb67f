"""How much somebody uses: real figures from jobs, summaries and the book of requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from agent.lifecycle.house import House
from agent.lifecycle.own_bots import OwnBots
from agent.lifecycle.people.api_keys import ApiKeys
from agent.lifecycle.people.request_book import RequestBook
from agent.model.account import Principal
from agent.model.states import TERMINAL, State
from agent.model.tables import ApiKey, RequestLine
from agent.rules import tallies
from agent.rules.tallies import Figures, Visit
from agent.store import usage

LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Span:
    """The time that figures are about: whole UTC days, `until` is not part of it."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Analysis:
    """Figures with what they rest on."""

    span: Span
    figures: Figures
    by_key: Sequence[usage.Asked]
    cost: float


@dataclass(frozen=True, slots=True)
class KeyUse:
    """What one key was used for."""

    key: ApiKey
    span: Span
    days: Sequence[usage.Asked]


class Usage(OwnBots):
    """Everybody sees their own figures."""

    def __init__(self, house: House, keys: ApiKeys, book: RequestBook) -> None:
        super().__init__(house)
        self.keys = keys
        self.book = book

    def month(self) -> Span:
        """Return the present month until now."""
        now = self.house.now()
        return Span(datetime(now.year, now.month, 1, tzinfo=UTC), _midnight(now) + timedelta(days=1))

    def last_days(self, days: int) -> Span:
        """Return the last so many days, today included."""
        until = _midnight(self.house.now()) + timedelta(days=1)
        return Span(until - timedelta(days=days), until)

    async def analyse(self, by: Principal, span: Span) -> Analysis:
        """Return the figures of a span."""
        await self.book.flush()

        def look(session: Session) -> Analysis:
            asked = usage.requests(session, by.user_id or 0, span.since, span.until)
            by_day: dict[str, tuple[int, int]] = {}
            for row in asked:
                count, errors = by_day.get(row.day, (0, 0))
                by_day[row.day] = (count + row.requests, errors + row.errors)
            made = usage.summaries(session, by.user_id, span.since, span.until)
            figures = tallies.figures(span.since, span.until, self._visits(session, by, span), made, by_day)
            cost = self.house.habits.prices.cost(
                int(figures.total("input_tokens")), int(figures.total("output_tokens"))
            )
            return Analysis(span, figures, asked, cost)

        return await self.read(look)

    def _visits(self, session: Session, by: Principal, span: Span) -> list[Visit]:
        knocks = usage.knocks(session, by.user_id or 0, span.since, span.until)
        return [
            Visit(
                planned_at=stay.at,
                outcome=stay.outcome or stay.state,
                ended=State(stay.state) in TERMINAL,
                failed=State(stay.state) is State.FAILED,
                knocked_at=knocks.get(stay.job_id),
                admitted_at=stay.admitted_at,
                left_at=stay.left_at,
                has_transcript=stay.has_transcript,
            )
            for stay in usage.stays(session, by.user_id or 0, span.since, span.until)
        ]

    async def of_key(self, by: Principal, key_id: int, days: int) -> KeyUse:
        """Return what one key was used for. Raises `Missing` for one that is not the asker's."""
        await self.book.flush()
        key, span = await self.keys.get(by, key_id), self.last_days(days)
        found = await self.read(
            lambda session: usage.requests(session, key.user_id, span.since, span.until, key_id)
        )
        return KeyUse(key, span, found)

    async def log(
        self, by: Principal, *, key_id: int | None, status_from: int | None, offset: int, limit: int
    ) -> tuple[Sequence[RequestLine], int]:
        """Return one page of the asker's requests, newest first, and how many there are."""
        await self.book.flush()
        return await self.read(
            lambda session: usage.request_lines(
                session, by.user_id or 0, key_id=key_id, status_from=status_from, offset=offset, limit=limit
            )
        )


def _midnight(at: datetime) -> datetime:
    return datetime(at.year, at.month, at.day, tzinfo=UTC)
