"""Parsed calendar invitations from a worker that reads mail or a calendar elsewhere; they enter the same reconciler."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from agent.model.account import Principal, Scope
from agent.model.invite import Attendee, Component, HandedIn, Method, Slot
from agent.rules import links
from agent.rules.recurrence import slot_name
from agent.web.auth import AskedFirst, asker_with
from agent.web.desk import TheDesk
from agent.web.problems import answers
from agent.web.wire import NO_NUL, Asked, Flag, Instant

router = APIRouter(prefix="/api/v1/intake", tags=["calendar"], route_class=AskedFirst)
LONGEST_MEETING = timedelta(days=31)
Line = Annotated[str, StringConstraints(max_length=1000, pattern=NO_NUL)]
Prose = Annotated[str, StringConstraints(max_length=100_000, pattern=NO_NUL)]
Email = Annotated[
    str, StringConstraints(max_length=320, pattern=r"^[^@\s<>\x00]+@[^@\s<>\x00]+$", to_lower=True)
]
Worker = Annotated[Principal, Depends(asker_with(Scope.INTAKE))]


class Person(Asked):
    """Somebody on the invitation, as RFC 5545 tells of them."""

    email: Email
    name: Line = ""
    partstat: Annotated[str, StringConstraints(max_length=40, pattern=NO_NUL)] = "NEEDS-ACTION"
    rsvp: Flag | None = Field(None, description="False: no answer is wanted.")


class OccurrenceTold(Asked):
    """One meeting at one time."""

    starts_at: Instant
    ends_at: Instant
    recurrence_id: Instant | None = Field(
        None, description="Where the series had it first; left out for a single event."
    )
    title: Line = Field("", description="Where it differs from the invitation's.")
    meeting_url: Line = Field("", description="Where it differs from the invitation's.")
    cancelled: Flag = False

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not timedelta() <= self.ends_at - self.starts_at <= LONGEST_MEETING:
            raise ValueError("endsAt must not be before startsAt, nor more than 31 days after it")
        return self


class InviteTold(Asked):
    """A parsed invitation: one UID, with every occurrence that the sender knows of."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "uid": "weekly-review@example.com",
                    "method": "REQUEST",
                    "title": "Weekly review",
                    "organizer": {"email": "host@example.com"},
                    "meetingUrl": "https://meet.google.com/abc-defg-hij",
                    "occurrences": [{"startsAt": "2027-01-04T09:00:00Z", "endsAt": "2027-01-04T09:30:00Z"}],
                }
            ]
        }
    )

    uid: Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=NO_NUL)]
    method: Method = "REQUEST"
    sequence: Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)] = 0
    stamped_at: Instant | None = Field(None, description="DTSTAMP; orders messages of equal sequence.")
    organizer: Person
    sender: Email | None = Field(None, description="Who sent it, where that is not the organizer.")
    recipients: Annotated[list[Email], Field(max_length=20)] = Field(
        default_factory=list, description="The bot's addresses that it went to; their plus-tags are wishes."
    )
    message_id: Line = Field("", description="Message-ID of the mail; the recap is threaded on it.")
    attendees: Annotated[list[Person], Field(max_length=2000)] = Field(default_factory=list)
    title: Line = ""
    description: Prose = Field("", description="Searched for a link when there is no meetingUrl.")
    location: Line = ""
    meeting_url: Line = ""
    cancelled: Flag = Field(False, description="The whole is called off, as by METHOD:CANCEL.")
    occurrences: Annotated[list[OccurrenceTold], Field(max_length=1000)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_occurrences(self) -> Self:
        if not self.occurrences and not self.cancelled and self.method != "CANCEL":
            raise ValueError("an invitation needs at least one occurrence")
        return self


class MadeJob(BaseModel):
    """A job that the invitation made or changed."""

    id: str
    status: str
    join_at: datetime = Field(serialization_alias="joinAt")


class InviteAnswer(BaseModel):
    """What was decided: accepted, declined, cancelled, ignored, refused or held.

    `partstat` is what the organizer is answered. The bot mails that answer itself, as to an invitation by mail.
    """

    outcome: str
    reason: str
    partstat: str | None
    rules: list[dict[str, Any]]
    jobs: list[MadeJob]


@router.post(
    "/calendar-invite", status_code=202, summary="Receive a parsed calendar invite", responses=answers(409)
)
async def calendar_invite(body: InviteTold, desk: TheDesk, worker: Worker) -> InviteAnswer:
    """Take an invitation, a change or a cancellation in. The same message again changes nothing.

    The rules of mail apply: one that nobody allowed is held for an operator, and taken in by itself when they allow it.
    """
    told = HandedIn(
        component=_component(body, desk.choices.meet_url),
        sender=body.sender or body.organizer.email,
        carrier=worker.email or "a worker's key",
        recipients=tuple(body.recipients),
        message_id=body.message_id,
    )
    receipt = await desk.handed_in.take(told)
    return InviteAnswer(
        outcome=receipt.outcome,
        reason=receipt.reason,
        partstat=receipt.partstat or None,
        rules=list(receipt.rules),
        jobs=[MadeJob(id=job.public_id, status=job.state, join_at=job.join_at) for job in receipt.jobs],
    )


def _component(told: InviteTold, meet_url: str) -> Component:
    shared = links.best_first((told.meeting_url, told.location, told.description), meet_url)
    return Component(
        uid=told.uid,
        method=told.method,
        sequence=told.sequence,
        stamped_at=told.stamped_at,
        title=told.title,
        description=told.description,
        organizer=_attendee(told.organizer),
        attendees=tuple(_attendee(person) for person in told.attendees),
        links=shared,
        recurring=any(occurrence.recurrence_id for occurrence in told.occurrences),
        slots=tuple(_slot(occurrence, told, shared, meet_url) for occurrence in told.occurrences),
        cancelled=told.cancelled or told.method == "CANCEL",
    )


def _slot(occurrence: OccurrenceTold, told: InviteTold, shared: tuple[str, ...], meet_url: str) -> Slot:
    own = links.best_first((occurrence.meeting_url,), meet_url) if occurrence.meeting_url else shared
    return Slot(
        slot=slot_name(occurrence.recurrence_id) if occurrence.recurrence_id else "",
        starts_at=occurrence.starts_at,
        ends_at=occurrence.ends_at,
        title=occurrence.title or told.title,
        links=own,
        cancelled=occurrence.cancelled,
        sequence=told.sequence,
        stamped_at=told.stamped_at,
    )


def _attendee(person: Person) -> Attendee:
    return Attendee(
        email=person.email,
        raw=f"mailto:{person.email}",
        name=person.name,
        partstat=person.partstat.upper(),
        rsvp=bool(person.rsvp),
        no_reply=person.rsvp is False,
    )
