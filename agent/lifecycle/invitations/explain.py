"""Why a message or an event came to what it is: which rule decided what, as it was written down when it was decided."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from agent.errors import Missing
from agent.lifecycle.house import House
from agent.model.tables import Invitation
from agent.store import jobs, mails
from agent.store import series as store

NEWEST = 50


class Explain:
    """Reads only. Everything is returned as plain JSON-friendly values."""

    def __init__(self, house: House) -> None:
        self.house = house

    def newest(self, limit: int = NEWEST) -> list[dict[str, Any]]:
        """Return the newest messages, newest first."""
        with self.house.database.read() as session:
            return [_line(note) for note in mails.newest(session, limit)]

    def about(self, what: str) -> dict[str, Any]:
        """Explain a mail (its queue id, as in m12), a job (its id), or a calendar UID. Raises `Missing`."""
        with self.house.database.read() as session:
            if what[:1] == "m" and what[1:].isdigit():
                return self._mail(session, int(what[1:]))
            if what.startswith("job_"):
                job = jobs.by_public_id(session, what)
                uids = mails.uids_of(session, job.id or 0)
                return {
                    "job": what,
                    "state": job.state,
                    "events": [self._event(session, uid) for uid in uids],
                }
            return self._event(session, what)

    def _mail(self, session: Session, mail_id: int) -> dict[str, Any]:
        mail = mails.get(session, mail_id)
        if mail is None:
            raise Missing("There is no such mail; raw mails are kept for some days only.")
        return {
            "mail": f"m{mail.id}",
            "received_at": mail.received_at.isoformat(),
            "from": mail.sender,
            "to": mail.envelope.get("rcpt_to", []),
            "subject": mail.subject,
            "verdict": mail.verdict,
            "explanation": mail.explanation,
            "authenticity": mail.authenticity,
            "messages": _told(mails.read_from(session, mail_id)),
        }

    def _event(self, session: Session, uid: str) -> dict[str, Any]:
        row = store.by_uid(session, uid)
        messages = mails.invitations(session, uid)
        if row is None and not messages:
            raise Missing("Nothing is known of this. Give a mail (m12), a job (job_…) or a calendar UID.")
        known = {} if row is None else _belongs(row.model_dump())
        planned = store.with_jobs(session, row.id) if row is not None and row.id is not None else ()
        return {
            "uid": uid,
            **known,
            "meetings": [
                {"starts_at": one.starts_at.isoformat(), "job": job.public_id, "state": job.state}
                for one, job in sorted(planned, key=lambda pair: pair[0].starts_at)
            ],
            "messages": _told(messages),
        }


def _belongs(row: dict[str, Any]) -> dict[str, Any]:
    names = ("organizer", "inviter", "bound_domain", "trust_level", "source", "calendar_id", "options")
    return {name: row[name] for name in names if row[name] not in ("", {})}


def _told(notes: Sequence[Invitation]) -> list[dict[str, Any]]:
    return [_line(note) | {"rules": note.rules} for note in notes]


def _line(note: Invitation) -> dict[str, Any]:
    return {
        "received_at": note.received_at.isoformat(timespec="seconds"),
        "source": note.source,
        "mail": f"m{note.mail_id}" if note.mail_id else "",
        "uid": note.uid,
        "method": note.method,
        "sequence": note.sequence,
        "from": note.sender,
        "outcome": note.outcome,
        "reason": note.reason,
    }
