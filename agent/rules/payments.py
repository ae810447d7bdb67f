"""Stripe's webhooks: whether a signature is good, and what an event says. Pure."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from agent.errors import Denied, Invalid
from agent.model.billing import PaymentNews

TOLERANCE_SECONDS = 300
IN_FORCE = frozenset({"active", "trialing", "past_due"})
SUBSCRIPTION = "customer.subscription."
CHECKOUT = "checkout.session.completed"


def check_signature(header: str, body: bytes, secret: str, now: datetime) -> None:
    """Raise `Denied` unless `Stripe-Signature` signs exactly this body within five minutes either way."""
    parts = [part.strip().partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in parts if name == "t"]
    given = [value for name, _, value in parts if name == "v1"]
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit()) or len(stamps[0]) > 12:
        raise Denied("The signature cannot be read.")
    wanted = hmac.new(secret.encode(), stamps[0].encode() + b"." + body, hashlib.sha256).hexdigest()
    if not any(hmac.compare_digest(wanted.encode(), value.encode()) for value in given):
        raise Denied("The signature is not good.")
    if abs(now.timestamp() - int(stamps[0])) > TOLERANCE_SECONDS:
        raise Denied("The signature is too old, or from the future.")


def read_event(event: Mapping[str, Any]) -> PaymentNews:
    """Return what an event says. Raises `Invalid` for what is no event."""
    try:
        told = event["data"]["object"]
        news = PaymentNews(
            id=str(event["id"]),
            kind=str(event["type"]),
            happened_at=datetime.fromtimestamp(int(event["created"]), UTC),
        )
        if news.kind == CHECKOUT:
            return _checkout(news, told)
        if news.kind.startswith(SUBSCRIPTION):
            return _subscription(news, told)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Invalid(
            "This is not an event of the payment service.", full=f"payment event: {error!r}"
        ) from error
    return news


def plan_of(prices: Sequence[str], paid: bool, table: Mapping[str, str]) -> str:
    """Return the plan that a subscription buys; '' for none. The first price that the table knows counts."""
    return next((table[price] for price in prices if price in table), "") if paid else ""


def _checkout(news: PaymentNews, told: Mapping[str, Any]) -> PaymentNews:
    named = str(told.get("client_reference_id") or "")
    details = told.get("customer_details") or {}
    return PaymentNews(
        id=news.id,
        kind=news.kind,
        happened_at=news.happened_at,
        payer=str(told.get("customer") or ""),
        user_id=int(named) if named.isascii() and named.isdigit() and len(named) < 18 else None,
        email=str(told.get("customer_email") or details.get("email") or "").lower(),
    )


def _subscription(news: PaymentNews, told: Mapping[str, Any]) -> PaymentNews:
    return PaymentNews(
        id=news.id,
        kind=news.kind,
        happened_at=news.happened_at,
        payer=str(told["customer"]),
        prices=tuple(str(item["price"]["id"]) for item in told["items"]["data"]),
        paid=told["status"] in IN_FORCE and news.kind != f"{SUBSCRIPTION}deleted",
    )
