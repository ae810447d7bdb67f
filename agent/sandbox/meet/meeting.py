"""One meeting: who is in it, what was said, and everything that happened, with times."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from agent.sandbox.bell import Bell
from agent.sandbox.clock import Clock
from agent.sandbox.meet.options import CaptionsMode, ChatMode, MeetingOptions
from agent.sandbox.meet.outbox import Message
from agent.sandbox.meet.visitor import State, Visitor

PersonKind = Literal["human", "merged", "presentation", "raw_id"]


@dataclass
class Person:
    """Somebody the teller put into the meeting. `merged` people share one room's microphone.

    `screen` is the device id of what they present.
    """

    id: str
    device: str
    name: str
    kind: PersonKind = "human"
    host: bool = False
    screen: str | None = None


@dataclass(frozen=True)
class ChatLine:
    """One message; `visitor` is set when a bot wrote it."""

    id: str
    at: datetime
    name: str
    text: str
    visitor: str | None = None


@dataclass
class Caption:
    """One utterance as it stands now; `updates` counts how often its text was set."""

    id: str
    speaker: str
    text: str
    at: datetime
    final: bool = False
    updates: int = 1


@dataclass(frozen=True)
class LogLine:
    """One thing a page reported or the teller did."""

    at: datetime
    what: str
    visitor: str | None = None
    detail: str = ""


@dataclass
class Meeting:
    """The truth about one meeting; pages are shown views of it."""

    code: str
    options: MeetingOptions
    clock: Clock
    created_at: datetime = field(init=False)
    room_device: str = field(init=False)
    chat_mode: ChatMode = field(init=False)
    captions_mode: CaptionsMode = field(init=False)
    network_on: bool = True
    ended: bool = False
    visitors: dict[str, Visitor] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    chat: list[ChatLine] = field(default_factory=list)
    captions: dict[str, Caption] = field(default_factory=dict)
    log: list[LogLine] = field(default_factory=list)
    _numbers: int = 0
    _bell: Bell = field(default_factory=Bell)

    def __post_init__(self) -> None:
        self.created_at = self.clock()
        self.room_device = self.next_device()
        self.configure(self.options)

    def configure(self, options: MeetingOptions) -> None:
        """Take new options; chat and captions start again in the mode they name."""
        self.options = options
        self.chat_mode = options.chat
        self.captions_mode = options.captions

    def next_number(self) -> int:
        """A number no device, message, caption or dialog of this meeting had before."""
        self._numbers += 1
        return self._numbers

    def next_device(self) -> str:
        """A new device id of the shape Meet puts into data-participant-id."""
        return f"spaces/{self.code.replace('-', '')}/devices/{self.next_number()}"

    def note(self, what: str, visitor: Visitor | None = None, detail: str = "") -> None:
        """Write into the log and wake whoever waits for something to become so."""
        self.log.append(LogLine(self.clock(), what, visitor.id if visitor else None, detail))
        self._bell.ring()

    def visitors_in(self, *states: State) -> list[Visitor]:
        """The visitors who stand in one of these states."""
        return [visitor for visitor in self.visitors.values() if visitor.state in states]

    def refresh_call(self) -> None:
        """Have every page that is in the call told who is there now."""
        for visitor in self.visitors_in(State.IN_CALL):
            visitor.refresh()

    def tell_call(self, event: Message) -> None:
        """Have every page that is in the call told one thing."""
        for visitor in self.visitors_in(State.IN_CALL):
            visitor.tell(event)

    async def wait_until(self, is_so: Callable[["Meeting"], bool], timeout_seconds: float) -> bool:
        """True as soon as it is so, False when the time is over."""
        return await self._bell.until(lambda: is_so(self) or None, timeout_seconds) is not None
