"""Mails that come in together: on the disk in one commit, answered each for itself."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlmodel import Session

from agent.errors import Temporary
from agent.lifecycle.invitations import receipts
from agent.lifecycle.invitations.receipts import RUSH_MAILS
from agent.model.invite import Envelope
from agent.model.tables import Mail
from agent.store import mails
from agent.store.database import Database
from tests.intake_stage import BOT, HOST, IntakeStage, event, mail
from tests.unit.lifecycle.world import until

POISON = b"Subject: poison\r\n\r\n"


def raw(number: int) -> bytes:
    return f"Subject: {number}\r\n\r\n".encode()


def accepted(stage: IntakeStage, what: bytes, to: str = BOT) -> asyncio.Task[str]:
    envelope = Envelope(mail_from=HOST, rcpt_to=(to,), peer="192.0.2.1")
    return asyncio.create_task(stage.intake.accept(envelope, what))


@contextmanager
def busy_writer(stage: IntakeStage) -> Iterator[None]:
    """Hold the database, so that mails that come in meanwhile are one batch."""
    with stage.house.database.write():
        yield


async def waiting(stage: IntakeStage, number: int) -> None:
    """Wait until that many mails gather behind the one that is being committed."""
    await until(lambda: len(stage.intake.receipts._waiting) == number)


async def batch(stage: IntakeStage, *mails_in: bytes) -> list[asyncio.Task[str]]:
    """Hand in a first mail and, while it is being committed, others together."""
    with busy_writer(stage):
        tasks = [accepted(stage, raw(0))]
        await until(lambda: stage.intake.receipts._writer is not None)
        await waiting(stage, 0)
        tasks += [accepted(stage, one) for one in mails_in]
        await waiting(stage, len(mails_in))
    return tasks


def commits(stage: IntakeStage, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count what each transaction stores."""
    sizes: list[int] = []
    put = mails.put

    def counted(session: Session, *arguments: object) -> list[int]:
        numbers = put(session, *arguments)  # type: ignore[arg-type]
        sizes.append(len(numbers))
        return numbers

    monkeypatch.setattr(mails, "put", counted)
    return sizes


def poisoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the database choke on one mail."""
    put = mails.put

    def choke(session: Session, *arguments: object) -> list[int]:
        if any(letter[2] == POISON for letter in arguments[1]):  # type: ignore[index]
            raise ValueError("this one cannot be stored")
        return put(session, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(mails, "put", choke)


async def test_mails_that_come_together_are_one_commit_in_their_order(
    stage: IntakeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = commits(stage, monkeypatch)
    tasks = await batch(stage, *(raw(number) for number in range(1, 6)))
    numbers = await asyncio.gather(*tasks)
    assert numbers == ["m1", "m2", "m3", "m4", "m5", "m6"]
    assert sizes == [1, 5]
    assert [row.raw for row in stage.rows(Mail)] == [raw(number) for number in range(6)]
    assert stage.engine.started["read:1"][1] == (1,)
    assert stage.engine.started["read:2-6"][1] == (2, 3, 4, 5, 6)


async def test_every_mail_is_stored_before_it_is_answered(stage: IntakeStage) -> None:
    other = Database(str(stage.house.database.url))
    for task in await batch(stage, raw(1), raw(2)):
        number = int((await task)[1:])
        with other.read() as session:  # as another process would see it
            assert session.get(Mail, number) is not None
    other.close()


async def test_a_mail_that_cannot_be_stored_fails_alone(
    stage: IntakeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned(monkeypatch)
    tasks = await batch(stage, raw(1), POISON, raw(2))
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [str, str, ValueError, str]
    assert [row.raw for row in stage.rows(Mail)] == [raw(0), raw(1), raw(2)]
    assert {key for key, (job, _, _) in stage.engine.started.items() if job == "read"} == {
        f"read:{row.id}" for row in stage.rows(Mail)
    }


async def test_a_database_that_is_away_keeps_nobody_waiting_for_every_other_mail(
    stage: IntakeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "ALONE_WITHIN_SECONDS", 0.0)
    asked: list[int] = []

    def away(_session: Session, _now: object, fresh: list[object]) -> list[int]:
        asked.append(len(fresh))
        raise Temporary("The database cannot take this now.")

    monkeypatch.setattr(mails, "put", away)
    tasks = await batch(stage, raw(1), raw(2), raw(3))
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Temporary] * 4
    assert asked == [1, 3]
    monkeypatch.undo()
    assert await accepted(stage, raw(1)) == "m1"  # and goes on when the database is back


async def test_a_session_that_is_gone_takes_no_other_with_it(stage: IntakeStage) -> None:
    with busy_writer(stage):
        first = accepted(stage, raw(0))
        await until(lambda: stage.intake.receipts._writer is not None)
        await waiting(stage, 0)
        gone, other = accepted(stage, raw(1)), accepted(stage, raw(2))
        await waiting(stage, 2)
        gone.cancel()
        first.cancel()
    assert await other == "m3"
    assert gone.cancelled()
    assert first.cancelled()
    assert await accepted(stage, raw(1)) == "m2"  # the sender comes again


async def test_the_same_mail_twice_in_a_batch_is_one(stage: IntakeStage) -> None:
    tasks = await batch(stage, raw(1), raw(1), raw(0))
    assert await asyncio.gather(*tasks) == ["m1", "m2", "m2", "m1"]
    assert len(stage.rows(Mail)) == 2


async def test_the_same_bytes_for_another_recipient_are_another_mail(stage: IntakeStage) -> None:
    first, second = accepted(stage, raw(1)), accepted(stage, raw(1), to="bot+silent@example.com")
    assert {await first, await second} == {"m1", "m2"}


async def test_a_batch_is_read_whole_and_what_fails_is_read_again_alone(
    stage: IntakeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = await batch(stage, mail(event(uid="one@example.com")), mail(event(uid="two@example.com")))
    await asyncio.gather(*tasks)
    read = stage.reader.read

    async def trouble(what: bytes, received_at: object) -> object:
        if b"one@example.com" in what:
            raise Temporary("no process can be had")
        return await read(what, received_at)  # type: ignore[arg-type]

    monkeypatch.setattr(stage.reader, "read", trouble)
    _, arguments, _ = stage.engine.started["read:2-3"]
    await stage.intake.read(*arguments)
    assert [row.verdict for row in stage.rows(Mail)][1:] == ["stored", "read"]
    assert stage.engine.started["read:2"][1] == (2,)
    assert "read:3" not in stage.engine.started


async def test_in_a_rush_the_engine_is_told_of_mails_a_second_later(
    stage: IntakeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "RUSH", timedelta(minutes=10))
    await asyncio.gather(*(accepted(stage, raw(number)) for number in range(RUSH_MAILS - 1)))
    assert all(at is None for _, _, at in stage.engine.started.values())
    await accepted(stage, raw(RUSH_MAILS))
    assert stage.engine.started[f"read:{RUSH_MAILS}"][2] == stage.clock.now() + timedelta(minutes=10)


async def test_the_pressure_of_a_rush_tells_how_much_it_is_in_excess(
    stage: IntakeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.gather(*(accepted(stage, raw(number)) for number in range(RUSH_MAILS)))
    monkeypatch.setattr(receipts, "monotonic", lambda: stage.intake.receipts._lately[0] + 0.1)
    assert stage.intake.receipts.pressure == pytest.approx(10)
    monkeypatch.setattr(receipts, "monotonic", lambda: stage.intake.receipts._lately[0] + 1.0)
    assert stage.intake.receipts.pressure == 0
