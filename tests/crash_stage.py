"""One life of a house that is killed at a chosen commit: a process of its own, whose outside plays one whole meeting."""

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import select

from agent.lifecycle import plan
from agent.lifecycle.aftermath.harvest import SUMMARISE, GetWords
from agent.lifecycle.aftermath.summarise import Summarise
from agent.lifecycle.attendance.attend import Attend
from agent.lifecycle.attendance.ending import HARVEST
from agent.lifecycle.house import BOTS_QUEUE, JOBS_QUEUE
from agent.lifecycle.outbox import DELIVER, Deliver
from agent.lifecycle.upkeep.listeners import Listener, keep_configured
from agent.model.call import Admitted, CallOver, ChatSaid, InLobby, Person, RosterSeen, Visit
from agent.model.letter import HookAnswer, Mail, Notice
from agent.model.states import TERMINAL, EndReason, State
from agent.model.tables import Delivery, Job
from agent.store.database import Database
from tests.unit.lifecycle.world import (
    ToldCaller,
    ToldHooks,
    ToldMailer,
    ToldMeet,
    build,
    until,
    wish,
    words,
)

KILLED = 137
SEEN = "seen.jsonl"
ME = Person("d/1", "Meetbot", is_self=True)
HOST = Person("d/2", "Host Person", is_host=True)


class Witness:
    """Writes down what the outside saw, beyond the death of the process."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / SEEN).open("ab", buffering=0)

    def saw(self, what: str, key: str) -> None:
        self._file.write(json.dumps([what, key]).encode() + b"\n")


class PlayedCaller(ToldCaller):
    """A meeting in which the host lets the bot in, says yes at once, and ends it."""

    async def knock(self) -> None:
        await super().knock()
        now = datetime.now(UTC)
        self.tell(InLobby(now), Admitted(now), RosterSeen(now, (ME, HOST)))

    async def say(self, text: str) -> bool:
        now = datetime.now(UTC)
        if not self.said:
            self.tell(ChatSaid(now, "m1", "Host Person", "yes"))
        return await super().say(text)

    async def start_capture(self) -> None:
        await super().start_capture()
        self.tell(CallOver(datetime.now(UTC), EndReason.ENDED_BY_HOST))


class PlayedMeet(ToldMeet):
    def __init__(self, witness: Witness) -> None:
        super().__init__()
        self._witness = witness

    async def open(self, visit: Visit) -> ToldCaller:
        self._witness.saw("bot", visit.job_id)
        return PlayedCaller(visit)


class SeenMailer(ToldMailer):
    def __init__(self, witness: Witness) -> None:
        super().__init__()
        self._witness = witness

    async def send(self, mail: Mail) -> str:
        self._witness.saw("mail", mail.message_id)
        return await super().send(mail)


class SeenHooks(ToldHooks):
    def __init__(self, witness: Witness) -> None:
        super().__init__()
        self._witness = witness

    async def post(self, notice: Notice) -> HookAnswer:
        self._witness.saw(notice.event, notice.delivery_id)
        return await super().post(notice)


def die_at(database: Database, number: int, *, done: bool) -> None:
    """End the process at the `number`-th commit from now: when it is `done`, or just before."""
    left = number

    def deadly(real: Callable[[Any], None]) -> Callable[[Any], None]:
        def commit(connection: Any) -> None:
            nonlocal left
            left -= 1
            if left == 0 and not done:
                os._exit(KILLED)
            real(connection)
            if left == 0:
                os._exit(KILLED)

        return commit

    for engine in (database.engine, database.jobs_engine):
        engine.dialect.do_commit = deadly(engine.dialect.do_commit)  # type: ignore[method-assign]


def live(folder: Path, number: int, *, done: bool) -> None:
    """Live on a folder until the meeting is over, or the `number`-th commit (0: none) is the last."""
    asyncio.run(_live(folder, number, done=done))
    os._exit(0)


async def _live(folder: Path, number: int, *, done: bool) -> None:
    told = build(folder)
    witness = Witness(folder)
    house = replace(
        told.house, meet=PlayedMeet(witness), mailer=SeenMailer(witness), hooks=SeenHooks(witness)
    )
    told.transcripts.answer = words("We decided to launch on Tuesday.", "I will write to the customers.")
    house.engine.handles(plan.ATTEND, Attend(house), queue=BOTS_QUEUE, hears=True)
    house.engine.handles(HARVEST, GetWords(house), queue=JOBS_QUEUE)
    house.engine.handles(SUMMARISE, Summarise(house), queue=JOBS_QUEUE)
    house.engine.handles(DELIVER, Deliver(house), queue=JOBS_QUEUE)
    keep_configured(house, [Listener("https://hooks.example.com/", "whsec_c2VjcmV0")])
    if number:
        die_at(house.database, number, done=done)
    await house.engine.start()

    def invite() -> None:
        with house.database.write() as session:
            plan.create(session, house, wish())

    await asyncio.to_thread(invite)
    await until(lambda: _over(house.database))


def _over(database: Database) -> bool:
    with database.read() as session:
        states = session.exec(select(Job.state)).all()
        due = session.exec(select(sa.func.count()).where(Delivery.state == "due")).one()
    return bool(states) and all(State(state) in TERMINAL for state in states) and not due
