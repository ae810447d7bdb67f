"""The rolling horizon: series that go on for ever are held for the next weeks, and no more than needed is read again."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import sqlalchemy as sa

from agent.lifecycle import plan
from agent.lifecycle.invitations.horizon import KNOWN_AT_LEAST
from agent.model.tables import EventSeries
from tests.intake_stage import MONDAY, IntakeStage, event, mail, stamp
from tests.unit.lifecycle.world import wish

WEEK = timedelta(weeks=1)
DAY = timedelta(days=1)


def endless(uid: str = "one@example.com", **changes: object) -> str:
    return event(uid, extra=["RRULE:FREQ=WEEKLY"], **changes)


async def test_an_endless_series_is_held_for_ninety_days(stage: IntakeStage) -> None:
    await stage.receive(mail(endless()))
    assert stage.starts() == [MONDAY + number * WEEK for number in range(12)]
    assert max(stage.starts()) <= stage.clock.now() + timedelta(days=90)


async def test_what_comes_into_sight_is_planned_once(stage: IntakeStage) -> None:
    await stage.receive(mail(endless()))
    await stage.horizon()
    assert len(stage.jobs()) == 12
    stage.clock.at += 8 * DAY
    await stage.horizon()
    await stage.horizon()
    assert stage.starts() == [MONDAY + number * WEEK for number in range(14)]


async def test_the_horizon_is_never_nearer_than_promised(stage: IntakeStage) -> None:
    await stage.receive(mail(endless()))
    for _ in range(30):
        stage.clock.at += DAY
        await stage.horizon()
        (row,) = stage.rows(EventSeries)
        assert row.horizon_until >= stage.clock.now() + KNOWN_AT_LEAST


async def test_a_series_that_ends_is_not_read_again(stage: IntakeStage) -> None:
    await stage.receive(mail(event(extra=["RRULE:FREQ=WEEKLY;COUNT=3"])))
    await stage.receive(mail(event("two@example.com", start=MONDAY + 2 * DAY)))
    assert [row.horizon_until for row in stage.rows(EventSeries)] == [None, None]


async def test_reading_again_undoes_no_change(stage: IntakeStage) -> None:
    await stage.receive(mail(endless()))
    slot = MONDAY + WEEK
    moved = event(start=slot + DAY, sequence=1, extra=[f"RECURRENCE-ID:{stamp(slot)}"])
    await stage.receive(mail(moved))
    cancelled = event(
        start=MONDAY + 2 * WEEK, sequence=1, extra=[f"RECURRENCE-ID:{stamp(MONDAY + 2 * WEEK)}"]
    )
    await stage.receive(mail(cancelled, method="CANCEL"))
    before = {job.public_id: job.starts_at for job in stage.jobs()}
    stage.clock.at += 8 * DAY
    await stage.horizon()
    after = {job.public_id: job.starts_at for job in stage.jobs()}
    assert before.items() <= after.items()
    assert len(after) == len(before) + 2


async def test_reading_again_makes_nothing_newer(stage: IntakeStage) -> None:
    """A message without DTSTAMP counts from its receipt, also when its text is read again weeks later."""
    undated = mail(endless()).replace(b"DTSTAMP:", b"X-NOT-A-STAMP:")
    await stage.receive(undated)
    stage.clock.at += DAY
    written = stage.clock.at
    stage.clock.at += 8 * DAY
    await stage.horizon()
    await stage.receive(mail(endless(start=MONDAY + timedelta(hours=1), written=written)))
    to_come = [start for start in stage.starts() if start > stage.clock.at]
    assert to_come == [MONDAY + timedelta(hours=1) + number * WEEK for number in range(1, 14)]


async def test_a_cancelled_series_stays_cancelled(stage: IntakeStage) -> None:
    await stage.receive(mail(endless()))
    await stage.receive(mail(endless(sequence=1), method="CANCEL"))
    stage.clock.at += 30 * DAY
    await stage.horizon()
    assert not stage.jobs()


async def test_a_message_that_comes_while_a_series_is_read_again_wins(stage: IntakeStage) -> None:
    await stage.receive(mail(endless()))
    stage.clock.at += 8 * DAY
    rows = stage.horizon._short(0)
    fresh = await stage.horizon._expanded(rows)
    await stage.receive(mail(endless(sequence=1), method="CANCEL"))
    assert stage.horizon._take(rows, fresh) == []
    assert not stage.jobs()


async def test_many_series_are_read_in_batches_each_once(stage: IntakeStage) -> None:
    for number in range(45):
        link = f"https://meet.google.com/abc-defg-h{chr(97 + number // 26)}{chr(97 + number % 26)}"
        start = MONDAY + number * timedelta(minutes=31)
        await stage.receive(mail(endless(f"u{number}", start=start, link=link)))
    stage.clock.at += 8 * DAY
    read = 0
    expand = stage.reader.expand

    async def counted(icals: list[str], now: object) -> object:
        nonlocal read
        read += len(icals)
        return await expand(icals, now)

    stage.reader.expand = counted
    await stage.horizon()
    await stage.horizon()
    assert read == 45


@contextmanager
def statements(stage: IntakeStage) -> Iterator[list[str]]:
    """Write down what is asked of the database, besides the rows that are put in."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("INSERT"):
            asked.append(statement)

    engine = stage.house.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    yield asked
    sa.event.remove(engine, "before_cursor_execute", note)


async def test_a_series_asks_hardly_more_of_the_database_than_one_meeting(stage: IntakeStage) -> None:
    with statements(stage) as one:
        await stage.receive(mail(event(uid="single@example.com")))
    with statements(stage) as series:
        await stage.receive(mail(endless(start=MONDAY + DAY)))
    assert len(stage.jobs()) > 10
    assert len(series) <= len(one) + 3


async def test_a_series_is_planned_whole_though_a_number_was_used_before(stage: IntakeStage) -> None:
    with stage.house.database.write() as session:
        plan.create(session, stage.house, wish(key="occurrence:3", starts_at=MONDAY - WEEK))
    await stage.receive(mail(endless()))
    assert stage.starts()[1:] == [MONDAY + number * WEEK for number in range(12)]
    assert "occurrence:3:2" in {job.key for job in stage.jobs()}
