"""Steps that let bots in, keep them out, or send them away."""

from typing import Literal

from agent.sandbox.meet import visits
from agent.sandbox.meet.meeting import Meeting
from agent.sandbox.meet.steps.base import Outcome, Step, VisitorStep
from agent.sandbox.meet.visitor import State


class Admit(VisitorStep):
    """Let in who waits in the lobby."""

    do: Literal["admit"]

    def carry_out(self, meeting: Meeting) -> Outcome:
        visitors = self.addressed(meeting, State.LOBBY)
        for visitor in visitors:
            visits.admit(meeting, visitor)
        return {"visitors": [visitor.id for visitor in visitors]}


class Deny(VisitorStep):
    """Refuse who waits in the lobby; Meet has more than one text for it."""

    do: Literal["deny"]
    text: Literal["denied", "not_allowed", "left"] = "denied"

    def carry_out(self, meeting: Meeting) -> Outcome:
        for visitor in self.addressed(meeting, State.LOBBY):
            visitor.denied_text = self.text
        return self.finish(meeting, State.DENIED, State.LOBBY)


class NoResponse(VisitorStep):
    """Nobody answered the knock."""

    do: Literal["no_response"]

    def carry_out(self, meeting: Meeting) -> Outcome:
        return self.finish(meeting, State.NO_RESPONSE, State.LOBBY)


class Block(VisitorStep):
    """Meet refuses the client itself, before or after the knock."""

    do: Literal["block"]

    def carry_out(self, meeting: Meeting) -> Outcome:
        return self.finish(meeting, State.BLOCKED, State.PREJOIN, State.LOBBY)


class Vanish(VisitorStep):
    """The lobby goes away and nothing takes its place."""

    do: Literal["vanish"]

    def carry_out(self, meeting: Meeting) -> Outcome:
        return self.finish(meeting, State.VANISHED, State.LOBBY)


class Redirect(VisitorStep):
    """The page is sent to the product's landing page."""

    do: Literal["redirect"]

    def carry_out(self, meeting: Meeting) -> Outcome:
        for visitor in self.addressed(meeting, *visits.OPEN):
            visitor.tell({"type": "go", "to": "landing"})
        return self.finish(meeting, State.REDIRECTED, *visits.OPEN)


class RemoveBot(VisitorStep):
    """The host removes the visitor from the call; Meet has more than one text for it."""

    do: Literal["remove_bot"]
    text: Literal["removed", "left"] = "removed"

    def carry_out(self, meeting: Meeting) -> Outcome:
        for visitor in self.addressed(meeting, State.CONSENT, State.IN_CALL):
            visitor.removed_text = self.text
        return self.finish(meeting, State.REMOVED, State.CONSENT, State.IN_CALL)


class SendBack(VisitorStep):
    """The host puts the visitor back into the lobby; `admit` lets it in again."""

    do: Literal["send_back"]

    def carry_out(self, meeting: Meeting) -> Outcome:
        visitors = self.addressed(meeting, State.IN_CALL)
        for visitor in visitors:
            visits.send_back(meeting, visitor)
        return {"visitors": [visitor.id for visitor in visitors]}


class EndForAll(Step):
    """The host ends the call for everybody; later visitors find it ended."""

    do: Literal["end_for_all"]

    def carry_out(self, meeting: Meeting) -> Outcome:
        meeting.ended = True
        meeting.people.clear()
        visitors = meeting.visitors_in(*visits.OPEN)
        for visitor in visitors:
            visits.finish(meeting, visitor, State.ENDED)
        return {"visitors": [visitor.id for visitor in visitors]}
