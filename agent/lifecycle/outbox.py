"""What goes out is a row first, written with the change it tells of; then it is tried until it arrives or is given up."""

import asyncio
from datetime import datetime, timedelta
from email.utils import make_msgid
from http import HTTPStatus
from typing import Any
from zlib import crc32

import structlog
from sqlmodel import Session
from ulid import ULID

from agent.engine import Engine
from agent.errors import MeetbotError, Temporary
from agent.lifecycle.house import House
from agent.model.letter import HookAnswer, Mail, Notice, NoticeLetter
from agent.model.states import Told
from agent.model.tables import Attempt, Delivery, Endpoint, Job, User
from agent.rules import backoff
from agent.store import deliveries, jobs, ownership

DELIVER = "deliver"
log = structlog.get_logger("outbox")


def message_id(domain_of: str) -> str:
    """Return a fresh Message-ID in the domain of an address."""
    return make_msgid(domain=domain_of.partition("@")[2] or "localhost")


def queue_hooks(
    session: Session,
    engine: Engine,
    job: Job,
    event: str,
    data: dict[str, Any],
    now: datetime,
    *,
    key: str,
    family: str = "jobs",
) -> None:
    """Queue one event for every endpoint that wants it, once per `key` and endpoint."""
    users = ownership.users(session, job)
    wanted = list(deliveries.listeners(session, family=family, event=event, users=users))
    wanted += [
        endpoint
        for endpoint in _own_endpoints(session, job)
        if endpoint.family == family and (not endpoint.events or event in endpoint.events)
    ]
    for endpoint in wanted:
        delivery = Delivery(
            id=f"dlv_{ULID()}",
            key=f"hook:{endpoint.id}:{job.id}:{event}:{key}",
            job_id=job.id,
            user_id=job.user_id if endpoint.user_id is None else endpoint.user_id,
            endpoint_id=endpoint.id,
            channel="hook",
            family=endpoint.family,
            event=event,
            target=endpoint.url,
            data=data,
            state="due" if endpoint.enabled else "held",
            created_at=now,
            next_at=now,
        )
        _queue(session, engine, delivery)


def _own_endpoints(session: Session, job: Job) -> list[Endpoint]:
    found = [deliveries.endpoint(session, int(number)) for number in job.hooks]
    return [endpoint for endpoint in found if endpoint is not None and endpoint.enabled]


def queue_mail(
    session: Session,
    engine: Engine,
    mail: Mail,
    now: datetime,
    *,
    key: str,
    event: str,
    subject: str,
    job: Job | None = None,
    hold_minutes: float = 0.0,
) -> Delivery | None:
    """Queue one finished mail, once per `key`; a repeat returns None. Held mails leave when the hold is over."""
    delivery = Delivery(
        id=f"dlv_{ULID()}",
        key=f"mail:{key}",
        job_id=job.id if job else None,
        user_id=job.user_id if job else None,
        channel="mail",
        event=event,
        target=", ".join(mail.recipients),
        data={"envelope_from": mail.envelope_from, "recipients": list(mail.recipients)},
        raw=mail.raw,
        message_id=mail.message_id,
        subject=subject,
        created_at=now,
        next_at=now + timedelta(minutes=hold_minutes),
    )
    return delivery if _queue(session, engine, delivery) else None


def _queue(session: Session, engine: Engine, delivery: Delivery) -> bool:
    if deliveries.by_key(session, delivery.key) is not None:
        return False
    session.add(delivery)
    session.flush()
    if delivery.state == "due":
        start(session, engine, delivery)
    return True


def start(session: Session, engine: Engine, delivery: Delivery) -> None:
    """Plan the next try at a delivery."""
    number = delivery.attempts + 1
    engine.after(
        session, DELIVER, f"deliver:{delivery.id}:{number}", delivery.id, number, at=delivery.next_at
    )


