"""Steps that get between a bot and the call: dialogs, a lost network, a page that hangs."""

from typing import Literal

from pydantic import Field

from agent.sandbox.meet import visits
from agent.sandbox.meet.meeting import Meeting
from agent.sandbox.meet.steps.base import Outcome, VisitorStep
from agent.sandbox.meet.visitor import State

NETWORK_LOST = 1012


class ShowDialog(VisitorStep):
    """Put a dialog, or a pill that stays, before those in the call; `on: false` takes it away."""

    do: Literal["dialog"]
    kind: Literal[
        "recording",
        "transcribing",
        "gemini",
        "explicit",
        "declined",
        "still_there",
        "survey",
        "got_it",
        "recording_pill",
        "gemini_pill",
    ]
    on: bool = True
    closes_panel: bool = False

    def carry_out(self, meeting: Meeting) -> Outcome:
        visitors = self.addressed(meeting, State.IN_CALL)
        for visitor in visitors:
            visitor.dialogs = [dialog for dialog in visitor.dialogs if dialog.kind != self.kind]
            if self.on:
                visits.show_dialog(meeting, visitor, self.kind)
            if self.closes_panel:
                visitor.tell({"type": "close_panel"})
            visitor.refresh()
        return {"visitors": [visitor.id for visitor in visitors]}


class Hang(VisitorStep):
    """The renderer stops: no script, no paint, no answer, until the seconds are over."""

    do: Literal["hang"]
    seconds: float = Field(default=60, gt=0)

    def carry_out(self, meeting: Meeting) -> Outcome:
        visitors = self.addressed(meeting, *visits.OPEN)
        for visitor in visitors:
            visitor.tell({"type": "hang", "seconds": self.seconds})
        return {"visitors": [visitor.id for visitor in visitors]}


class Network(VisitorStep):
    """Cut the pages' connections and refuse new ones, or let them back."""

    do: Literal["network"]
    on: bool

    def carry_out(self, meeting: Meeting) -> Outcome:
        meeting.network_on = self.on
        cut = [] if self.on else [v for v in meeting.visitors.values() if v.outbox]
        for visitor in cut:
            visitor.disconnect(NETWORK_LOST)
        return {"visitors": [visitor.id for visitor in cut]}
