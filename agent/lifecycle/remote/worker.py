"""A worker far from the database: claims jobs, brings their bots to the meetings, and hands on what is asked of them."""

import asyncio
import contextlib
import re
from dataclasses import dataclass
from uuid import uuid4

import structlog
from pydantic import TypeAdapter, ValidationError

from agent.errors import Denied, Invalid, MeetbotError, Misconfigured, Missing
from agent.lifecycle.attendance import errand
from agent.lifecycle.remote.house_clock import HouseClock
from agent.lifecycle.remote.journal import RemoteJournal
from agent.model.call import Verb
from agent.model.loan import Brief, Claim, Held, Lot
from agent.model.news import HandedBack
from agent.ports import Inbox, Lender, Meet
from agent.rules.conduct import Policy

POLICY = TypeAdapter(Policy)
# After this part of the silence that the house allows, bots leave by themselves: before others come in their place.
FENCE = 0.75
FIRST_SILENCE_SECONDS = 60.0
AGAIN_SECONDS = 2.0
HAND_BACK_SECONDS = 5.0
log = structlog.get_logger("worker")


@dataclass(eq=False, slots=True)
class Bot:
    """One bot at work; `heard` counts the verbs that reached it."""

    lease: str
    inbox: Inbox
    journal: RemoteJournal
    task: asyncio.Task[None]
    heard: int = 0


class Worker:
    """Runs up to `places` bots. `name` tells this run of it from every other."""

    def __init__(self, lender: Lender, meet: Meet, clock: HouseClock, name: str, places: int) -> None:
        self.lender = lender
        self.meet = meet
        self.clock = clock
        self.name = f"{re.sub('[^A-Za-z0-9._-]', '-', name)[:80]}-{uuid4().hex[:8]}"
        self.places = places
        self._bots: dict[str, Bot] = {}
        self._silence_seconds = FIRST_SILENCE_SECONDS
        self._heard_at = clock.monotonic()
        self._down = False

    async def greet(self) -> None:
        """See that the house knows this worker. Raises `Misconfigured` when it does not; one that is away may come."""
        try:
            await self.lender.claim(Claim(worker=self.name, wait_seconds=0))
        except (Denied, Missing) as error:
            raise Misconfigured(
                f"The server does not lend bots to this worker ({error.safe}) "
                "Check --server, and make a key with: meetbot keys create --scope ingest"
            ) from error
        except MeetbotError as error:
            self._tell_down(error)

    async def run(self) -> None:
        """Claim jobs and run their bots, until cancelled."""
        while True:
            await self._claim_once()

    async def stop(self) -> None:
        """Leave all calls and hand the jobs back; also those that an answer which never came had lent."""
        self.places = 0
        bots = list(self._bots.values())
        for bot in bots:
            bot.task.cancel()
        await asyncio.gather(*(bot.task for bot in bots), return_exceptions=True)
        with contextlib.suppress(MeetbotError, TimeoutError):
            async with asyncio.timeout(HAND_BACK_SECONDS):
                lot = await self.lender.claim(Claim(worker=self.name, wait_seconds=0))
                for brief in lot.jobs:
                    await self._never_go(brief)

    async def _claim_once(self) -> None:
        began = self.clock.monotonic()
        left = self._heard_at + self._silence_seconds * FENCE - began
        if left <= 0:
            await self._fence()
            left = self._silence_seconds
        try:
            async with asyncio.timeout(left):
                lot = await self.lender.claim(self._claim())
        except (MeetbotError, TimeoutError) as error:
            self._tell_down(error)
            await self.clock.sleep(AGAIN_SECONDS)
            return
        if self._down:
            log.info("worker.up", action="worker.claim")
        self._down, self._heard_at, self._silence_seconds = False, began, lot.silence_seconds
        await self._take_up(lot)

    def _claim(self) -> Claim:
        free = 0 if self.meet.no_place() else max(0, self.places - len(self._bots))
        held = tuple(Held(job_id=job, lease=bot.lease, heard=bot.heard) for job, bot in self._bots.items())
        return Claim(worker=self.name, places=free, held=held)

    async def _take_up(self, lot: Lot) -> None:
        self.clock.hear(lot.now)
        for job_id in lot.lost:
            await self._lose(job_id)
        for brief in lot.jobs:
            if brief.job_id not in self._bots:
                self._set_out(brief)
        for asks in lot.asks:
            if bot := self._bots.get(asks.job_id):
                for verb in asks.verbs:
                    bot.inbox.put_nowait(verb)
                bot.heard += len(asks.verbs)

    def _set_out(self, brief: Brief) -> None:
        journal, inbox = RemoteJournal(self.lender, self.clock, brief), Inbox()
        task = asyncio.create_task(self._go(brief, journal, inbox), name=f"bot.{brief.job_id}")
        self._bots[brief.job_id] = Bot(brief.lease, inbox, journal, task)

    async def _go(self, brief: Brief, journal: RemoteJournal, inbox: Inbox) -> None:
        sending = asyncio.create_task(journal.run(), name=f"journal.{brief.job_id}")
        log.info("worker.set_out", action="worker.go", job=brief.job_id)
        try:
            await errand.run(_errand(brief), self.meet, self.clock, journal, inbox)
        except asyncio.CancelledError:
            await self._hand_back(journal)
        except MeetbotError as error:
            log.warning("worker.ending_untold", action="worker.go", job=brief.job_id, error=error.full)
        finally:
            sending.cancel()
            del self._bots[brief.job_id]
            log.info("worker.back", action="worker.go", job=brief.job_id)

    async def _never_go(self, brief: Brief) -> None:
        journal = RemoteJournal(self.lender, self.clock, brief)
        sending = asyncio.create_task(journal.run(), name=f"journal.{brief.job_id}")
        try:
            await self._hand_back(journal)
        finally:
            sending.cancel()

    async def _hand_back(self, journal: RemoteJournal) -> None:
        try:
            async with asyncio.timeout(HAND_BACK_SECONDS):
                await journal.write(HandedBack(reason="the worker that had the bot was stopped"))
        except (MeetbotError, TimeoutError) as error:
            log.warning("worker.not_handed_back", action="worker.stop", job=journal.job_id, error=str(error))

    async def _lose(self, job_id: str) -> None:
        """Have a bot leave whose job is another's now, or was changed."""
        if bot := self._bots.get(job_id):
            log.warning("worker.lost", action="worker.lose", job=job_id)
            await bot.journal.lose()
            bot.inbox.put_nowait({"verb": Verb.RECHECK.value, "uid": uuid4().hex})

    async def _fence(self) -> None:
        """Leave all calls: unheard for so long, their jobs are about to be given to others."""
        for job_id in list(self._bots):
            await self._lose(job_id)

    def _tell_down(self, error: BaseException) -> None:
        """Say once that the house is not reached."""
        if not self._down:
            text = error.full if isinstance(error, MeetbotError) else "no answer in time"
            log.error("worker.down", action="worker.claim", error=text)
        self._down = True


def _errand(brief: Brief) -> errand.Errand:
    visit = errand.visit_to(
        brief.job_id,
        meeting_url=brief.meeting_url,
        display_name=brief.display_name,
        language=brief.language,
        caption_language=brief.caption_language,
        lobby_seconds=brief.lobby_seconds,
        recording="off",  # files would stay here
    )
    try:
        policy = POLICY.validate_python(brief.policy)
    except ValidationError as error:
        raise Invalid("The server's policy is not understood; run the same version here.") from error
    return errand.Errand(visit, policy, brief.join_at, brief.granted_before, frozenset(brief.obeyed))
