"""Plans follow what the payment service tells: each event counts once, and an older one never undoes a newer one."""

import json
from datetime import datetime

import structlog
from sqlmodel import Session

from agent.errors import Denied, Invalid, Missing
from agent.lifecycle.house import House
from agent.model.billing import PaymentNews
from agent.model.tables import PaymentEvent, User
from agent.rules import payments
from agent.store import identity
from agent.store import payments as stored

log = structlog.get_logger("billing")


class Billing:
    """The receiver of Stripe's events; off while no secret is set."""

    def __init__(self, house: House) -> None:
        self.house = house

    def take(self, signature: str, body: bytes) -> str:
        """Take one event and return what came of it: applied, repeated, outdated, unknown_customer or ignored.

        Raises `Missing` while payments are off, `Denied` for a bad signature, `Invalid` for what is no event.
        """
        secret = self.house.habits.stripe_secret
        if not secret:
            raise Missing("Payments are off: stripe.webhook_secret is not set.")
        payments.check_signature(signature, body, secret, self.house.now())
        try:
            event = json.loads(body)
        except ValueError as error:
            raise Invalid("The body is not JSON.") from error
        if not isinstance(event, dict):
            raise Invalid("This is not an event of the payment service.")
        news = payments.read_event(event)
        with self.house.database.write() as session:
            if stored.event(session, news.id) is not None:
                return "repeated"
            outcome = self._apply(session, news)
            session.add(
                PaymentEvent(
                    id=news.id,
                    kind=news.kind,
                    happened_at=news.happened_at,
                    received_at=self.house.now(),
                    outcome=outcome,
                )
            )
        log.info("payment.event", action="billing.take", kind=news.kind, outcome=outcome)
        return outcome

    def _apply(self, session: Session, news: PaymentNews) -> str:
        if not news.payer:
            return "ignored"
        if news.kind == payments.CHECKOUT:
            user = self._customer(session, news)
            if user is None:
                return "unknown_customer"
            user.payer = news.payer
        else:
            user = stored.user_by_payer(session, news.payer)
            if user is None:
                return "unknown_customer"
            if user.plan_told_at is not None and news.happened_at < user.plan_told_at:
                return "outdated"
            user.plan = payments.plan_of(news.prices, news.paid, self.house.habits.stripe_prices)
            user.plan_told_at = news.happened_at
        session.add(user)
        return "applied"

    def _customer(self, session: Session, news: PaymentNews) -> User | None:
        """Return whom a checkout was for: the user it names, else the owner of the address that paid."""
        if news.user_id is not None:
            return session.get(User, news.user_id)
        owner = identity.owner_of(session, news.email)
        return session.get(User, owner) if owner else None


def check_meetings(session: Session, house: House, user_id: int | None, now: datetime) -> None:
    """Raise `Denied` when the user's plan allows no further meeting this month."""
    user = session.get(User, user_id) if user_id is not None else None
    plan = house.habits.plans.get(user.plan) if user else None
    if user is None or plan is None or plan.meetings_per_month is None:
        return
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if stored.jobs_since(session, user.id or 0, month) >= plan.meetings_per_month:
        raise Denied(
            f"The plan {user.plan} allows {plan.meetings_per_month} meetings a month, and they are used up."
        )
