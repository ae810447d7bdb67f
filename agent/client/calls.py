"""Calls as values: what to send, whether it may be repeated, and what comes back. No input or output happens here."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar
from urllib.parse import quote

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Call(Generic[T_co]):
    """One request whose answer is a `T_co`. With an `idempotency_key` a POST may be repeated and is done once."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    idempotency_key: str = ""

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice is as good as once."""
        return self.method in {"GET", "DELETE"} or bool(self.idempotency_key)

    @property
    def headers(self) -> dict[str, str]:
        """Headers of this call alone."""
        return {"Idempotency-Key": self.idempotency_key} if self.idempotency_key else {}


@dataclass(frozen=True, slots=True)
class Listing(Generic[T_co]):
    """A list that comes in pages; `items` names where a page keeps them."""

    path: str
    items: str
    query: Mapping[str, Any] = field(default_factory=dict)

    def page(self, number: int, size: int = PAGE_SIZE) -> Call[dict[str, Any]]:
        """Return the call for one page, from 1."""
        return Call("GET", self.path, query={**self.query, "page": number, "page_size": size})


class Pages(Generic[T]):
    """A list read page after page: `call` asks for the next page, and is None after the last."""

    def __init__(self, listing: Listing[T]) -> None:
        self._listing = listing
        self._number, self._seen = 1, 0
        self.call: Call[dict[str, Any]] | None = listing.page(1)

    def take(self, page: Mapping[str, Any]) -> list[T]:
        """Take in the answer to `call`, and return its items."""
        items: list[T] = page[self._listing.items]
        self._number, self._seen = self._number + 1, self._seen + len(items)
        more = bool(items) and self._seen < page["total"]
        self.call = self._listing.page(self._number) if more else None
        return items


def once(call: Call[T]) -> Call[T]:
    """Give a POST a key, so that it can be repeated."""
    return replace(call, idempotency_key=call.idempotency_key or secrets.token_urlsafe(24))


def path(template: str, *parts: str | int) -> str:
    """Fill a path, each part escaped."""
    return template.format(*(quote(str(part), safe="") for part in parts))


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}
