"""What all steps of the teller have in common."""

from abc import ABC, abstractmethod
from typing import Any

from pydantic import BaseModel, ConfigDict

from agent.sandbox.meet import visits
from agent.sandbox.meet.meeting import Meeting
from agent.sandbox.meet.visitor import State, Visitor

Outcome = dict[str, Any]


class ImpossibleStepError(Exception):
    """The step makes no sense as things stand; its text says why."""


class Step(BaseModel, ABC):
    """Anything a teller can say."""

    model_config = ConfigDict(extra="forbid")

    @abstractmethod
    def carry_out(self, meeting: Meeting) -> Outcome:
        """Do it; what it touched. Raises ImpossibleStepError."""


class VisitorStep(Step):
    """A step for all visitors it can apply to, or for one by id."""

    visitor: str | None = None

    def addressed(self, meeting: Meeting, *states: State) -> list[Visitor]:
        """The visitors meant, of those who stand in one of the states."""
        if self.visitor is not None and self.visitor not in meeting.visitors:
            raise ImpossibleStepError(f"no visitor {self.visitor}")
        return [v for v in meeting.visitors_in(*states) if self.visitor in (None, v.id)]

    def finish(self, meeting: Meeting, ending: State, *states: State) -> Outcome:
        """Bring the visitors meant to a final state."""
        visitors = self.addressed(meeting, *states)
        for visitor in visitors:
            visits.finish(meeting, visitor, ending)
        return {"visitors": [visitor.id for visitor in visitors]}
