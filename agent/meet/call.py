"""One bot on one meeting page: what the page shows becomes events, what the bot wants becomes presses and keys."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import CDPSession, Page

from agent.errors import Temporary
from agent.meet.capture import Capture
from agent.meet.chat import ChatLog, ChatPanel, split_line
from agent.meet.course import Course, Next, Patience, Step
from agent.meet.door import Door, DoorShut
from agent.meet.evidence import Album
from agent.meet.hand import Hand
from agent.meet.incall import InCall
from agent.meet.pool import Lease
from agent.meet.profile import Profile
from agent.meet.recording import Recording
from agent.meet.selectors import load_table
from agent.meet.snapshot import Snapshot, read_snapshot
from agent.meet.telling import Telling
from agent.meet.verdict import Phase, judge
from agent.meet.watcher import Told, Watcher
from agent.model.call import (
    CallOver,
    ChatUnavailable,
    Event,
    InLobby,
    Knocked,
    PageOpened,
    Refused,
    Visit,
)
from agent.model.states import EndReason, FailureCode
from agent.ports import Clock

TICK_SECONDS = 1.0
LEAVE_SECONDS = 4.0
CLEARED_SECONDS = 6.0
LOOK_AGAIN_SECONDS = 0.3
EXPECTED_ENDS = frozenset({EndReason.ENDED_BY_HOST, EndReason.REQUESTED})
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """What a caller works with: its page and what was arranged around it."""

    lease: Lease
    page: Page
    session: CDPSession
    profile: Profile
    signed_in_state: bool
    data_dir: Path


class PageCaller:
    """Implements `ports.Caller`. Made by `BrowserMeet.open`."""

    def __init__(self, place: Place, visit: Visit, clock: Clock, patience: Patience) -> None:
        self._place = place
        self._visit = visit
        self._clock = clock
        self._patience = patience
        self._watcher = Watcher(place.session, self._hear)
        self._hand = Hand(place.page, self._watcher)
        album = Album(place.page, self._watcher, place.data_dir / visit.evidence_dir, place.data_dir)
        self._telling = telling = Telling(visit.job_id, clock, album, self._hand)
        self._course = Course(patience, visit.lobby_seconds)
        self._chat = ChatLog(visit.display_name, clock)
        self._chat_panel = ChatPanel(self._hand, self._watcher, self._chat)
        recording = Recording(self._watcher, visit.recording, place.data_dir / visit.recording_path)
        self._capture = Capture(
            visit, self._hand, self._watcher, clock, recording, telling.emit, telling.surprise
        )
        self._in_call = InCall(
            self._hand, self._watcher, clock, telling, self._chat, self._chat_panel, self._capture, patience
        )
        self._changed = asyncio.Event()
        self._snapshot: Snapshot | None = None
        self._heard_at = clock.monotonic()
        self._leaving = False
        self._signed_in = False
        self._keeper: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Bring the page to the join button; the outcome is the first event. Raises `Temporary` when the page dies."""
        self._place.page.on("crash", lambda _: self._gone("the page crashed"))
        self._place.page.on("close", lambda _: self._gone("the page was closed"))
        await self._watcher.install()
        door = Door(
            self._place.page,
            self._watcher,
            self._hand,
            self._clock,
            meeting_url=self._visit.meeting_url,
            name=self._visit.display_name,
            door_seconds=self._patience.door_seconds,
            gone=lambda: self._telling.page_gone,
        )
        outcome = await door.come_to_the_button()
        if isinstance(outcome, DoorShut):
            await self._end(
                Step(Next.END, outcome.detail, reason=outcome.refusal.code, retry=outcome.refusal.retry)
            )
            return
        self._signed_in = outcome.signed_in
        if self._place.signed_in_state and not outcome.signed_in:
            log.warning("the signed-in profile is no longer signed in: the bot comes as a guest")
        self._telling.emit(PageOpened(self._clock.now(), outcome.signed_in))
        if self._place.signed_in_state and not outcome.signed_in:
            await self._telling.surprise("the profile is no longer signed in")
        await self._telling.report_drift()

    def events(self) -> AsyncIterator[Event]:
        """The events in order, up to and including Refused or CallOver."""
        return self._telling.stream()

    async def knock(self) -> None:
        """Press the join button and begin to follow the page."""
        if self._telling.over or self._keeper:
            return
        await self._press_join()
        self._heard_at = self._clock.monotonic()
        self._keeper = asyncio.create_task(self._keep(), name=f"meet {self._visit.job_id}")

    async def _press_join(self) -> None:
        with contextlib.suppress(Temporary):
            if await self._hand.press("join"):
                first = self._course.phase is Phase.DOOR
                self._course.knocked(self._clock.monotonic())
                if first:
                    self._telling.emit(Knocked(self._clock.now()))

    async def say(self, text: str) -> bool:
        """Post the text as one line, or several where it is over 500 characters; False when one did not appear."""
        if self._telling.over or self._course.phase is not Phase.CALL:
            return False
        problem = await self._write(text)
        if problem and await self._way_cleared():
            problem = await self._write(text)
        if problem:
            self._telling.emit(ChatUnavailable(self._clock.now(), problem))
            await self._telling.surprise(f"no chat: {problem}")
        return not problem

    async def _write(self, text: str) -> str:
        """'' when all of it appeared, else why not."""
        try:
            async with self._hand.lock:
                if problem := await self._chat_panel.writable():
                    return problem
                for piece in split_line(text):
                    if not await self._chat_panel.write(piece):
                        return "the line did not appear in the chat"
        except Temporary as error:
            return error.safe
        return ""

    async def _way_cleared(self) -> bool:
        """Whether a dialog had been in the way of the chat, and is gone now."""
        if not await self._covered():
            return False
        deadline = self._clock.monotonic() + CLEARED_SECONDS
        while self._clock.monotonic() < deadline and not self._telling.over:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            if not await self._covered():
                return True
        return False

    async def _covered(self) -> bool:
        with contextlib.suppress(Temporary):
            return bool(read_snapshot(await self._watcher.ask("survey")).dialogs)
        return False

    async def start_capture(self) -> None:
        """Turn captions on, and the recording where the visit asks."""
        if not self._telling.over and self._course.phase is Phase.CALL:
            await self._capture.start()

    async def stop_capture(self) -> None:
        """Turn both off; what is still on its way is told first."""
        await self._capture.stop()

    async def leave(self) -> None:
        """Press the page's own button; in the lobby it takes the knock back."""
        if self._telling.over:
            return
        self._leaving = True  # what the page says from here on is our own doing
        with contextlib.suppress(Temporary, TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await self._capture.stop()
                await self._press_leave()
        self._finish(CallOver(self._clock.now(), EndReason.REQUESTED, "left by the page's button"))

    async def _press_leave(self) -> None:
        if self._course.phase is Phase.KNOCKED and await self._hand.press("cancel_knock"):
            return
        if await self._hand.press("leave"):
            await self._hand.press("just_leave")

    async def close(self) -> None:
        """Give the context back; the events end."""
        self._telling.over = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await self._capture.stop()
        if self._keeper and self._keeper is not asyncio.current_task():
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        self._telling.finish()
        if self._place.signed_in_state and self._signed_in and not self._telling.page_gone:
            await self._place.profile.refresh(self._place.lease.context)
        await self._place.lease.release()

    def _finish(self, last: Event) -> None:
        """Nothing is told after this."""
        if not self._telling.over:
            self._telling.finish(last)
            self._chat_panel.give_up()
            self._changed.set()

    def _gone(self, what: str) -> None:
        """The page crashed or was closed, by itself or with its browser."""
        self._telling.page_gone = what
        self._watcher.give_up()
        self._changed.set()

    def _hear(self, told: Told) -> None:
        """What the page's script tells, at once and in order."""
        self._heard_at = self._clock.monotonic()
        match told["kind"]:
            case "survey":
                self._snapshot = read_snapshot(told["snapshot"])
                self._changed.set()
            case "chat":
                said = self._chat.hear(told)
                for line in said:
                    self._telling.emit(line)
                self._chat_panel.heard(said)
            case "captions" | "piece":
                self._capture.hear(told)

    async def _keep(self) -> None:
        """Follow the page until the visit is over; whatever happens, the end is told."""
        try:
            await self._follow()
        except Exception as error:  # a visit that nobody follows any more must still end
            log.exception("the visit of job %s broke", self._visit.job_id)
            await self._end(
                Step(Next.END, type(error).__name__, reason=FailureCode.INTERNAL_ERROR, retry=True)
            )

    async def _follow(self) -> None:
        while not self._telling.over:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            if self._leaving:
                return
            try:
                await self._watched(self._take(self._look()))
            except Temporary as error:
                log.info("the page did not answer: %s", error.full)

    async def _watched(self, doing: Coroutine[None, None, None]) -> None:
        """Do it, but do not wait for a page that fell silent meanwhile."""
        task = asyncio.create_task(doing)
        try:
            while not (await asyncio.wait({task}, timeout=TICK_SECONDS))[0]:
                silent = self._course.silence(self._clock.monotonic() - self._heard_at)
                if silent.next is not Next.NOTHING:
                    self._watcher.give_up()
        finally:
            task.cancel()
        await task

    def _look(self) -> Step:
        now = self._clock.monotonic()
        if self._telling.page_gone:
            return self._course.crash(self._telling.page_gone)
        silent = self._course.silence(now - self._heard_at)
        if silent.next is not Next.NOTHING or self._snapshot is None:
            return silent
        verdict = judge(self._snapshot, self._visit.meeting_url, load_table().admission)
        return self._course.see(verdict, self._snapshot, now)

    async def _take(self, step: Step) -> None:
        """Carry one step out."""
        snapshot = self._snapshot
        match step.next:
            case Next.END:
                await self._end(step)
            case Next.TELL_LOBBY:
                self._telling.emit(InLobby(self._clock.now()))
            case Next.KNOCK_AGAIN:
                await self._press_join()
            case Next.CLEAR:
                await self._hand.press(step.control)
            case Next.AGREE:
                if await self._in_call.agree(step):
                    self._course.agreed()
            case Next.GIVE_UP_AGREEING:
                await self._in_call.leave_unanswered(step)
            case Next.TELL_DECLINED:
                self._in_call.tell_declined(step)
            case Next.TELL_SENT_BACK:
                self._in_call.tell_sent_back(step)
            case Next.CLOSE_DIALOG:
                await self._in_call.close_dialog()
            case Next.ENTER if snapshot:
                await self._in_call.enter(step, snapshot)
            case Next.NOTHING if snapshot and self._course.phase is Phase.CALL:
                await self._in_call.look_around(snapshot)

    async def _end(self, step: Step) -> None:
        """Tell the end, with evidence where it surprises."""
        reason = step.reason or FailureCode.INTERNAL_ERROR
        if reason not in EXPECTED_ENDS:
            await self._telling.surprise(reason.value)
        if reason is FailureCode.NETWORK_LOSS:
            self._watcher.give_up()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await self._capture.stop(call_over=True)
        at = self._clock.now()
        if self._course.phase is not Phase.CALL and isinstance(reason, FailureCode):
            self._finish(Refused(at, reason, step.words, step.retry))
        else:
            self._finish(CallOver(at, reason, step.words))
