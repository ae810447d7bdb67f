"""Page sizes and page tokens as Google's newer APIs know them."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.sandbox.google_errors import GoogleError

Query = Mapping[str, str]


@dataclass(frozen=True)
class Paging:
    """How a collection is paged: the JSON key, the default and the largest page."""

    key: str
    default: int
    largest: int

    def page(self, items: list[dict[str, Any]], query: Query) -> dict[str, Any]:
        """One page of the items; an empty one is `{}`. GoogleError 400 for a bad size or token."""
        size, offset = self._size(query), self._offset(query)
        answer: dict[str, Any] = {}
        if shown := items[offset : offset + size]:
            answer[self.key] = shown
        if offset + size < len(items):
            token = json.dumps([self.key, query.get("filter", ""), offset + size])
            answer["nextPageToken"] = base64.urlsafe_b64encode(token.encode()).decode()
        return answer

    def _size(self, query: Query) -> int:
        try:
            size = int(query.get("pageSize") or 0)
        except ValueError:
            raise GoogleError(400, "Invalid value at 'page_size' (TYPE_INT32)") from None
        if size < 0:
            raise GoogleError(400, "Page size must not be negative.")
        return min(size or self.default, self.largest)

    def _offset(self, query: Query) -> int:
        token = query.get("pageToken")
        if not token:
            return 0
        try:
            key, text, offset = json.loads(base64.urlsafe_b64decode(token))
        except (ValueError, TypeError):
            raise GoogleError(400, "Invalid page token.") from None
        if key != self.key or text != query.get("filter", ""):
            raise GoogleError(400, "The page token does not belong to this request.")
        return int(offset)
