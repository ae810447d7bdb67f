"""The journal of a bot far from the database: news wait in memory and are reported in order, each until it is taken."""

import asyncio
from collections import deque

import structlog

from agent.errors import Denied, MeetbotError, Superseded, Temporary
from agent.model.loan import Brief
from agent.model.news import GaveUp, HandedBack, LeftCall, News, Report
from agent.ports import Clock, Lender

MOST_WAITING = 1000  # more than a bot says before its lease runs out unheard
RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 3.0)
log = structlog.get_logger("journal")


class RemoteJournal:
    """Implements `ports.Journal` by reports on one loan. `run` sends; it has to run as long as anybody writes."""

    def __init__(self, lender: Lender, clock: Clock, brief: Brief) -> None:
        self.job_id = brief.job_id
        self._lender = lender
        self._clock = clock
        self._lease = brief.lease
        self._sequence = brief.next_sequence
        self._waiting: deque[News] = deque()
        self._fault: MeetbotError | None = None
        self._lost = False
        self._changed = asyncio.Condition()

    async def write(self, news: News) -> None:
        """Have one piece of news reported; the last of a stay is waited for until it is taken.

        Raises `Superseded` when the loan is lost, and whatever an earlier report was refused with.
        """
        is_last = isinstance(news, LeftCall | GaveUp | HandedBack)
        async with self._changed:
            if is_last and not self._lost:
                self._fault = None  # whatever was refused before, that the stay is over has to be told
            await self._changed.wait_for(lambda: self._over or len(self._waiting) < MOST_WAITING)
            self._check()
            self._waiting.append(news)
            self._changed.notify_all()
        if is_last:
            await self._drained()

    async def is_current(self) -> bool:
        """Whether all that was written was taken: the house takes nothing from a bot whose plan is an old one."""
        try:
            await self._drained()
        except MeetbotError:
            return False
        return True

    async def lose(self) -> None:
        """Report no more: the loan is lost."""
        async with self._changed:
            self._lost = True
            self._waiting.clear()
            self._changed.notify_all()

    async def run(self) -> None:
        """Report, until cancelled."""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: bool(self._waiting))
                news = self._waiting[0]
            report = Report(job_id=self.job_id, lease=self._lease, sequence=self._sequence, event=news)
            fault = await self._deliver(report)
            async with self._changed:
                if fault:
                    log.warning("journal.refused", action="journal.report", job=self.job_id, error=fault.full)
                    self._fault = fault
                    self._waiting.clear()
                elif self._waiting:
                    self._waiting.popleft()
                self._changed.notify_all()

    @property
    def _over(self) -> bool:
        return self._lost or self._fault is not None

    def _check(self) -> None:
        if self._lost:
            raise Superseded("The loan is lost.", full=f"{self.job_id}: the loan is lost")
        if self._fault:
            raise self._fault

    async def _drained(self) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._over or not self._waiting)
            self._check()

    async def _deliver(self, report: Report) -> MeetbotError | None:
        """Report until it is taken, or the loan is lost. Returns what it was refused with."""
        tries = 0
        while not self._lost:
            try:
                receipt = await self._lender.report(report)
            except (Temporary, Denied) as error:  # a key may be put right again while the lease lasts
                wait = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
                tries += 1
                log.info("journal.untold", action="journal.report", job=self.job_id, error=error.full)
                await self._clock.sleep(wait)
            except MeetbotError as error:
                return error
            else:
                self._sequence = receipt.next_sequence
                return None
        return None
