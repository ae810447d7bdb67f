"""The client for programs that wait."""

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, TypeVar, cast

import httpx2

from agent.client import policy
from agent.client.calls import Call, Listing, Pages
from agent.client.errors import ApiError

T = TypeVar("T")


class Meetbot:
    """A connection to one server. Use it as a context manager, or `close` it."""

    def __init__(
        self,
        base_url: str,
        api_key: str = "",
        *,
        timeout_seconds: float = policy.TIMEOUT_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sleep = sleep
        self._http = httpx2.Client(
            base_url=base_url, headers=policy.headers(api_key), timeout=timeout_seconds
        )

    def __enter__(self) -> "Meetbot":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(self, call: Call[T]) -> T:
        """Send a call and return its answer. Raises an `ApiError`; what may be repeated is repeated first."""
        patience = policy.Patience(call)
        while True:
            try:
                return cast(T, self._try(call))
            except ApiError as error:
                wait = patience.wait_after(error)
            self._sleep(wait)

    def each(self, listing: Listing[T]) -> Iterator[T]:
        """Yield every item of a list, page after page."""
        pages = Pages(listing)
        while pages.call:
            yield from pages.take(self.send(pages.call))

    def _try(self, call: Call[Any]) -> Any:
        try:
            answer = self._http.request(**policy.request(call))
        except httpx2.HTTPError as error:
            raise policy.unreachable(error, self._http.base_url) from error
        return policy.value_of(answer)
