"""Recaps that are held back for a while: the inviter is told at once, and may stop them."""

from datetime import datetime

from sqlmodel import Session

from agent.lifecycle import outbox
from agent.lifecycle.aftermath import mail_links, readers
from agent.lifecycle.house import House
from agent.model.letter import HeldLetter
from agent.model.states import Told
from agent.model.tables import Delivery, Job, SummaryVersion
from agent.store import jobs, recaps


def announce(
    session: Session,
    house: House,
    job: Job,
    row: SummaryVersion,
    names: tuple[str, ...],
    held_until: datetime,
) -> None:
    """Tell the inviter who will get the recap and when, with a link that stops it, in the language of the notes."""
    version = row.version
    letter = HeldLetter(
        message_id=outbox.message_id(house.habits.bot_email),
        recipient=job.inviter,
        title=job.title or job.meeting_code,
        until=held_until,
        timezone=str(job.options.get("timezone") or house.habits.timezone),
        readers=names,
        stop_url=mail_links.stop_url(house, job, version, job.inviter, held_until),
        language=str(row.body.get("language", "")),
    )
    mail = house.letters.held(letter)
    outbox.queue_mail(
        session,
        house.engine,
        mail,
        house.now(),
        key=f"hold:{job.public_id}:v{version}",
        event="recap_held",
        subject=mail.subject,
        job=job,
    )
    line: dict[str, object] = {"until": held_until.isoformat(), "version": version, "readers": len(names)}
    jobs.note(session, job, house.now(), Told.RECAP_HELD, line)


def stop(session: Session, house: House, job: Job, version: int, by: str) -> int:
    """Stop the recaps of one version that have not gone; return how many."""
    now, prefix = house.now(), f"mail:recap:{job.public_id}:v{version}:"
    held = [mail for mail in recaps.mails_of(session, job.id or 0, "recap") if mail.key.startswith(prefix)]
    stopped = [mail for mail in held if mail.state == "due" and not mail.attempts]
    for mail in stopped:
        _cancel(session, mail, now)
    if stopped:
        line: dict[str, object] = {"by": by, "version": version, "mails": len(stopped)}
        jobs.note(session, job, now, Told.RECAP_STOPPED, line)
    return len(stopped)


def stop_for(session: Session, house: House, reader: str, scope: str) -> None:
    """Stop the recaps of a series that have still to go to one reader."""
    for mail in recaps.due_to(session, reader):
        if mail.event == "recap" and mail.job_id is not None:
            job = jobs.get(session, mail.job_id)
            if readers.scope_of(session, job) == scope:
                _cancel(session, mail, house.now())


def _cancel(session: Session, mail: Delivery, now: datetime) -> None:
    mail.state, mail.next_at, mail.finished_at, mail.raw = "cancelled", None, now, None
    session.add(mail)
