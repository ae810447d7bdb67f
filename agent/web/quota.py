"""How much each caller may ask: a moving window a minute and one an hour for each key, and for each stranger's address.

Counters are in memory: they guard this process, and a restart forgives. What must outlive a restart (wrong passwords,
wrong codes) is counted in the database by whoever checks them.
"""

import math
import time
from dataclasses import dataclass
from functools import lru_cache

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Connection

from agent.errors import TooMany
from agent.model.account import Principal, Scope
from agent.rules.lockout import sender
from agent.web.windows import Windows

STRANGERS_PER_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of the tightest window: `limit` and `remaining` requests, `reset_at` in Unix seconds."""

    limit: int
    remaining: int
    reset_at: float

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Spell it as the API promises."""
        return [
            (b"x-ratelimit-limit", b"%d" % self.limit),
            (b"x-ratelimit-remaining", b"%d" % self.remaining),
            (b"x-ratelimit-reset", b"%d" % math.ceil(self.reset_at)),
        ]


class Quotas:
    """Counts requests. `per_minute` and `per_hour` hold for each key, unless its owner's plan says otherwise."""

    def __init__(
        self, per_minute: int, per_hour: int, strangers_per_minute: int = STRANGERS_PER_MINUTE
    ) -> None:
        self._per_minute = per_minute
        self._per_hour = per_hour
        self._strangers = (RateLimitItemPerMinute(strangers_per_minute),)
        self._windows = Windows()

    def spend_as(self, connection: HTTPConnection, by: Principal) -> None:
        """Count a request of a known caller. Raises `TooMany`. What bots report as they go is not rationed."""
        if by.is_operator and by.may(Scope.INGEST):
            return
        who = f"key:{by.key_id}" if by.key_id is not None else f"user:{by.user_id}"
        windows = _windows(by.requests_per_minute or self._per_minute, by.requests_per_hour or self._per_hour)
        self._spend(connection, windows, who)

    def spend_as_stranger(
        self, connection: HTTPConnection, purpose: str = "any", *windows: RateLimitItem
    ) -> None:
        """Count a request that names nobody on the address it came from. Raises `TooMany`.

        `windows` are the limits of that `purpose`, as in `limits.parse_many("20/hour")`.
        """
        self._spend(connection, windows or self._strangers, f"{purpose}:{address(connection)}")

    def _spend(self, connection: HTTPConnection, windows: tuple[RateLimitItem, ...], who: str) -> None:
        now = time.time()
        rooms, full = self._windows.spend(who, windows, now)
        tightest = min(rooms, key=lambda room: room.remaining)
        connection.state.standing = Standing(tightest.amount, tightest.remaining, tightest.reset_at)
        if full:
            wait = max(room.reset_at for room in full) - now
            raise TooMany("Too many requests; wait as Retry-After says.", retry_after_seconds=max(wait, 1.0))


@lru_cache
def _windows(per_minute: int, per_hour: int) -> tuple[RateLimitItem, ...]:
    """Return the windows of a plan; there are few plans and many requests."""
    return RateLimitItemPerMinute(per_minute), RateLimitItemPerHour(per_hour)


def address(connection: HTTPConnection) -> str:
    """Return whence a request came, as its sender is counted; behind trusted proxies the server has put the client there."""
    return sender(connection.client.host) if connection.client else "unknown"


class ShowQuota:
    """Middleware: tells on every answer what is left to the caller."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Add the headers to the answer's start, whoever made the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def tell(message: Message) -> None:
            standing = scope.get("state", {}).get("standing")
            if message["type"] == "http.response.start" and isinstance(standing, Standing):
                message["headers"] = [*message["headers"], *standing.headers()]
            await send(message)

        await self.app(scope, receive, tell)
