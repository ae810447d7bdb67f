"""Telling the operator what only the operator can mend: by mail, each thing once a day."""

import hashlib

from sqlmodel import Session

from agent.lifecycle import outbox
from agent.lifecycle.house import House
from agent.model.letter import NoticeLetter


def tell(session: Session, house: House, *, subject: str, paragraphs: tuple[str, ...], key: str) -> None:
    """Queue a mail to every operator; the same `key` on the same day is told once."""
    now = house.now()
    what = hashlib.sha256(key.encode()).hexdigest()[:16]
    for address in house.habits.operator_emails:
        letter = NoticeLetter(
            message_id=outbox.message_id(house.habits.bot_email),
            recipient=address,
            subject=subject,
            paragraphs=paragraphs,
        )
        outbox.queue_mail(
            session,
            house.engine,
            house.letters.notice(letter),
            now,
            key=f"operator:{what}:{address}:{now.date()}",
            event="operator_notice",
            subject=subject,
        )
