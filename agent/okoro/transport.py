"""One bounded request: whole within its time, at most 8 MiB, no redirect, no hidden decompression."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from agent.errors import Misconfigured, Temporary
from agent.okoro.wire import BODY_LIMIT_BYTES

_CONNECTIONS = 16
# Whatever way out the machine has set up, what runs on the machine itself is reached directly.
_DIRECT = {f"all://{host}": None for host in ("localhost", "127.0.0.1", "[::1]")}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `retry_after` is the header as it was sent, empty where there was none."""

    status: int
    body: bytes
    retry_after: str = ""


class Transport:
    """Sends requests and turns the network's failures into `Temporary`. Owns its connections: close it."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._http = httpx2.AsyncClient(
            timeout=timeout_seconds,
            follow_redirects=False,  # a redirect would carry the token to a stranger
            limits=httpx2.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
            mounts=_DIRECT,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )

    async def send(
        self,
        method: str,
        url: str,
        *,
        bearer: str,
        params: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Return the whole answer, whatever its status. Raises `Temporary` when none came whole in time."""
        headers = {"Authorization": f"Bearer {bearer}"}
        try:
            async with (
                asyncio.timeout(self._timeout_seconds),
                self._http.stream(method, url, headers=headers, params=params, json=body) as response,
            ):
                retry_after = response.headers.get("Retry-After", "")
                return Answer(response.status_code, await _bounded(response), retry_after)
        except TimeoutError as error:
            raise Temporary(f"okoro did not answer within {self._timeout_seconds:g} seconds") from error
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise Misconfigured(
                f"{url} cannot be called; correct okoro.proxy_url and okoro.token_url"
            ) from error
        except httpx2.HTTPError as error:
            raise Temporary(
                "okoro cannot be reached", full=f"{method} {url}: {type(error).__name__}: {error}"
            ) from error

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()


async def _bounded(response: httpx2.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > BODY_LIMIT_BYTES:
            raise Temporary(f"okoro sent an answer of more than {BODY_LIMIT_BYTES // 1024**2} MiB")
    return bytes(body)
