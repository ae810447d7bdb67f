"""Mail of ours that came back: the address is not written to any more, and the job's timeline says so."""

from collections.abc import Sequence

import structlog
from sqlmodel import Session

from agent.lifecycle.house import House
from agent.model.invite import Bounce
from agent.model.states import Told
from agent.model.tables import Delivery, Undeliverable
from agent.store import jobs, recaps

FAILED = "failed"
REASON_MAX = 500
log = structlog.get_logger("bounces")


def take(session: Session, house: House, bounces: Sequence[Bounce]) -> int:
    """Take a delivery report in and return how many addresses it marked.

    Only a report on a mail that we sent, about somebody we sent it to, counts: anybody can write one. A delay is no failure.
    """
    marked = 0
    for bounce in bounces:
        delivery = recaps.sent_as(session, bounce.message_ids) if bounce.message_ids else None
        if delivery is None or bounce.action != FAILED:
            continue
        for email in _meant(delivery, bounce.recipient):
            _mark(session, house, bounce, delivery, email)
            marked += 1
    return marked


def _meant(delivery: Delivery, reported: str) -> list[str]:
    """Return whom a report is about: a mail to one person was forwarded where it names another."""
    sent_to = [str(address).lower() for address in delivery.data.get("recipients", ())]
    return sent_to if len(sent_to) == 1 else [email for email in sent_to if email == reported]


def _mark(session: Session, house: House, bounce: Bounce, delivery: Delivery, email: str) -> None:
    now = house.now()
    recaps.mark_undeliverable(
        session,
        Undeliverable(
            email=email,
            at=now,
            status=bounce.status,
            reason=bounce.reason[:REASON_MAX],
            delivery_id=delivery.id,
        ),
    )
    for mail in recaps.due_to(session, email):
        mail.state, mail.next_at, mail.finished_at = "cancelled", None, now
        session.add(mail)
    log.warning("mail.bounced", action="bounce.take", delivery=delivery.id, status=bounce.status)
    if delivery.job_id is not None:
        line: dict[str, object] = {
            "delivery": delivery.id,
            "to": email,
            "status": bounce.status,
            "reason": bounce.reason[:REASON_MAX],
        }
        jobs.note(session, jobs.get(session, delivery.job_id), now, Told.MAIL_BOUNCED, line)
