"""Recaps that are held back for a while: the inviter is told at once, and may stop them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from agent.lifecycle import outbox
from agent.lifecycle.aftermath import mail_links
from agent.lifecycle.house import House
from agent.model.letter import NoticeLetter, Thread
from agent.model.states import Told
from agent.model.tables import Job
from agent.store import jobs, recaps


def announce(
    session: Session, house: House, job: Job, version: int, names: tuple[str, ...], held_until: datetime
) -> None:
    """Tell the inviter who will get the recap and when, with a link that stops it."""
    zone = ZoneInfo(str(job.options.get("timezone") or house.habits.timezone))
    at = held_until.astimezone(zone)
    title = job.title or job.meeting_code
    letter = NoticeLetter(
        message_id=outbox.message_id(house.habits.bot_email),
        recipient=job.inviter,
        subject=f"On hold until {at:%H:%M}: the recap of {title}"[:200],
        paragraphs=(
            f"The recap of “{title}” goes out at {at:%H:%M} ({zone.key}) to: {', '.join(names)}.",
            "To keep it from everybody, follow the link before then. Otherwise there is nothing to do.",
        ),
        links=(("Do not send it", mail_links.stop_url(house, job, version, job.inviter, held_until)),),
        thread=Thread(),
    )
    outbox.queue_mail(
        session,
        house.engine,
        house.letters.notice(letter),
        house.now(),
        key=f"hold:{job.public_id}:v{version}",
        event="recap_held",
        subject=letter.subject,
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
        mail.state, mail.next_at, mail.finished_at, mail.raw = "cancelled", None, now, None
        session.add(mail)
    if stopped:
        line: dict[str, object] = {"by": by, "version": version, "mails": len(stopped)}
        jobs.note(session, job, now, Told.RECAP_STOPPED, line)
    return len(stopped)
