"""All meetings of the fake Meet."""

from dataclasses import dataclass
from datetime import datetime

from agent.sandbox.bell import Bell
from agent.sandbox.clock import Clock
from agent.sandbox.meet.meeting import Meeting
from agent.sandbox.meet.options import HouseOptions, MeetingOptions

GOING_AWAY = 1001


@dataclass(frozen=True)
class UnknownVisit:
    """A page opened for a code no meeting has."""

    at: datetime
    code: str


class Meetings:
    """Every meeting by its code, and the visits to codes that have none."""

    def __init__(self, options: HouseOptions, clock: Clock) -> None:
        self.options = options
        self.unknown_visits: list[UnknownVisit] = []
        self._first_options = options
        self._clock = clock
        self._by_code: dict[str, Meeting] = {}
        self._wake_up = Bell()

    def put(self, code: str, options: MeetingOptions) -> Meeting:
        """Create the meeting, or give the existing one new options; pages loaded from now on are built by them."""
        meeting = self._by_code.get(code)
        if meeting is None:
            meeting = self._by_code[code] = Meeting(code, options, self._clock)
        else:
            meeting.configure(options)
            meeting.refresh_call()
        return meeting

    def get(self, code: str) -> Meeting | None:
        """The meeting with this code."""
        return self._by_code.get(code)

    def all(self) -> list[Meeting]:
        """Every meeting, oldest first."""
        return list(self._by_code.values())

    def visited(self, code: str) -> Meeting | None:
        """The meeting a page opens; an unknown one is created only if the house is told to."""
        if code not in self._by_code and self.options.auto_create:
            return self.put(code, self.options.defaults)
        if code not in self._by_code:
            self.unknown_visits.append(UnknownVisit(self._clock(), code))
        return self._by_code.get(code)

    def drop(self, code: str) -> bool:
        """Forget a meeting; its pages lose their connection. False if there is none."""
        meeting = self._by_code.pop(code, None)
        if meeting is None:
            return False
        for visitor in meeting.visitors.values():
            visitor.disconnect(GOING_AWAY)
        return True

    def clear(self) -> None:
        """Forget everything, take back the first options, wake every page that hangs."""
        for meeting in self.all():
            self.drop(meeting.code)
        self.unknown_visits.clear()
        self.options = self._first_options
        self._wake_up.ring()

    async def sleep(self, seconds: float) -> None:
        """Returns when the time is over or the house is cleared."""
        await self._wake_up.pause(seconds)
