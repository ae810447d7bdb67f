"""For whom a bot goes: each inviter of the meeting, with the people and the options of their own invitation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from agent.lifecycle.aftermath.conference_notes import invitees
from agent.model.invite import Attendee
from agent.model.series import Series
from agent.model.tables import EventSeries, Job
from agent.store import series as store


@dataclass(frozen=True, slots=True)
class Party:
    """One inviter. `options` are what the plus-tags of that invitation, or the API, asked for."""

    inviter: str
    people: Sequence[Attendee]
    options: dict[str, Any]

    @property
    def wants_recap(self) -> bool:
        """Whether the inviter wants to hear of the meeting afterwards."""
        return bool(self.inviter) and self.options.get("recap") is not False


def parties(session: Session, job: Job) -> list[Party]:
    """Return the parties of a job; the inviter who is named is the first."""
    others = {row.inviter: row for _, row in store.sharing(session, job.id or 0)}
    own = others.pop(job.inviter, None)
    people = _people(own) if own is not None and others else []
    first = Party(job.inviter, people or invitees(job), job.options)
    return [first, *(Party(row.inviter, _people(row), row.options) for row in others.values())]


def _people(row: EventSeries) -> list[Attendee]:
    """Return everybody on an invitation, its organizer among them."""
    master = Series.model_validate(row.body).master
    if master is None:
        return []
    listed = {person.email: person for person in master.attendees}
    if master.organizer:
        listed.setdefault(master.organizer.email, master.organizer)
    return list(listed.values())
