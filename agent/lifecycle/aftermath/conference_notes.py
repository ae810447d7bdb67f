"""What the platform's conference records tell of a meeting, as the job keeps it, and whom its names belong to."""

from sqlmodel import Session

from agent.model.invite import Attendee
from agent.model.tables import Job
from agent.model.transcript import Attendance, Conference, Harvest
from agent.model.transcript import Session as Sitting
from agent.rules import recipients
from agent.store import jobs


def of(found: Harvest, job: Job) -> list[dict[str, object]]:
    """Return the records with names, times, who was there (with the invitee's address where known), and recordings."""
    names = [person.display_name for one in found.conferences for person in one.participants]
    known = recipients.addresses(invitees(job), names)
    return [
        {
            "name": record.name,
            "space": record.space,
            "startTime": record.started_at.isoformat(),
            "endTime": record.ended_at.isoformat() if record.ended_at else None,
            "expireTime": record.expires_at.isoformat() if record.expires_at else None,
            "participants": [_person(person, known) for person in record.participants],
            "recordings": _recordings(record, found),
        }
        for record in found.conferences
    ]


def invitees(job: Job) -> list[Attendee]:
    """Return who was invited."""
    return [Attendee.model_validate(person) for person in job.invited]


def name_participants(session: Session, job: Job) -> None:
    """Write the addresses of invitees beside the people whom the bot saw, where a name is one invitee's alone."""
    roster = [person for person in jobs.roster(session, job.id or 0) if person.verdict == "human"]
    known = recipients.addresses(invitees(job), [person.name for person in roster])
    for person in roster:
        person.email = known.get(person.name, person.email)
        session.add(person)


def _person(person: Attendance, known: dict[str, str]) -> dict[str, object]:
    return {
        "name": person.display_name,
        "kind": person.kind,
        "email": known.get(person.display_name),
        "sessions": [_stay(stay) for stay in person.sessions],
    }


def _stay(stay: Sitting) -> list[str | None]:
    return [stay.started_at.isoformat(), stay.ended_at.isoformat() if stay.ended_at else None]


def _recordings(record: Conference, found: Harvest) -> list[dict[str, object]]:
    return [film for film in found.recordings if str(film.get("name", "")).startswith(f"{record.name}/")]
