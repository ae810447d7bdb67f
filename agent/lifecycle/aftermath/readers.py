"""Who reads the recap of a meeting, and how far: by policy, presence, and what they themselves asked for."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

from sqlmodel import Session

from agent.lifecycle.house import House
from agent.lifecycle.invitations.parties import Party, parties
from agent.model.invite import Attendee
from agent.model.tables import Job, Participant
from agent.model.transcript import Attendance
from agent.model.transcript import Session as Sitting
from agent.rules import recipients
from agent.store import jobs, recaps

# How long an address counts as unreachable after its mail came back; mailboxes get emptied and mended.
UNREACHABLE_FOR = timedelta(days=30)


def choose(session: Session, house: House, job: Job) -> Sequence[recipients.Recipient]:
    """Decide who gets the recap of a job: for each of its inviters by their own option or the operator's setting."""
    found: dict[str, recipients.Recipient] = {}
    for party in parties(session, job):
        if party.wants_recap:
            for reader in _readers_of(session, house, job, party):
                found.setdefault(reader.email, reader)
    return tuple(found.values())


def _readers_of(session: Session, house: House, job: Job, party: Party) -> Sequence[recipients.Recipient]:
    inviter = next(
        (person for person in party.people if person.email == party.inviter),
        Attendee(email=party.inviter, raw=party.inviter),
    )
    choice = recipients.choose(
        cast(recipients.Policy, party.options.get("recipients") or house.habits.recap_recipients),
        inviter,
        party.people,
        attendances(session, job),
        recipients.House(
            domains=frozenset(house.habits.recap_domains),
            own_addresses=frozenset({house.habits.bot_email}),
            unsubscribed=recaps.unsubscribed(session, scope_of(session, job)),
            undeliverable=recaps.undeliverable(session, house.now() - UNREACHABLE_FOR),
        ),
    )
    return choice.recipients


def scope_of(session: Session, job: Job) -> str:
    """Name what one unsubscribes from: the calendar series, or the meeting place where there is none."""
    number = recaps.series_of(session, job.id or 0)
    return f"series:{number}" if number is not None else f"meeting:{job.meeting_code}"


def attendances(session: Session, job: Job) -> list[Attendance]:
    """Return who was there: people the bot saw, or those of the platform's records where the bot saw nobody."""
    stays = jobs.presences(session, job.id or 0)
    people = humans(session, job)
    if not people:
        return _recorded(job, {person.name for person in jobs.roster(session, job.id or 0)})
    return [
        Attendance(
            name=person.key,
            display_name=person.name,
            kind="seen",
            sessions=tuple(
                Sitting(stay.joined_at, None if stay.left_at == job.left_at else stay.left_at)
                for stay in stays
                if stay.participant_id == person.id
            ),
        )
        for person in people
    ]


def humans(session: Session, job: Job) -> list[Participant]:
    """Return the people whom the bot saw."""
    return [person for person in jobs.roster(session, job.id or 0) if person.verdict == "human"]


def _recorded(job: Job, machines: set[str]) -> list[Attendance]:
    return [
        Attendance(
            name=str(person["name"]),
            display_name=str(person["name"]),
            kind=str(person["kind"]),
            sessions=tuple(
                Sitting(datetime.fromisoformat(start), datetime.fromisoformat(end) if end else None)
                for start, end in person["sessions"]
            ),
        )
        for record in job.conferences
        for person in record["participants"]
        if person["name"] not in machines
    ]
