"""Mails to the inviter while the bot is at the meeting: that it waits to be let in, and the question of consent."""

from datetime import datetime

from sqlmodel import Session

from agent.lifecycle import outbox
from agent.lifecycle.aftermath import mail_links
from agent.lifecycle.house import House
from agent.model.letter import NoticeLetter, Thread
from agent.model.states import Told
from agent.model.tables import Job
from agent.store import jobs


def queue_nudge(session: Session, house: House, job: Job, now: datetime) -> None:
    """Ask the inviter, once per job, to let the bot in."""
    name, title = _bot(house, job), _title(job)
    letter = _letter(
        house,
        job,
        subject=f"{name} waits to be let in to {title}",
        paragraphs=(
            f"{name} is waiting in the lobby of {title}, and nobody has let it in yet.",
            "A host of the meeting can admit it: open the People panel and look for it under those who wait. Google Meet may "
            "list guests like it apart, as a potential risk; there the menu beside the name admits it.",
            "If nobody does, it goes away by itself.",
        ),
        links=(("Open the meeting", job.meeting_url),),
    )
    if _queue(session, house, job, letter, "nudge", f"nudge:{job.public_id}", now):
        jobs.note(session, job, now, Told.NUDGED, {"recipient": job.inviter})


def queue_question(session: Session, house: House, job: Job, question: str, now: datetime) -> None:
    """Put the question of consent to the inviter, with a signed link for each answer."""
    if not job.inviter:
        return
    asked = sum(line.kind == Told.QUESTION_MAILED for line in jobs.timeline(session, job.id or 0))
    letter = _letter(
        house,
        job,
        subject=f"May {_bot(house, job)} take notes of {_title(job)}?",
        paragraphs=(
            f"The chat of {_title(job)} cannot be used, so the bot asks you instead:",
            question,
            "Until somebody says yes nothing is kept. Please answer for everybody in the meeting.",
        ),
        links=(
            ("Yes, take notes", mail_links.consent_url(house, job, job.inviter, granted=True)),
            ("No, and leave", mail_links.consent_url(house, job, job.inviter, granted=False)),
        ),
    )
    if _queue(session, house, job, letter, "consent_question", f"consent:{job.public_id}:{asked + 1}", now):
        jobs.note(session, job, now, Told.QUESTION_MAILED, {"recipient": job.inviter})


def _letter(
    house: House,
    job: Job,
    *,
    subject: str,
    paragraphs: tuple[str, ...],
    links: tuple[tuple[str, str], ...],
) -> NoticeLetter:
    thread = Thread(
        message_id=str(job.thread.get("message_id", "")),
        references=tuple(job.thread.get("references", ())),
        subject=str(job.thread.get("subject", "")),
    )
    return NoticeLetter(
        message_id=outbox.message_id(house.habits.bot_email),
        recipient=job.inviter,
        subject=subject,
        paragraphs=paragraphs,
        links=links,
        thread=thread,
    )


def _queue(
    session: Session, house: House, job: Job, letter: NoticeLetter, event: str, key: str, now: datetime
) -> bool:
    if not job.inviter:
        return False
    mail = house.letters.notice(letter)
    queued = outbox.queue_mail(
        session, house.engine, mail, now, key=key, event=event, subject=letter.subject, job=job
    )
    return queued is not None


def _bot(house: House, job: Job) -> str:
    return str(job.options.get("display_name") or house.habits.bot_name)


def _title(job: Job) -> str:
    return f"“{job.title}”" if job.title else "your meeting"
