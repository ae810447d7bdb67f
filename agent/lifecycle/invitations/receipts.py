"""Group commit: mails that come in at the same time are made durable together, each answered for itself.

A sync of the disk costs as much for one mail as for many, and so does the engine's row that has them read. While one
batch is being committed the next one gathers, so that a mail that comes alone waits for nobody.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from sqlmodel import Session

from agent.errors import Temporary
from agent.lifecycle.house import House
from agent.model.invite import Envelope
from agent.store import mails

READ = "read"
TWIN_WINDOW = timedelta(hours=24)
BATCH_MAILS = 64
BATCH_BYTES = 16 * 1024 * 1024
GATHER_SECONDS = 0.002
# So many mails in so short a time are a rush: more than could be read in it.
RUSH_MAILS = 50
RUSH = timedelta(seconds=1)
# A batch that failed at once is tried mail by mail; one that failed after waiting would only wait again.
ALONE_WITHIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail that waits to be stored, and where its number, or its error, is awaited."""

    envelope: Envelope
    raw: bytes
    number: asyncio.Future[int]


class Receipts:
    """Stores mails durably, in the order of their arrival, with a thread of its own: nothing else delays it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._waiting: deque[Arrival] = deque()
        self._lately: deque[float] = deque(maxlen=RUSH_MAILS)
        self._stored: dict[int, Envelope] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mail")
        self._writer: asyncio.Task[None] | None = None

    async def store(self, envelope: Envelope, raw: bytes) -> int:
        """Return the number of a mail once it is on the disk; the same mail again within a day is the same one.

        Raises `Temporary` when it cannot be stored now. Who is cancelled while waiting may find it stored or not.
        """
        arrival = Arrival(envelope, raw, asyncio.get_running_loop().create_future())
        self._waiting.append(arrival)
        self._lately.append(monotonic())
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="mail.write")
        return await arrival.number

    def stored_lately(self) -> dict[int, Envelope]:
        """Hand out the numbers and envelopes of the mails that were stored since this was asked last."""
        stored, self._stored = self._stored, {}
        return stored

    @property
    def pressure(self) -> float:
        """How many times more mails come in than make a rush, 0 without one."""
        if len(self._lately) < RUSH_MAILS:
            return 0.0
        seconds = monotonic() - self._lately[0]
        return RUSH.total_seconds() / max(seconds, 0.001) if seconds < RUSH.total_seconds() else 0.0

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while batch := self._next_batch():
            if len(batch) > 1:  # mails come in company: those who are just finishing theirs may join
                await asyncio.sleep(GATHER_SECONDS)
                batch += self._next_batch()
            outcomes = await loop.run_in_executor(self._thread, self._commit, batch)
            for arrival, outcome in zip(batch, outcomes, strict=True):
                if isinstance(outcome, int):
                    self._stored[outcome] = arrival.envelope
                if arrival.number.done():  # its session is gone; the sender comes again and finds it stored
                    continue
                if isinstance(outcome, int):
                    arrival.number.set_result(outcome)
                else:
                    arrival.number.set_exception(outcome)

    def _next_batch(self) -> list[Arrival]:
        batch: list[Arrival] = []
        size = 0
        while self._waiting and len(batch) < BATCH_MAILS and size < BATCH_BYTES:
            batch.append(self._waiting.popleft())
            size += len(batch[-1].raw)
        return batch

    def _commit(self, batch: Sequence[Arrival]) -> list[int | Exception]:
        """Store a batch in one transaction; where that fails, each mail by itself, so that none fails for another's sake."""
        began = monotonic()
        try:
            with self.house.database.write(first=True) as session:
                return list(self._put(session, batch))
        except Exception as fault:  # noqa: BLE001 - whatever it was, every sender must hear that the mail was not taken
            if len(batch) == 1:
                return [fault]
            outcomes: list[int | Exception] = []
            for arrival in batch:
                patient = monotonic() - began < ALONE_WITHIN_SECONDS
                outcomes += self._commit([arrival]) if patient else [_not_now(fault)]
            return outcomes

    def _put(self, session: Session, batch: Sequence[Arrival]) -> list[int]:
        """Return the number of each mail, in the order of the batch; new ones are read by one run of the engine."""
        now = self.house.now()
        marks = [_mark(arrival) for arrival in batch]
        known = mails.marked(session, {digest for digest, _ in marks}, now - TWIN_WINDOW)
        fresh = {
            mark: (arrival.envelope, mark[0], arrival.raw)
            for mark, arrival in zip(marks, batch, strict=True)
            if mark not in known
        }
        stored = mails.put(session, now, list(fresh.values()))
        if stored:
            key = f"{READ}:{stored[0]}" + (f"-{stored[-1]}" if len(stored) > 1 else "")
            later = now + RUSH if self.pressure else None
            self.house.engine.after(session, READ, key, *stored, at=later)
        known |= dict(zip(fresh, stored, strict=True))
        return [known[mark] for mark in marks]


def _mark(arrival: Arrival) -> mails.Mark:
    """Return what tells a sender's retry: the same bytes for the same recipients."""
    return hashlib.sha256(arrival.raw).hexdigest(), arrival.envelope.rcpt_to


def _not_now(fault: Exception) -> Exception:
    """Return an error of its own for one mail of a batch that failed."""
    return Temporary("The mail cannot be taken now.", full=f"its batch failed: {fault!r}")
