"""One bot's stay at one meeting: events go into the rules of the call, and their commands are carried out and recorded."""

import asyncio
from collections import deque
from dataclasses import asdict
from datetime import datetime
from uuid import uuid4

import structlog
from pydantic import JsonValue

from agent.errors import MeetbotError
from agent.model.call import (
    Admitted,
    AskByMail,
    Asked,
    CallOver,
    Captioned,
    CaptionsUnavailable,
    Command,
    Enter,
    Event,
    Evidence,
    Fail,
    ForgetCapture,
    InLobby,
    Knocked,
    Leave,
    Nudge,
    PageOpened,
    Person,
    PlatformNotice,
    Record,
    Refused,
    RosterSeen,
    RowKind,
    Said,
    Say,
    StartCapture,
    StopCapture,
    Tick,
    Verb,
)
from agent.model.news import (
    Attendance,
    Attendee,
    Finding,
    LedgerEntry,
    Line,
    LobbyNudge,
    QuestionByMail,
    Reached,
    Utterance,
    Words,
    WordsForgotten,
)
from agent.model.states import FailureCode, Told
from agent.ports import Caller, Clock, Inbox, Journal
from agent.rules import conduct
from agent.rules.standing import judge

FLUSH_SECONDS = 1.0
LEAVE_SECONDS = 8.0
log = structlog.get_logger("stay")


