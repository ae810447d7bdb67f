"""The guarded client for webhooks: one POST, to an address that was checked and no other.

The name is resolved once, every address it has is checked, and the connection goes to a checked one: a name that
answers differently the second time gains nothing. TLS still proves the name. Redirects, cookies, proxies of the
environment and compressed answers do not exist here.
"""

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpcore2
import httpx2

from agent.delivery import payloads, signature
from agent.delivery.address_guard import is_denied
from agent.errors import Denied, Invalid, MeetbotError, Temporary
from agent.model.letter import HookAnswer, Notice

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

TOTAL_SECONDS = 15.0
CONNECT_SECONDS = 5.0  # for each of a name's addresses, so that a dead one leaves time for the next
PORTS = {"https": (443, 8443), "http": (80,)}
DEFAULT_PORTS = {"https": 443, "http": 80}
SENT_BYTES_MAX = 64 * 1024
READ_BYTES_MAX = 20 * 1024
KEPT_CHARACTERS = 1024
NO_ANSWER = (
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
    MeetbotError,
    TimeoutError,
    OSError,
    ValueError,
)


class GuardedHooks:
    """Posts notices, as `ports.Hooks` says. Close it when done."""

    def __init__(
        self,
        allow_private: bool = False,
        resolver: Resolver | None = None,
        *,
        trust: ssl.SSLContext | None = None,
        dialler: httpcore2.AsyncNetworkBackend | None = None,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._allow_private = allow_private
        self._resolver = resolver or _resolve
        self._total_seconds = total_seconds
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=trust or httpx2.create_ssl_context(trust_env=False),
            max_connections=None,
            max_keepalive_connections=0,
            network_backend=_PinnedDialler(
                dialler or httpcore2.AnyIOBackend(), self._resolver, allow_private
            ),
        )

    async def check(self, url: str) -> None:
        """Refuse what could never be called. A name that nobody knows yet may be known by the time of the call."""
        target = checked_url(url, allow_private=self._allow_private)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                addresses = await self._resolver(target.host.decode().rstrip("."), target.port or 443)
        except (Temporary, TimeoutError):
            return
        if any(is_denied(address, allow_private=self._allow_private) for address in addresses):
            raise Denied("this address is not allowed for webhooks", full=f"{url} is {addresses}")

    async def post(self, notice: Notice) -> HookAnswer:
        """Build, sign and post once. Never raises: `status` 0 and `error` tell of no answer."""
        started = time.monotonic()
        try:
            body = _checked_body(notice)
            target = checked_url(notice.url, allow_private=self._allow_private)
            answer = await self._exchange(target, notice, body)
        except NO_ANSWER as error:
            answer = HookAnswer(status=0, error=_why(error))
        return replace(answer, duration_ms=round((time.monotonic() - started) * 1000))

    async def close(self) -> None:
        """Give up what is open."""
        await self._pool.aclose()

    async def _exchange(self, target: httpcore2.URL, notice: Notice, body: bytes) -> HookAnswer:
        headers = {
            "content-type": "application/json",
            "user-agent": "Meetbot-Webhooks",
            "accept-encoding": "identity",
            **signature.headers(notice, body),
        }
        async with asyncio.timeout(self._total_seconds) as limit:
            async with self._pool.stream(
                "POST", target, headers=list(headers.items()), content=body
            ) as response:
                head = {name.lower(): value for name, value in response.headers}
                text = await _beginning(response, limit)
        asked = head.get(b"retry-after", b"").decode("latin-1")
        return HookAnswer(response.status, text, retry_after_seconds(asked, notice.sent_at))


class _PinnedDialler(httpcore2.AsyncNetworkBackend):
    """Connects to a checked address of a name. Raises `Denied` when any of its addresses is refused."""

    def __init__(
        self, dialler: httpcore2.AsyncNetworkBackend, resolver: Resolver, allow_private: bool
    ) -> None:
        self._dialler = dialler
        self._resolver = resolver
        self._allow_private = allow_private

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await self._resolver(host, port)
        if any(is_denied(address, allow_private=self._allow_private) for address in addresses):
            raise Denied("this address is not allowed for webhooks", full=f"{host} is {addresses}")
        failure: Exception = Temporary("the host name has no address")
        for address in addresses:
            try:
                return await self._dialler.connect_tcp(
                    address, port, CONNECT_SECONDS, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure


def checked_url(url: str, *, allow_private: bool = False) -> httpcore2.URL:
    """Return the target of a webhook URL. Raises `Invalid` for what is none, `Denied` for what may not be called."""
    try:
        read = httpx2.URL(url)
    except (httpx2.InvalidURL, TypeError, ValueError) as error:
        raise Invalid("the webhook's URL cannot be read", full=str(error)) from error
    if read.scheme not in PORTS or not read.host:
        raise Invalid("the webhook's URL must begin with https://")
    if read.userinfo or len(read.host) > 253:
        raise Invalid("the webhook's URL must have a plain host name")
    port = read.port or DEFAULT_PORTS[read.scheme]
    if port not in PORTS[read.scheme] and not allow_private:
        raise Denied("webhooks may use the ports 443, 8443 and 80 (http) only")
    return httpcore2.URL(scheme=read.raw_scheme, host=read.raw_host, port=read.port, target=read.raw_path)


def retry_after_seconds(value: str, now: datetime) -> float | None:
    """Read a Retry-After header: seconds, or a date compared with `now`. None when it is neither."""
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,3})?", value):
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())


async def _beginning(response: httpcore2.Response, limit: asyncio.Timeout) -> str:
    """Read the beginning of the answer's body. The status stands even when the body never ends."""
    taken = bytearray()
    deadline = limit.when()
    limit.reschedule(None)
    with suppress(TimeoutError, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException):
        async with asyncio.timeout_at(deadline):
            async for chunk in response.aiter_stream():
                taken += chunk
                if len(taken) >= READ_BYTES_MAX:
                    break
    return taken.decode("utf-8", "replace").replace("\x00", "")[:KEPT_CHARACTERS]


async def _resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver; numbers in every spelling it knows come back as plain addresses."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Temporary("the host name has no address", full=f"{host}: {error}") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _checked_body(notice: Notice) -> bytes:
    body = payloads.body(notice)
    if len(body) > SENT_BYTES_MAX:
        raise Invalid(f"the notice has {len(body)} bytes, more than a webhook may carry")
    return body


def _why(error: Exception) -> str:
    if isinstance(error, MeetbotError):
        return error.safe
    if isinstance(error, TimeoutError | httpcore2.TimeoutException):
        return "no answer in time"
    return f"no answer: {error or type(error).__name__}"[:200]
