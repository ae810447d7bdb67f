"""The fake world in a process of its own, with people in its meetings who talk, write, come and go at a steady pace.

They are moved inside that process: nothing of what they cost runs where a bot is measured, and no request is in between.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from agent.sandbox.meet.meeting import Meeting
from agent.sandbox.meet.meetings import Meetings
from agent.sandbox.meet.options import MeetingOptions
from agent.sandbox.meet.steps import Step
from agent.sandbox.meet.steps.people import JoinPerson, LeavePerson
from agent.sandbox.meet.steps.talk import Say, SpeakCaption
from agent.sandbox.world import World

SPAWN = get_context("spawn")
HOST = "Host Person"


@dataclass(frozen=True, slots=True)
class Pace:
    """What happens in one meeting: a caption grows `updates_per_second` times, a line is written and a guest comes or
    goes every so often. `times` makes everything that much faster."""

    updates_per_second: float = 2.0
    updates_per_utterance: int = 8
    chat_seconds: float = 60.0
    roster_seconds: float = 45.0
    times: float = 1.0


def code_of(number: int) -> str:
    """The code of the meeting with this number."""
    letters = "".join("abcdefghij"[int(digit)] for digit in f"{number:04d}")
    return f"abc-{letters}-xyz"


def said_at(text: str) -> float:
    """When the caption was made to say this, in seconds since the epoch."""
    return float(text.rpartition(" ")[2])


class Talk:
    """People in some meetings, until they are told to be quiet."""

    def __init__(self, meetings: list[Meeting], pace: Pace) -> None:
        self.updates = 0
        self._pace = pace
        self._tasks = [
            asyncio.create_task(self._speak(meeting, at / len(meetings)))
            for at, meeting in enumerate(meetings)
        ]

    async def _speak(self, meeting: Meeting, phase: float) -> None:
        pace, pause = self._pace, 1 / (self._pace.updates_per_second * self._pace.times)
        await asyncio.sleep(phase * pause)
        chat = every(pace.chat_seconds / pace.times, phase)
        roster = every(pace.roster_seconds / pace.times, phase)
        began, number, text = time.monotonic(), 0, ""
        while True:
            if number % pace.updates_per_utterance == 0:
                text = f"{number} so we said"
            text = f"{text} that this is how it goes {time.time():.6f}"
            name = f"u{number // pace.updates_per_utterance}"
            self._do(meeting, SpeakCaption(do="caption", speaker=HOST, text=text, id=name))
            number, self.updates = number + 1, self.updates + 1
            if next(chat):
                self._do(meeting, Say(do="say", name=HOST, text=f"a line at {time.time():.1f}"))
            if next(roster):
                self._guest(meeting)
            await asyncio.sleep(max(0.0, began + number * pause - time.monotonic()))

    def _guest(self, meeting: Meeting) -> None:
        if "guest" in meeting.people:
            self._do(meeting, LeavePerson(do="leave_person", id="guest"))
        else:
            self._do(meeting, JoinPerson(do="join_person", id="guest", name="Guest Person"))

    def _do(self, meeting: Meeting, step: Step) -> None:
        step.carry_out(meeting)

    async def end(self) -> None:
        """Say no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def every(seconds: float, phase: float) -> Iterator[bool]:
    """True once each time so many seconds have passed, the first time after the part of them given as `phase`."""
    due = time.monotonic() + seconds * phase
    while True:
        now = time.monotonic()
        yield now >= due
        if now >= due:
            due += seconds


def fill(meetings: Meetings, number: int) -> list[Meeting]:
    """Fresh meetings with a host in each, open to everybody."""
    meetings.clear()
    fresh = [meetings.put(code_of(index), MeetingOptions(access="open")) for index in range(number)]
    for meeting in fresh:
        JoinPerson(do="join_person", id="host", name=HOST, host=True).carry_out(meeting)
    return fresh


def host(orders: Connection) -> None:
    """The fake world, until it is told to end."""

    async def run() -> None:
        async with World() as world:
            orders.send(world.base_url)
            filled: list[Meeting] = []
            talk: Talk | None = None
            while True:
                match await asyncio.to_thread(orders.recv):
                    case "fill", int(number):
                        filled = fill(world.meet.meetings, number)
                        orders.send(number)
                    case "talk", Pace() as pace:
                        talk = Talk(filled, pace)
                        orders.send(len(filled))
                    case "quiet":
                        if talk:
                            await talk.end()
                        orders.send(talk.updates if talk else 0)
                    case _:
                        return

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run())


class Crowd:
    """The handle of that process: `base_url` is its address, `pid` its number."""

    def __init__(self) -> None:
        self._orders, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(target=host, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self.base_url: str = self._orders.recv()
        self.pid = self._process.pid or 0

    def fill(self, number: int) -> None:
        """Make so many fresh meetings; those that were there are forgotten."""
        self._order(("fill", number))

    def talk(self, pace: Pace) -> None:
        """Begin to talk in all of them."""
        self._order(("talk", pace))

    def quiet(self) -> int:
        """Stop; how often a caption was changed."""
        return int(self._order("quiet"))

    def end(self) -> None:
        """End the process."""
        self._orders.send("end")
        self._process.join()

    def _order(self, order: object) -> Any:
        self._orders.send(order)
        return self._orders.recv()
