"""What goes out: at least once, known by one id, tried until it arrives or is given up."""

import threading
from contextlib import AbstractContextManager

import pytest
from sqlmodel import Session

from agent.errors import Invalid, Temporary
from agent.lifecycle import outbox
from agent.model.letter import HookAnswer, NoticeLetter
from agent.model.tables import Delivery, Endpoint
from agent.store import deliveries
from tests.unit.lifecycle.world import Told, until


def queue_notice(told: Told, key: str = "k1") -> Delivery | None:
    letter = NoticeLetter("<m1@example.com>", "host@example.com", "Hello", ("One sentence.",))
    with told.house.database.write() as session:
        return outbox.queue_mail(
            session,
            told.house.engine,
            told.house.letters.notice(letter),
            told.house.now(),
            key=key,
            event="notice",
            subject="Hello",
        )


def the_delivery(session: Session, told: Told) -> Delivery:
    found = deliveries.by_key(session, "mail:k1")
    assert found is not None
    return found


def state(told: Told) -> tuple[str, int]:
    with told.house.database.read() as session:
        delivery = the_delivery(session, told)
        return delivery.state, delivery.attempts


async def test_a_mail_is_queued_once_however_often_it_is_asked_for(told: Told) -> None:
    assert queue_notice(told) is not None
    assert queue_notice(told) is None
    await until(lambda: state(told) == ("done", 1))
    assert len(told.mailer.sent) == 1


async def test_a_refusal_for_now_is_tried_again_under_the_same_message_id(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.rules.backoff.MAIL_WAITS_SECONDS", (0.1,) * 11)
    told.mailer.refuses = [Temporary("451 later"), Temporary("no connection")]
    queue_notice(told)
    await until(lambda: state(told) == ("done", 3))
    assert told.mailer.sent[0].message_id == "<m1@example.com>"
    with told.house.database.read() as session:
        tries = deliveries.attempts(session, the_delivery(session, told).id)
    assert [one.status for one in tries] == [450, 450, 250]


async def test_a_refusal_for_good_is_kept_and_not_tried_again(told: Told) -> None:
    told.mailer.refuses = [Invalid("550 no such user")]
    queue_notice(told)
    await until(lambda: state(told) == ("failed", 1))


async def test_a_receiver_that_is_gone_is_switched_off_and_the_operator_is_told(told: Told) -> None:
    told.hooks.answers = [HookAnswer(status=410)]
    with told.house.database.write() as session:
        endpoint = deliveries.configured(session)[0]
        delivery = Delivery(
            id="dlv_1",
            key="k",
            endpoint_id=endpoint.id,
            channel="hook",
            family="jobs",
            event="job.failed",
            target=endpoint.url,
            created_at=told.house.now(),
            next_at=told.house.now(),
        )
        session.add(delivery)
        outbox.start(session, told.house.engine, delivery)

    def is_off() -> bool:
        with told.house.database.read() as session:
            row = session.get(Endpoint, endpoint.id)
            return row is not None and not row.enabled

    await until(is_off)


async def test_what_came_of_a_delivery_is_written_beside_the_loop(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_notice(told)
    threads = []
    write = told.house.database.write

    def seen() -> AbstractContextManager[Session]:
        threads.append(threading.current_thread())
        return write()

    monkeypatch.setattr(told.house.database, "write", seen)
    await until(lambda: state(told) == ("done", 1))
    assert threads
    assert threading.main_thread() not in threads
