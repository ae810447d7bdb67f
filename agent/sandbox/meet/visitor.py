"""One opened page: who it says it is and how far it got."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from agent.sandbox.meet.outbox import Message, Outbox


class State(StrEnum):
    """Where a visitor stands; the last group is final."""

    PREJOIN = "prejoin"
    LOBBY = "lobby"
    CONSENT = "consent"
    IN_CALL = "in_call"
    LEFT = "left"
    REMOVED = "removed"
    ENDED = "ended"
    DENIED = "denied"
    NO_RESPONSE = "no_response"
    BLOCKED = "blocked"
    NOT_FOUND = "not_found"
    EXPIRED = "expired"
    FULL = "full"
    REDIRECTED = "redirected"
    VANISHED = "vanished"


@dataclass(frozen=True)
class CaptionsSwitched:
    """One turn of the captions, by the visitor or by the host."""

    at: datetime
    on: bool


@dataclass(frozen=True)
class Dialog:
    """Something Meet put before the visitor's eyes; a pill cannot be closed."""

    id: str
    kind: str


@dataclass
class Visitor:
    """A bot's page, from load to end. `device` is the id its rows and tiles carry."""

    id: str
    device: str
    loaded_at: datetime
    state: State = State.PREJOIN
    name: str = ""
    user_agent: str = ""
    asked_language: str = ""
    knocked_at: datetime | None = None
    admitted_at: datetime | None = None
    left_at: datetime | None = None
    how_left: str | None = None
    state_before_closing: State | None = None
    denied_text: str = "denied"
    removed_text: str = "removed"
    captions_on: bool = False
    captions_switched: list[CaptionsSwitched] = field(default_factory=list)
    caption_language: str = "en"
    microphone_on: bool = True
    camera_on: bool = True
    chat_from: int = 0
    messages_to_drop: int = 0
    dialogs: list[Dialog] = field(default_factory=list)
    outbox: Outbox | None = None

    def refresh(self) -> None:
        """Have the page told how things stand, if it is connected."""
        if self.outbox:
            self.outbox.refresh()

    def tell(self, event: Message) -> None:
        """Have the page told one thing, if it is connected."""
        if self.outbox:
            self.outbox.add(event)

    def disconnect(self, code: int) -> None:
        """Cut the page's connection."""
        if self.outbox:
            self.outbox.close(code)
