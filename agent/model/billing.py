"""What a plan buys, and what the payment service tells of a subscription."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """The limits of a plan; None means the server's own, or no limit on meetings."""

    requests_per_minute: int | None = None
    requests_per_hour: int | None = None
    meetings_per_month: int | None = None


@dataclass(frozen=True, slots=True)
class PaymentNews:
    """One event of the payment service, as far as it matters here.

    `payer` is the service's customer id, `user_id` and `email` whom the checkout named; `prices` what is subscribed to;
    `paid` whether the subscription is in force. `kind` is the service's own name of the event.
    """

    id: str
    kind: str
    happened_at: datetime
    payer: str = ""
    user_id: int | None = None
    email: str = ""
    prices: tuple[str, ...] = ()
    paid: bool = False
