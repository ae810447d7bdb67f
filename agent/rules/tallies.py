"""Figures of usage, summed from what was counted: by day, by outcome, and how often the bot was on time."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

ON_TIME = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Visit:
    """One job. `knocked_at` is when the bot first asked to join; `outcome` why it ended or failed, or its state."""

    planned_at: datetime
    outcome: str
    ended: bool
    failed: bool
    knocked_at: datetime | None = None
    admitted_at: datetime | None = None
    left_at: datetime | None = None
    has_transcript: bool = False

    @property
    def minutes(self) -> float:
        """How long the bot was in the call."""
        if self.admitted_at is None or self.left_at is None:
            return 0.0
        return max(0.0, (self.left_at - self.admitted_at).total_seconds() / 60)


@dataclass(slots=True)
class Day:
    """The figures of one day, UTC."""

    day: date
    bots: int = 0
    failed: int = 0
    minutes: float = 0.0
    transcripts: int = 0
    summaries: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    requests: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million tokens cost, read and written, in the operator's currency."""

    input: float = 0.0
    output: float = 0.0

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """Return what so many tokens cost."""
        return round((input_tokens * self.input + output_tokens * self.output) / 1_000_000, 6)


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything together; `days` has every day of the span, also empty ones."""

    days: list[Day]
    outcomes: dict[str, int] = field(default_factory=dict)
    ended: int = 0
    admitted: int = 0
    on_time: int = 0
    knocked: int = 0

    def total(self, name: str) -> float:
        """Return the sum of one figure over all days."""
        return float(sum(getattr(day, name) for day in self.days))

    @property
    def on_time_share(self) -> float | None:
        """Which share of the bots that knocked did so on time; None when none did."""
        return round(self.on_time / self.knocked, 4) if self.knocked else None


def figures(
    since: datetime,
    until: datetime,
    visits: Iterable[Visit],
    summaries: Iterable[tuple[datetime, int, int]],
    requests: Mapping[str, tuple[int, int]],
) -> Figures:
    """Sum up [since, until). `summaries` are (made at, tokens read, tokens written); `requests` are (all, failed) by day."""
    days = {day: Day(day) for day in _days(since, until)}
    seen = list(visits)
    for visit in seen:
        _count_visit(days[visit.planned_at.date()], visit)
    for at, given, made in summaries:
        day = days[at.date()]
        day.summaries += 1
        day.input_tokens += given
        day.output_tokens += made
    for name, (count, errors) in requests.items():
        day = days[date.fromisoformat(name)]
        day.requests += count
        day.errors += errors
    return Figures(
        list(days.values()),
        dict(Counter(visit.outcome for visit in seen).most_common()),
        ended=sum(visit.ended for visit in seen),
        admitted=sum(visit.admitted_at is not None for visit in seen),
        on_time=sum(_is_on_time(visit) for visit in seen),
        knocked=sum(visit.knocked_at is not None for visit in seen),
    )


def _count_visit(day: Day, visit: Visit) -> None:
    day.bots += 1
    day.failed += visit.failed
    day.minutes += visit.minutes
    day.transcripts += visit.has_transcript


def _is_on_time(visit: Visit) -> bool:
    return visit.knocked_at is not None and abs(visit.knocked_at - visit.planned_at) <= ON_TIME


def _days(since: datetime, until: datetime) -> list[date]:
    last = (until - timedelta(microseconds=1)).date()
    return [since.date() + timedelta(days=number) for number in range((last - since.date()).days + 1)]
