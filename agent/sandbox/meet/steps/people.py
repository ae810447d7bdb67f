"""Steps about the people in the call."""

from typing import Literal

from agent.sandbox.meet.meeting import Meeting, Person, PersonKind
from agent.sandbox.meet.steps.base import ImpossibleStepError, Outcome, Step


class JoinPerson(Step):
    """Somebody comes into the call; the answer carries the person's id."""

    do: Literal["join_person"]
    name: str
    id: str | None = None
    host: bool = False
    kind: PersonKind = "human"

    def carry_out(self, meeting: Meeting) -> Outcome:
        person_id = self.id or f"p{meeting.next_number()}"
        if person_id in meeting.people:
            raise ImpossibleStepError(f"person {person_id} is there already")
        meeting.people[person_id] = Person(person_id, meeting.next_device(), self.name, self.kind, self.host)
        meeting.refresh_call()
        return {"id": person_id}


class PersonStep(Step):
    """A step about one person, by id or by name."""

    name: str | None = None
    id: str | None = None

    def person(self, meeting: Meeting) -> Person:
        """The person meant."""
        for person in meeting.people.values():
            if person.id == self.id or (self.id is None and person.name == self.name):
                return person
        raise ImpossibleStepError(f"nobody here is {self.id or self.name}")


class LeavePerson(PersonStep):
    """Somebody leaves the call."""

    do: Literal["leave_person"]

    def carry_out(self, meeting: Meeting) -> Outcome:
        person = self.person(meeting)
        del meeting.people[person.id]
        meeting.refresh_call()
        return {"id": person.id}


class RenamePerson(Step):
    """Somebody goes by another name from now on."""

    do: Literal["rename_person"]
    id: str
    name: str

    def carry_out(self, meeting: Meeting) -> Outcome:
        if self.id not in meeting.people:
            raise ImpossibleStepError(f"nobody here is {self.id}")
        meeting.people[self.id].name = self.name
        meeting.refresh_call()
        return {"id": self.id}


class Present(PersonStep):
    """Somebody starts or stops presenting."""

    do: Literal["present"]
    on: bool = True

    def carry_out(self, meeting: Meeting) -> Outcome:
        person = self.person(meeting)
        person.screen = meeting.next_device() if self.on else None
        meeting.refresh_call()
        return {"id": person.id}
