"""What the inviter is told, and asked, by mail while the bot is at the meeting."""

import re
from email import message_from_bytes, policy

import pytest

from agent.errors import Conflict, Denied
from agent.lifecycle.attendance.consent_desk import ConsentDesk
from agent.lifecycle.commands import Commands
from agent.model.call import Admitted, CallOver, InLobby, Refused, RosterSeen
from agent.model.states import EndReason, FailureCode, State, Told
from agent.store import jobs
from tests.unit.lifecycle import world
from tests.unit.lifecycle.attendance.test_attend import HOST, ME, OPERATOR, job_of, kinds, make, now, state_is
from tests.unit.lifecycle.world import ToldCaller, until

LINK = re.compile(r"http://127\.0\.0\.1:8080/recap/consent/(\S+)")


def text_of(told: world.Told, number: int = 0) -> str:
    message = message_from_bytes(told.mailer.sent[number].raw, policy=policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def without_chat(told: world.Told) -> ToldCaller:
    caller = await told.meet.caller()
    caller.chat_works = False
    caller.tell(Admitted(now()), RosterSeen(now(), (ME, HOST)))
    await until(lambda: Told.QUESTION_MAILED in kinds(told))
    await until(lambda: told.mailer.sent)
    return caller


def tokens(told: world.Told) -> tuple[str, str]:
    """The signed answers in the mail: yes, no."""
    yes, no = LINK.findall(text_of(told))
    return yes, no


async def test_the_inviter_is_asked_once_to_let_the_bot_in(told: world.Told, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("agent.lifecycle.attendance.ending.REJOIN_SECONDS", (0.1,))
    make(told, options={"nudge_seconds": 0.1})
    caller = await told.meet.caller()
    caller.tell(InLobby(now()))
    await until(lambda: told.mailer.sent)
    assert told.mailer.sent[0].recipients == ("host@example.com",)
    assert "waiting in the lobby of “Pricing review”" in " ".join(text_of(told).split())
    caller.tell(Refused(now(), FailureCode.NETWORK_LOSS, "the page crashed", retry=True))
    caller.tell(CallOver(now(), FailureCode.NETWORK_LOSS))
    again = await told.meet.caller(2)
    again.tell(InLobby(now()))
    await state_is(told, State.WAITING)
    again.tell(Admitted(now()), RosterSeen(now(), (ME, HOST)))
    await state_is(told, State.IN_CALL)
    assert kinds(told).count(Told.NUDGED) == 1
    assert len(told.mailer.sent) == 1


async def test_a_bot_that_is_let_in_in_time_writes_to_nobody(told: world.Told) -> None:
    make(told)
    caller = await told.meet.caller()
    caller.tell(InLobby(now()), Admitted(now()), RosterSeen(now(), (ME, HOST)))
    await state_is(told, State.IN_CALL)
    assert Told.NUDGED not in kinds(told)


async def test_without_chat_the_inviter_is_asked_by_mail_and_may_say_yes(told: world.Told) -> None:
    make(told)
    caller = await without_chat(told)
    desk = ConsentDesk(told.house, Commands(told.house))
    yes, _ = tokens(told)
    offer = await desk.offer(yes)
    assert (offer.granted, offer.title) == (True, "Pricing review")
    assert not caller.capturing
    await desk.answer(yes)
    await state_is(told, State.RECORDING)
    with told.house.database.read() as session:
        entry = jobs.ledger(session, job_of(told).id or 0)[-1]
    assert (entry.outcome, entry.who, entry.words, entry.channel) == (
        "granted",
        "host@example.com",
        "yes",
        "mail",
    )
    assert entry.message in " ".join(text_of(told).split())


async def test_a_no_by_mail_makes_the_bot_leave(told: world.Told) -> None:
    make(told)
    await without_chat(told)
    _, no = tokens(told)
    await ConsentDesk(told.house, Commands(told.house)).answer(no)
    job = await state_is(told, State.COMPLETED)
    assert job.end_reason == EndReason.CONSENT_DECLINED


async def test_after_the_call_there_is_nothing_to_answer(told: world.Told) -> None:
    make(told)
    caller = await without_chat(told)
    caller.tell(CallOver(now(), EndReason.ENDED_BY_HOST))
    await state_is(told, State.COMPLETED)
    with pytest.raises(Conflict):
        await ConsentDesk(told.house, Commands(told.house)).answer(tokens(told)[0])


async def test_a_link_that_was_tampered_with_answers_nothing(told: world.Told) -> None:
    make(told)
    await without_chat(told)
    yes, _ = tokens(told)
    with pytest.raises(Denied):
        await ConsentDesk(told.house, Commands(told.house)).answer(yes[:-2] + "xx")


async def test_who_asks_again_without_chat_is_mailed_again(told: world.Told) -> None:
    job = make(told)
    await without_chat(told)
    await Commands(told.house).ask_again(OPERATOR, job.public_id)
    await until(lambda: kinds(told).count(Told.QUESTION_MAILED) == 2)
