"""The client for programs that run an event loop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, TypeVar, cast

import httpx2

from agent.client import policy
from agent.client.calls import Call, Listing, Pages
from agent.client.errors import ApiError

T = TypeVar("T")


class AsyncMeetbot:
    """A connection to one server. Use it as an async context manager, or `aclose` it."""

    def __init__(
        self,
        base_url: str,
        api_key: str = "",
        *,
        timeout_seconds: float = policy.TIMEOUT_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sleep = sleep
        self._http = httpx2.AsyncClient(
            base_url=base_url, headers=policy.headers(api_key), timeout=timeout_seconds
        )

    async def __aenter__(self) -> "AsyncMeetbot":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, call: Call[T]) -> T:
        """Send a call and return its answer. Raises an `ApiError`; what may be repeated is repeated first."""
        patience = policy.Patience(call)
        while True:
            try:
                return cast(T, await self._try(call))
            except ApiError as error:
                wait = patience.wait_after(error)
            await self._sleep(wait)

    async def each(self, listing: Listing[T]) -> AsyncIterator[T]:
        """Yield every item of a list, page after page."""
        pages = Pages(listing)
        while pages.call:
            for item in pages.take(await self.send(pages.call)):
                yield item

    async def _try(self, call: Call[Any]) -> Any:
        try:
            answer = await self._http.request(**policy.request(call))
        except httpx2.HTTPError as error:
            raise policy.unreachable(error, self._http.base_url) from error
        return policy.value_of(answer)
