"""Operation tokens: one per scope and intent, kept until a minute before they expire."""

import asyncio
import base64
import binascii
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agent.errors import Misconfigured, Temporary
from agent.okoro.endpoints import Scope
from agent.okoro.refusals import refused_exchange
from agent.okoro.transport import Answer, Transport
from agent.okoro.wire import decoded
from agent.ports import Clock

PROVIDER = "google-meet"
_MARGIN = timedelta(seconds=60)
_KEPT = 256
_STALE_REFUSED = frozenset({400, 401, 422})


@dataclass(frozen=True, slots=True)
class OperationToken:
    """A token as received. `expires_at` is None where it does not say; then the first 401 does."""

    text: str
    expires_at: datetime | None
    claims: Mapping[str, object]

    def fresh(self, now: datetime) -> bool:
        """Whether it may still be used without asking for a new one."""
        return self.expires_at is None or self.expires_at > now + _MARGIN


class OperationTokens:
    """Exchanges the service token, which goes to `token_url` and nowhere else.

    Many callers may ask at once: one exchange per scope and intent is under way at a time, and serves them all.
    """

    def __init__(self, transport: Transport, token_url: str, service_token: str, clock: Clock) -> None:
        self._transport = transport
        self._token_url = token_url
        self._service_token = service_token
        self._clock = clock
        self._kept: OrderedDict[tuple[Scope, str], OperationToken] = OrderedDict()
        self._locks: dict[tuple[Scope, str], asyncio.Lock] = {}

    async def get(self, scope: Scope, intent: str) -> OperationToken:
        """Return a token good for a minute at least, where the proxy gives such. Raises `Denied`, `Temporary`."""
        return await self._token(scope, intent, refused=None)

    async def renew(self, scope: Scope, intent: str, refused: OperationToken) -> OperationToken:
        """Return another token than `refused`, exchanging only if nobody else has done so meanwhile."""
        return await self._token(scope, intent, refused=refused)

    async def _token(self, scope: Scope, intent: str, refused: OperationToken | None) -> OperationToken:
        key = (scope, intent)
        async with self._locks.setdefault(key, asyncio.Lock()):
            kept = self._kept.get(key)
            if kept and kept is not refused and kept.fresh(self._clock.now()):
                self._kept.move_to_end(key)
                return kept
            token = await self._exchange(scope, intent, stale=kept)
            self._keep(key, token)
            return token

    def _keep(self, key: tuple[Scope, str], token: OperationToken) -> None:
        self._kept[key] = token
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT:
            forgotten, _ = self._kept.popitem(last=False)
            if not self._locks[forgotten].locked():
                del self._locks[forgotten]

    async def _exchange(self, scope: Scope, intent: str, stale: OperationToken | None) -> OperationToken:
        if not self._service_token:
            raise Misconfigured("there is no okoro service token; set okoro.service_token")
        answer = await self._ask(scope, intent, stale)
        if stale and answer.status in _STALE_REFUSED:
            # What it may dislike is the old token: one more try without, before the service token is blamed.
            answer = await self._ask(scope, intent, None)
        if not 200 <= answer.status < 300:
            raise refused_exchange(answer, scope, self._clock.now())
        text = decoded(answer.body).get("token")
        if not isinstance(text, str) or not text.isascii() or not text.isprintable() or not text:
            raise Temporary("okoro sent an exchange answer without a token")
        claims = _claims(text)
        return OperationToken(text, _expiry(claims, self._clock.now()), claims)

    async def _ask(self, scope: Scope, intent: str, stale: OperationToken | None) -> Answer:
        body = {"provider": PROVIDER, "scope": str(scope), "intent": intent}
        if stale:
            body["refresh_token"] = stale.text
        return await self._transport.send("POST", self._token_url, bearer=self._service_token, body=body)


def _claims(token: str) -> dict[str, object]:
    """Read a JWT's payload. Not verified: okoro judges its own tokens, we only want to know when to renew."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _expiry(claims: Mapping[str, object], now: datetime) -> datetime | None:
    """Count a lifetime that is told from its receipt, since clocks differ; else take the instant as it is told."""
    expires, issued = _number(claims.get("exp")), _number(claims.get("iat"))
    if expires is None:
        return None
    try:
        if issued is None:
            return datetime.fromtimestamp(expires, UTC)
        return now + timedelta(seconds=expires - issued)
    except (OverflowError, ValueError, OSError):
        return None


def _number(claim: object) -> float | None:
    return None if isinstance(claim, bool) or not isinstance(claim, int | float) else claim
