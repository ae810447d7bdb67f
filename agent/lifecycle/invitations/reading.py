"""Whose mail is read next, and how much of the machine that may take: fair to senders, and second to the door.

Every mail stands in its table until it is read, and has a run of the engine that sees to that. Which mail such a run
reads is not its own choice: all that wait here take turns (`rules.rounds`), and a run ends when its own had theirs.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from time import monotonic

from agent.errors import Temporary
from agent.lifecycle.house import House
from agent.lifecycle.invitations.receipts import Receipts
from agent.model.invite import Envelope
from agent.rules.rounds import Rounds, path_of
from agent.store import mails

READ_AT_ONCE = 4
PAUSES = 2.0  # after a mail in a rush, as many times what it took, for each time that a rush is too much
LONGEST_PAUSE_SECONDS = 2.0

Outcome = asyncio.Future[Exception | None]


class Reading:
    """Reads stored mails by `read`, a few at once. In a rush one after the other, with pauses.

    Senders wait for the door while stored mails wait for no one, and reading takes many times what accepting does.
    """

    def __init__(self, house: House, receipts: Receipts, read: Callable[[int], Awaitable[None]]) -> None:
        self.house = house
        self.receipts = receipts
        self._read = read
        self._rounds = Rounds()
        self._waiting: set[int] = set()
        self._put_off: set[int] = set()  # failed: read again when the engine says so
        self._awaited: dict[int, Outcome] = {}
        self._runs = 0
        self._places = asyncio.Semaphore(READ_AT_ONCE)
        self._alone = asyncio.Lock()

    async def settle(self, mail_ids: Collection[int]) -> dict[int, Exception]:
        """Return once these mails are read, each in its turn, with what went wrong with those that were not."""
        self._runs += 1
        try:
            stored = await self._look(mail_ids)
            outcomes = {mail: self._outcome_of(mail) for mail in mail_ids if mail in stored}
            many = min(len(outcomes), READ_AT_ONCE)
            await asyncio.gather(*(self._work(outcomes) for _ in range(many)))
        finally:
            self._runs -= 1
        faults = {mail: outcome.result() for mail, outcome in outcomes.items()}
        return {mail: fault for mail, fault in faults.items() if fault is not None}

    async def _look(self, mail_ids: Collection[int]) -> Collection[int]:
        """Return which of these wait still, and have them wait here; whoever finds nobody at work looks for all."""
        wanted: Collection[int] | None = mail_ids
        if self._runs == 1:
            wanted, self._rounds, self._waiting = None, Rounds(), set()
            self.receipts.stored_lately()  # stands in the table

        def look() -> Mapping[int, Envelope]:
            with self.house.database.read() as session:
                return mails.waiting(session, wanted)

        stored = await asyncio.to_thread(look)
        self._put_off.difference_update(mail_ids)
        self._line_up(stored)
        return stored.keys()

    def _line_up(self, stored: Mapping[int, Envelope]) -> None:
        for mail, envelope in stored.items():
            if mail not in self._waiting and mail not in self._put_off:
                self._waiting.add(mail)
                self._rounds.add(mail, path_of(envelope.peer, envelope.mail_from))

    def _outcome_of(self, mail: int) -> Outcome:
        return self._awaited.setdefault(mail, asyncio.get_running_loop().create_future())

    async def _work(self, outcomes: Mapping[int, Outcome]) -> None:
        """Read what has its turn, whosever it is, until nothing is awaited that nobody reads."""
        while not all(outcome.done() for outcome in outcomes.values()):
            async with self._place():
                if all(outcome.done() for outcome in outcomes.values()):
                    return
                self._line_up(self.receipts.stored_lately())
                mail = self._rounds.take()
                if mail is not None:
                    await self._read_one(mail)
                    continue
            await asyncio.wait(outcomes.values())

    async def _read_one(self, mail: int) -> None:
        fault: Exception | None = Temporary("The mail cannot be read now.", full="reading it was broken off")
        try:
            await self._read(mail)
            fault = None
        except Exception as error:  # noqa: BLE001 - told to the run that the mail has; another's must not fail for it
            fault = error
        finally:
            self._waiting.discard(mail)
            if fault is not None:
                self._put_off.add(mail)
            outcome = self._awaited.pop(mail, None)
            if outcome is not None and not outcome.done():
                outcome.set_result(fault)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """Enter when a mail may be read. What a rush takes of the machine in excess, reading gives up in pauses."""
        async with self._places:
            if not self.receipts.pressure:
                yield
                return
            async with self._alone:
                began = monotonic()
                yield
                pause = (monotonic() - began) * self.receipts.pressure * PAUSES
                await asyncio.sleep(min(pause, LONGEST_PAUSE_SECONDS))
