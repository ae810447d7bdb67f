"""Many invitations to one meeting, and series with a long past: what one message costs does not grow with them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from agent.model.states import State
from agent.model.tables import EventSeries, Job, Occurrence
from agent.rules.reconcile import MOST_INVITATIONS
from tests.intake_stage import MONDAY, IntakeStage, event, mail

WEEK = timedelta(weeks=1)
PAST = 300


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[IntakeStage]:
    async with IntakeStage(tmp_path, invites_joins_per_day=0, invites_concurrent=0) as stage:
        yield stage


@contextmanager
def counted_rows(*tables: type) -> Iterator[list[object]]:
    """Count the rows that are read from some tables."""
    rows: list[object] = []

    def note(row: object, _context: object) -> None:
        rows.append(row)

    for table in tables:
        sa.event.listen(table, "load", note)
    yield rows
    for table in tables:
        sa.event.remove(table, "load", note)


async def invited(stage: IntakeStage, number: int) -> None:
    host = f"host{number}@example.com"
    await stage.receive(mail(event(f"{number}@example.com", organizer=host), sender=host), sender=host)


async def test_so_many_invitations_share_one_bot_and_the_next_is_declined(stage: IntakeStage) -> None:
    for number in range(MOST_INVITATIONS + 2):
        await invited(stage, number)
    (job,) = stage.jobs()
    assert len([one for one in stage.occurrences() if one.job_id == job.id]) == MOST_INVITATIONS
    assert "PARTSTAT=DECLINED" in stage.replies()[-1]
    assert (
        f"{MOST_INVITATIONS} other invitations bring the bot to this meeting already"
        in stage.notes()[-1].reason
    )
    with counted_rows(Occurrence, EventSeries, Job) as rows:
        await invited(stage, MOST_INVITATIONS + 2)
    assert len(rows) < 10


def with_a_past(stage: IntakeStage, *uids: str) -> None:
    """Give series meetings that were held, each on the same link."""
    with stage.house.database.write() as session:
        for row in session.execute(sa.select(EventSeries).where(EventSeries.uid.in_(uids))).scalars():  # type: ignore[attr-defined]
            for number in range(1, PAST + 1):
                session.add(_held(session, stage, row, number))


def _held(session: sa.orm.Session, stage: IntakeStage, row: EventSeries, number: int) -> Occurrence:
    pattern = session.get(Job, 1)
    assert pattern is not None
    starts_at = MONDAY - number * WEEK
    facts = pattern.model_dump(exclude={"id", "public_id", "key"})
    times = {
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=1),
        "state": State.COMPLETED.value,
    }
    job = Job(**(facts | times), public_id=f"job_{row.id}_{number}", key=f"{row.id}-{number}")
    session.add(job)
    session.flush()
    return Occurrence(
        series_id=row.id or 0,
        slot=f"{starts_at:%Y-%m-%dT%H:%M:%SZ}",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1),
        meeting_url=pattern.meeting_url,
        job_id=job.id,
    )


async def test_the_past_of_a_series_is_not_read_for_a_message_or_a_roll(stage: IntakeStage) -> None:
    forever = event(extra=["RRULE:FREQ=WEEKLY"])
    await stage.receive(mail(forever))
    with_a_past(stage, "one@example.com")
    planned = len(stage.jobs())
    with counted_rows(Occurrence, Job) as rows:
        await stage.receive(mail(event(sequence=1, title="Prices", extra=["RRULE:FREQ=WEEKLY"])))
    assert len(rows) < 10 * planned < PAST
    stage.clock.at += 2 * WEEK
    with counted_rows(Occurrence, Job) as rows:
        await stage.horizon()
    assert len(rows) < 10 * planned < PAST
    assert len(stage.jobs()) == planned + 1


async def test_what_was_held_on_a_link_is_not_read_for_the_next_meeting_there(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    with_a_past(stage, "one@example.com")
    with counted_rows(Occurrence, Job) as rows:
        await stage.receive(mail(event("two@example.com", start=MONDAY + WEEK)))
    assert len(rows) < 10
    assert len(stage.jobs()) == 2
