"""The phase that polls the bot's Google calendars: what a window shows is taken in, and what is gone from it is ended."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from sqlmodel import Session

from agent.errors import MeetbotError, Temporary
from agent.lifecycle.house import House
from agent.lifecycle.invitations.calendar import Calendar, Message
from agent.lifecycle.invitations.channels import Channels
from agent.lifecycle.invitations.gate import REFUSED, Gate
from agent.lifecycle.invitations.intake import Intake
from agent.lifecycle.invitations.occurrences import Taken
from agent.lifecycle.invitations.reception import NOT_ALLOWED
from agent.lifecycle.invitations.taking import Taking
from agent.model.invite import Component
from agent.model.states import TERMINAL, State, Told
from agent.ports import CalendarFeed, Listing
from agent.rules import series as calendar
from agent.rules import trust
from agent.rules.replies import Answer, answers
from agent.store import jobs
from agent.store import series as store

POLL, RESPOND = "poll", "respond"
LOOK = "look"  # said to a poll that must read the window whether or not anything changed
FULL_EVERY = timedelta(hours=1)
HORIZON = timedelta(days=89)  # a day less than is listed, so that the edge of the window ends nothing
RECHECK_SECONDS = 8.0
BATCH = 20
_NEVER = datetime.min.replace(tzinfo=UTC)
STATUS = {"ACCEPTED": "accepted", "DECLINED": "declined"}
log = structlog.get_logger("polling")


class Polling:
    """Polls every calendar of the house. A calendar that cannot be read is left for the next bell; its feed tells once."""

    def __init__(self, house: House, intake: Intake) -> None:
        self.house = house
        self.intake = intake
        self.channels = Channels(house)
        self._looked: dict[str, datetime] = {}
        self._warned: dict[str, str] = {}
        self._turn = asyncio.Lock()

    async def __call__(self, *why: str | int) -> None:
        """Look at every calendar: at its window when something changed, once an hour, and when told to."""
        async with self._turn:
            for feed in self.house.calendars:
                try:
                    await self._poll(feed, told=LOOK in why)
                except MeetbotError as error:
                    log.debug("poll.failed", action="poll", calendar=feed.calendar_id, error=error.full)

    async def _poll(self, feed: CalendarFeed, *, told: bool) -> None:
        now = self.house.now()
        due = now - self._looked.get(feed.calendar_id, _NEVER) >= FULL_EVERY
        if not (await feed.changed() or due or told):
            return
        listing = await feed.window(now)
        await self._take_in(feed, listing)
        await self._sweep(feed, listing, now)
        self._looked[feed.calendar_id] = now
        if due:
            await self._warn(feed)
            await self.channels.keep(feed)

    async def _warn(self, feed: CalendarFeed) -> None:
        """Log once that the account hides invitations, and once that it does not any more."""
        warning = await feed.settings_warning()
        before = self._warned.get(feed.calendar_id, "")
        if warning and warning != before:
            log.warning("invitations.hidden", action="poll.warn", calendar=feed.calendar_id, todo=warning)
        elif before and not warning:
            log.info("invitations.shown", action="poll.warn", calendar=feed.calendar_id)
        self._warned[feed.calendar_id] = warning

    async def _take_in(self, feed: CalendarFeed, listing: Listing) -> None:
        components = listing.components
        for begin in range(0, len(components), BATCH):
            batch = components[begin : begin + BATCH]
            for taken in await asyncio.to_thread(self._take_batch, feed, batch):
                await self.intake.tell(taken)

    def _take_batch(self, feed: CalendarFeed, batch: Iterable[Component]) -> Sequence[Taken]:
        with self.house.database.write() as session:
            found = [self._take(session, feed, component) for component in batch]
        return [taken for taken in found if taken is not None]

    def _take(self, session: Session, feed: CalendarFeed, component: Component) -> Taken | None:
        gate = Gate(session, self.house)
        judgement = gate.judge_event(component)
        organizer = component.organizer.email if component.organizer else ""
        if judgement.verdict == "hold":
            claim = trust.Claim(organizer, organizer)
            gate.hold(component, claim, judgement, source="google")
            return None
        if judgement.verdict == "ignore":
            if judgement.rule == REFUSED:
                self._answer(session, feed, component, (Answer("", "DECLINED", NOT_ALLOWED),))
            return None
        message = Message(
            component,
            source="google",
            inviter=organizer,
            bot_address="",
            binding=judgement.binding,
            calendar_id=feed.calendar_id,
        )
        taken, _ = Taking(session, self.house).take(message, judgement, quiet=True)
        self._answer(session, feed, component, answers(component, taken.outcome.decisions))
        return taken

    def _answer(
        self, session: Session, feed: CalendarFeed, component: Component, told: Sequence[Answer]
    ) -> None:
        """Plan the answers that the calendar does not show yet; each is given once per change."""
        me = trust.my_line(component, (self.house.habits.bot_email, feed.calendar_id))
        if not self.house.habits.invites_reply or me is None or component.cancelled:
            return
        for answer in told:
            if answer.slot or me.partstat != answer.partstat:
                change = trust.change_key(component, feed.calendar_id)
                key = f"respond:{change}:{answer.slot}:{answer.partstat}"
                facts = (feed.calendar_id, component.uid, answer.slot, answer.partstat, answer.reason)
                self.house.engine.after(session, RESPOND, key, *facts)

    async def respond(self, calendar_id: str, uid: str, slot: str, partstat: str, reason: str) -> None:
        """Answer an invitation in its calendar. Raises `Temporary` to be run again."""
        feed = self._feed(calendar_id)
        if feed is None:
            return
        try:
            answered = await feed.respond(uid, slot, STATUS[partstat], reason)
        except Temporary:
            raise
        except MeetbotError as error:
            log.warning("answer.impossible", action="poll.respond", uid=uid, error=error.full)
            return
        if answered:
            await asyncio.to_thread(self._note_answer, uid, slot, partstat)

    def _note_answer(self, uid: str, slot: str, partstat: str) -> None:
        with self.house.database.write() as session:
            row = store.by_uid(session, uid)
            for occurrence, job in store.with_jobs(session, row.id or 0, {slot}) if row else ():
                if slot in ("", occurrence.slot) and State(job.state) not in TERMINAL:
                    line: dict[str, object] = {"partstat": partstat, "in": "calendar"}
                    jobs.note(session, job, self.house.now(), Told.REPLY_SENT, line)

    async def _sweep(self, feed: CalendarFeed, listing: Listing, now: datetime) -> None:
        """End what is deleted. What merely is not shown is looked at by itself first: a listing may have lost a page."""

        def planned() -> frozenset[str]:
            with self.house.database.read() as session:
                return frozenset(store.in_calendar(session, feed.calendar_id, now, now + HORIZON))

        held = await asyncio.to_thread(planned)
        for uid in sorted(held & listing.gone):
            await self._end(uid)
        for uid in sorted(held - listing.uids):
            await self._look_again(feed, uid)

    async def _look_again(self, feed: CalendarFeed, uid: str) -> None:
        listing = await feed.reread(uid, self.house.now())
        await self._take_in(feed, listing)
        if uid in listing.gone:
            await self._end(uid)

    async def _end(self, uid: str) -> None:
        """Take in that a calendar does not have an event any more."""

        def end() -> Taken | None:
            with self.house.database.write() as session:
                known = Calendar(session, self.house, uid)
                if known.series is None:
                    return None
                component = calendar.ended(known.series, self.house.now())
                message = Message(component, source="google", inviter="", bot_address="")
                finding = trust.Finding("vanished", "accept", "the calendar does not have the event any more")
                binding = known.binding("") or trust.Binding("", "")
                judgement = trust.Judgement("accept", "vanished", finding.detail, binding, (finding,))
                return Taking(session, self.house).take(message, judgement)[0]

        taken = await asyncio.to_thread(end)
        if taken is not None:
            await self.intake.tell(taken)

    async def recheck(self, job_id: int) -> None:
        """Look once more at the events a job is for, just before the bot goes; what cannot be read is believed as it is."""
        for calendar_id, uid in await asyncio.to_thread(self._polled, job_id):
            feed = self._feed(calendar_id)
            if feed is None:
                continue
            try:
                async with asyncio.timeout(RECHECK_SECONDS):
                    await self._look_again(feed, uid)
            except (MeetbotError, TimeoutError) as error:
                log.info("recheck.failed", action="poll.recheck", job=job_id, error=str(error))

    def _polled(self, job_id: int) -> list[tuple[str, str]]:
        with self.house.database.read() as session:
            return [
                (row.calendar_id, row.uid) for _, row in store.sharing(session, job_id) if row.calendar_id
            ]

    def _feed(self, calendar_id: str) -> CalendarFeed | None:
        return next((feed for feed in self.house.calendars if feed.calendar_id == calendar_id), None)