class Deliver:
    """The phase that tries one delivery once and plans what follows."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def __call__(self, delivery_id: str, number: int) -> None:
        """Try delivery `delivery_id` for the `number`-th time, unless that was done already."""
        delivery, endpoint = await asyncio.to_thread(self._fetch, delivery_id)
        if delivery is None or delivery.state != "due" or delivery.attempts >= number:
            return
        if delivery.channel == "mail":
            answer = await self._mail(delivery)
        elif endpoint is None or not endpoint.enabled:
            answer = HookAnswer(status=410, error="the endpoint is gone or disabled")
        else:
            answer = await self._hook(delivery, endpoint, number)
        await asyncio.to_thread(self._keep, delivery_id, number, answer)

    def _fetch(self, delivery_id: str) -> tuple[Delivery | None, Endpoint | None]:
        with self.house.database.read() as session:
            delivery = deliveries.get(session, delivery_id)
            return delivery, deliveries.endpoint(session, delivery.endpoint_id or 0) if delivery else None

    async def _mail(self, delivery: Delivery) -> HookAnswer:
        started = self.house.clock.monotonic()
        mail = Mail(
            message_id=delivery.message_id,
            recipients=tuple(delivery.data["recipients"]),
            raw=delivery.raw or b"",
            envelope_from=str(delivery.data["envelope_from"]),
        )
        try:
            body, status, wait = await self.house.mailer.send(mail), 250, None
        except Temporary as error:
            body, status, wait = error.full, 450, error.retry_after_seconds
        except MeetbotError as error:
            body, status, wait = error.full, 550, None
        spent_ms = int((self.house.clock.monotonic() - started) * 1000)
        return HookAnswer(status=status, body=body[:1024], retry_after_seconds=wait, duration_ms=spent_ms)

    async def _hook(self, delivery: Delivery, endpoint: Endpoint, number: int) -> HookAnswer:
        return await self.house.hooks.post(
            Notice(
                delivery_id=delivery.id,
                family=delivery.family,
                event=delivery.event,
                data=delivery.data,
                happened_at=delivery.created_at,
                sent_at=self.house.now(),
                attempt=number,
                url=endpoint.url,
                secrets=tuple(endpoint.secrets),
                version=endpoint.version,
                bot_id=delivery.job_id or 0,
            )
        )

    def _keep(self, delivery_id: str, number: int, answer: HookAnswer) -> None:
        with self.house.database.write() as session:
            self._record(session, delivery_id, number, answer)

    def _record(self, session: Session, delivery_id: str, number: int, answer: HookAnswer) -> None:
        """Write what came of a try, and plan the next one or the end."""
        delivery = deliveries.get(session, delivery_id)
        if delivery is None or delivery.attempts >= number:
            return
        now = self.house.now()
        session.add(
            Attempt(
                delivery_id=delivery_id,
                number=number,
                at=now,
                duration_ms=answer.duration_ms,
                status=answer.status,
                answer=answer.body[:1024],
                error=answer.error[:500],
            )
        )
        delivery.attempts = number
        self._settle(session, delivery, answer, now)
        session.add(delivery)
        if delivery.job_id is not None:
            self._tell(session, delivery, answer, now)

    def _settle(self, session: Session, delivery: Delivery, answer: HookAnswer, now: datetime) -> None:
        """Decide what becomes of a delivery, and of its endpoint, after an answer."""
        fraction = crc32(f"{delivery.id}:{delivery.attempts}".encode()) % 1000 / 1000
        wait = answer.retry_after_seconds
        if delivery.channel == "hook":
            step = backoff.after_hook(delivery.attempts, answer.status, fraction, wait)
            self._judge_endpoint(session, delivery, step.verdict, now)
        elif answer.status < HTTPStatus.BAD_REQUEST:
            step = backoff.Next(backoff.Verdict.DELIVERED)
        else:
            temporary = answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
            step = backoff.after_mail(delivery.attempts, temporary, fraction, wait)
        if step.verdict is backoff.Verdict.RETRY:
            delivery.next_at = now + timedelta(seconds=step.wait_seconds)
            delivery.first_failed_at = delivery.first_failed_at or now
            start(session, self.house.engine, delivery)
            return
        delivery.state = "done" if step.verdict is backoff.Verdict.DELIVERED else "failed"
        delivery.next_at, delivery.finished_at = None, now

    def _judge_endpoint(
        self, session: Session, delivery: Delivery, verdict: backoff.Verdict, now: datetime
    ) -> None:
        endpoint = deliveries.endpoint(session, delivery.endpoint_id or 0)
        if endpoint is None or not endpoint.enabled:
            return
        if verdict is backoff.Verdict.DELIVERED:
            endpoint.first_failed_at = None
        elif verdict is backoff.Verdict.ENDPOINT_GONE:
            endpoint.enabled, endpoint.disabled_reason = False, "the receiver answered 410 Gone"
        else:
            endpoint.first_failed_at = endpoint.first_failed_at or now
            if backoff.endpoint_is_dead(endpoint.first_failed_at, now):
                endpoint.enabled, endpoint.disabled_reason = False, "no delivery succeeded for five days"
        session.add(endpoint)
        if not endpoint.enabled:
            log.warning(
                "endpoint.disabled", action="hook.disable", url=endpoint.url, why=endpoint.disabled_reason
            )
            self._tell_owner(session, endpoint, now)

    def _tell_owner(self, session: Session, endpoint: Endpoint, now: datetime) -> None:
        owner = session.get(User, endpoint.user_id) if endpoint.user_id else None
        for address in [owner.email] if owner else self.house.habits.operator_emails:
            letter = NoticeLetter(
                message_id=message_id(self.house.habits.bot_email),
                recipient=address,
                subject="A webhook was turned off",
                paragraphs=(
                    f"The webhook {endpoint.url} was turned off: {endpoint.disabled_reason}.",
                    "Nothing was deleted. Mend the receiver, turn the webhook on again and have what it missed sent anew.",
                ),
            )
            queue_mail(
                session,
                self.house.engine,
                self.house.letters.notice(letter),
                now,
                key=f"endpoint-disabled:{endpoint.id}:{address}:{now.date()}",
                event="endpoint_disabled",
                subject=letter.subject,
            )

    def _tell(self, session: Session, delivery: Delivery, answer: HookAnswer, now: datetime) -> None:
        job = jobs.get(session, delivery.job_id or 0)
        line: dict[str, object] = {
            "delivery": delivery.id,
            "event": delivery.event,
            "attempt": delivery.attempts,
            "status": answer.status,
            "state": delivery.state,
        }
        if delivery.channel == "hook":
            jobs.note(session, job, now, Told.HOOK_ATTEMPTED, line)
        elif delivery.state == "done":
            jobs.note(session, job, now, Told.MAIL_ACCEPTED, line)
        else:
            jobs.note(session, job, now, Told.MAIL_FAILED, line | {"answer": answer.body[:200]})