class Stay:
    """Runs the loop of one call. `run` returns the Leave or Fail that ended it, or None when the plan was changed."""

    def __init__(
        self,
        job_id: str,
        clock: Clock,
        caller: Caller,
        journal: Journal,
        policy: conduct.Policy,
        standing: conduct.Standing,
    ) -> None:
        self.job_id = job_id
        self.clock = clock
        self.caller = caller
        self.journal = journal
        self.policy = policy
        self.standing = standing
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._own: deque[Event] = deque()
        self._captions: dict[str, Captioned] = {}
        self._flushed = 0.0

    async def run(self, inbox: Inbox, knock_at: datetime) -> Leave | Fail | None:
        """Knock at `knock_at`, stay until the rules or the page end it, and leave."""
        listeners = [
            asyncio.create_task(self._hear_page(), name="stay.page"),
            asyncio.create_task(self._hear_people(inbox), name="stay.people"),
            asyncio.create_task(self._knock(knock_at), name="stay.knock"),
        ]
        try:
            return await self._loop()
        finally:
            for listener in listeners:
                listener.cancel()
            await asyncio.gather(*listeners, return_exceptions=True)
            try:
                await self._flush(force=True)
            finally:  # whatever becomes of the last words, nobody stays in the call
                await self._go()

    async def _hear_page(self) -> None:
        try:
            async for event in self.caller.events():
                self._events.put_nowait(event)
        except MeetbotError as error:
            log.warning("stay.page_lost", action="stay.page", job=self.job_id, error=error.full)
        self._events.put_nowait(CallOver(self.clock.now(), FailureCode.NETWORK_LOSS, "the page fell silent"))

    async def _hear_people(self, inbox: Inbox) -> None:
        while True:
            told = await inbox.get()
            self._events.put_nowait(
                Asked(
                    self.clock.now(),
                    verb=Verb(told["verb"]),
                    uid=told.get("uid") or uuid4().hex,
                    by=told.get("by", ""),
                    text=told.get("text", ""),
                    channel=told.get("channel", "api"),
                )
            )

    async def _knock(self, knock_at: datetime) -> None:
        wait = (knock_at - self.clock.now()).total_seconds()
        if wait > 0:
            await self.clock.sleep(wait)
        if await self.journal.is_current():
            await self.caller.knock()
        else:
            self._events.put_nowait(Asked(self.clock.now(), verb=Verb.RECHECK, uid=uuid4().hex))

    async def _loop(self) -> Leave | Fail | None:
        while True:
            event = await self._next()
            if isinstance(event, Asked) and event.verb is Verb.RECHECK:
                if not await self.journal.is_current():
                    return None
                continue
            await self._note(event)
            cleared = self.standing.cleared
            self.standing, commands = conduct.advance(self.standing, event, self.policy)
            if isinstance(event, RosterSeen) or self.standing.cleared != cleared:
                await self._note_roster(event)
            for command in commands:
                if isinstance(command, (Leave, Fail)):
                    return command
                await self._perform(command)
            await self._flush(force=False)

    async def _next(self) -> Event:
        """Wait for the next event, or for the instant at which a rule may fire by itself."""
        if self._own:
            return self._own.popleft()
        deadline = conduct.next_deadline(self.standing, self.policy)
        limits = [FLUSH_SECONDS] if self._captions else []
        if deadline is not None:
            limits.append(max(0.0, (deadline - self.clock.now()).total_seconds()))
        try:
            async with asyncio.timeout(min(limits, default=None)):
                return await self._events.get()
        except TimeoutError:
            return Tick(self.clock.now())

    async def _note(self, event: Event) -> None:
        """Write down what the page told, as far as it stands in the timeline or the tables."""
        match event:
            case PageOpened():
                await self._line(Told.BROWSER_OPEN, signed_in=event.signed_in)
            case Knocked():
                await self._line(Told.KNOCKED)
            case InLobby():
                await self.journal.write(Reached(state="waiting", line=Told.IN_LOBBY))
            case Admitted():
                signs = {"signs": list(event.signs)}
                await self.journal.write(Reached(state="in_call", line=Told.ADMITTED, data=signs))
            case Captioned() if self.standing.capturing:
                self._captions[event.id] = event
            case CaptionsUnavailable():
                await self._line(Told.TROUBLE, detail=event.detail)
            case PlatformNotice():
                answer = {"accepted": event.accepted, "declined": event.declined}
                await self._line(Told.PLATFORM_NOTICE, text=event.text, **answer)
            case Evidence():
                await self._line(Told.EVIDENCE_KEPT, why=event.why, files=list(event.files))
            case Refused() | CallOver():
                log.info("stay.over", action="stay.over", job=self.job_id, detail=event.detail)

    async def _note_roster(self, event: Event) -> None:
        """Write down who is there as the rules see it; a look that tells nothing leaves everybody where they were."""
        if isinstance(event, RosterSeen) and event.people is None:
            return
        certain = isinstance(event, RosterSeen) and self.standing.room.certain
        people = tuple(self._attendee(person) for person in self.standing.people)
        await self.journal.write(Attendance(at=event.at, people=people, certain=certain))

    async def _line(self, kind: Told, **data: JsonValue) -> None:
        await self.journal.write(Line(line=kind, data=data))

    def _attendee(self, person: Person) -> Attendee:
        verdict, rule = self._judge(person)
        return Attendee(key=person.id, name=person.name, is_host=person.is_host, verdict=verdict, rule=rule)

    def _judge(self, person: Person) -> tuple[str, str]:
        """Return what somebody is, and by which rule."""
        if person.is_self or person.id in self.standing.own_ids:
            return "self", ""
        if person.kind is RowKind.PSEUDO:
            return "pseudo", "row"
        verdict = judge(self.standing, self.policy, person.name)
        return verdict.kind.value, verdict.rule

    async def _perform(self, command: Command) -> None:
        match command:
            case Say():
                seen = await self.caller.say(command.text)
                await self._line(Told.ANNOUNCED, purpose=command.purpose, text=command.text, seen=seen)
                # Before whatever was heard meanwhile: an answer may be quicker than the look whether the line appeared.
                self._own.append(Said(self.clock.now(), command.text, command.purpose, shown=seen))
            case Enter():
                await self.journal.write(LedgerEntry.model_validate(asdict(command)))
            case StartCapture():
                await self.journal.write(Reached(state="recording", line=Told.CAPTURE_STARTED))
                await self.caller.start_capture()
            case StopCapture():
                await self.caller.stop_capture()
                await self._flush(force=True)
                await self.journal.write(Reached(state="in_call", line=Told.CAPTURE_STOPPED))
            case ForgetCapture():
                await self.caller.stop_capture()
                self._captions.clear()
                await self.journal.write(WordsForgotten())
            case Record():
                await self.journal.write(Finding.model_validate({"line": command.kind, "data": command.data}))
            case Nudge():
                await self.journal.write(LobbyNudge())
            case AskByMail():
                await self.journal.write(QuestionByMail(question=command.question))

    async def _flush(self, *, force: bool) -> None:
        """Write captions at most once a second, so that a crash loses the last second only."""
        now = self.clock.monotonic()
        if not self._captions or (not force and now - self._flushed < FLUSH_SECONDS):
            return
        self._flushed = now
        batch, self._captions = list(self._captions.values()), {}
        await self.journal.write(Words(utterances=tuple(_utterance(said) for said in batch)))

    async def _go(self) -> None:
        try:
            async with asyncio.timeout(LEAVE_SECONDS):
                await self.caller.leave()
        except (MeetbotError, TimeoutError) as error:
            log.warning("stay.leave_failed", action="stay.leave", job=self.job_id, error=str(error))
        await self.caller.close()


def _utterance(said: Captioned) -> Utterance:
    return Utterance(
        id=said.id,
        speaker=said.speaker,
        text=said.text,
        started_at=said.started_at,
        ended_at=said.ended_at,
        language=said.language,
    )
