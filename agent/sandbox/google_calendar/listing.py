"""events.list: which parameters go together, which events they choose, and how the answer is paged."""

import base64
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import QueryParams

from agent.sandbox.clock import parse_time, stamp
from agent.sandbox.google_calendar.events import Calendar, Event, Stored, Window, moment
from agent.sandbox.google_errors import GoogleError

DEFAULT_PAGE = 250
LARGEST_PAGE = 2500
FORBIDDEN_WITH_SYNC = (
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
)
NO_SYNC_TOKEN_WITH = ("iCalUID", "orderBy", "q", "updatedMin", "privateExtendedProperty")


class PagingOrder(BaseModel):
    """Makes pages shorter than asked for, and lets the first `empty_pages` come without a single event."""

    model_config = ConfigDict(extra="forbid")

    page_size: int | None = Field(default=None, ge=1)
    empty_pages: int = Field(default=0, ge=0)


@dataclass(frozen=True)
class Snapshot:
    """A listing that is being read page by page."""

    items: list[Event]
    offset: int
    empty_pages: int
    sync_token: str | None


@dataclass(frozen=True)
class Since:
    """What a sync token remembers: the version it was given at and the window of the first listing."""

    version: int
    window: Window


@dataclass
class Listings:
    """All listings of one calendar: pages under way and the generation of its sync tokens."""

    calendar: Calendar
    paging: PagingOrder = field(default_factory=PagingOrder)
    generation: int = 0
    snapshots: dict[str, Snapshot] = field(default_factory=dict)

    def answer(self, query: QueryParams, *, hide_invitations: bool) -> dict[str, Any]:
        """One page in the shape of calendar#events."""
        if page_token := query.get("pageToken"):
            snapshot = self.snapshots.get(page_token)
            if snapshot is None:
                raise GoogleError(400, "Invalid page token value.", reason="invalid", location="pageToken")
        else:
            snapshot = self._fresh(query, hide_invitations=hide_invitations)
        return self._envelope() | self._page(snapshot, query)

    def _fresh(self, query: QueryParams, *, hide_invitations: bool) -> Snapshot:
        _check_combinations(query)
        since = self._since(query["syncToken"]) if "syncToken" in query else None
        window = since.window if since else _window(query)
        single = _flag(query, "singleEvents")
        if since:
            rows = [s for s in self._rows(Window(), single=single) if s.version > since.version]
            rows = [s for s in rows if s.cancelled or window.holds(s.body)]
        else:
            rows = [s for s in self._rows(window, single=single) if _wanted(s, query, single=single)]
        if hide_invitations and not _flag(query, "showHiddenInvitations"):
            rows = [s for s in rows if not _unanswered(s.body)]
        items = [_trimmed(s.shown(), query) for s in _ordered(rows, query)]
        token = None if any(name in query for name in NO_SYNC_TOKEN_WITH) else self._token(window)
        return Snapshot(items, 0, self.paging.empty_pages, token)

    def _rows(self, window: Window, *, single: bool) -> Iterable[Stored]:
        return self.calendar.singles(window) if single else self.calendar.stored(window)

    def _page(self, snapshot: Snapshot, query: QueryParams) -> dict[str, Any]:
        size = min(_page_size(query), self.paging.page_size or LARGEST_PAGE)
        end = snapshot.offset if snapshot.empty_pages else snapshot.offset + size
        page: dict[str, Any] = {"items": snapshot.items[snapshot.offset : end]}
        if snapshot.empty_pages or end < len(snapshot.items):
            token = secrets.token_urlsafe(16)
            left = max(0, snapshot.empty_pages - 1)
            self.snapshots[token] = Snapshot(snapshot.items, end, left, snapshot.sync_token)
            page["nextPageToken"] = token
        elif snapshot.sync_token is not None:
            page["nextSyncToken"] = snapshot.sync_token
        return page

    def _envelope(self) -> dict[str, Any]:
        return {
            "kind": "calendar#events",
            "etag": f'"p{self.calendar.version}"',
            "summary": self.calendar.id,
            "updated": stamp(self.calendar.updated),
            "timeZone": "UTC",
            "accessRole": "owner",
            "defaultReminders": [],
        }

    def _token(self, window: Window) -> str:
        bounds = [bound.isoformat() if bound else None for bound in (window.after, window.before)]
        content = json.dumps([self.calendar.id, self.generation, self.calendar.version, *bounds])
        return base64.urlsafe_b64encode(content.encode()).decode()

    def _since(self, token: str) -> Since:
        try:
            calendar, generation, version, *bounds = json.loads(base64.urlsafe_b64decode(token))
        except (ValueError, TypeError):
            raise GoogleError(
                400, "Invalid sync token value.", reason="invalid", location="syncToken"
            ) from None
        if calendar != self.calendar.id or generation != self.generation:
            message = "Sync token is no longer valid, a full sync is required."
            raise GoogleError(410, message, reason="fullSyncRequired", location="syncToken")
        after, before = (datetime.fromisoformat(bound) if bound else None for bound in bounds)
        return Since(version, Window(after, before))


def _check_combinations(query: QueryParams) -> None:
    if "syncToken" in query:
        for name in FORBIDDEN_WITH_SYNC:
            if name in query:
                message = "Sync token cannot be used with other query restrictions."
                raise GoogleError(400, message, location=name)
        if query.get("showDeleted", "").lower() == "false":
            raise GoogleError(400, "showDeleted must not be false with a sync token.", location="showDeleted")
    order = query.get("orderBy")
    if order not in (None, "startTime", "updated"):
        raise GoogleError(400, f"Invalid value for orderBy: {order}", reason="invalid", location="orderBy")
    if order == "startTime" and not _flag(query, "singleEvents"):
        message = "The requested ordering is not available for the particular query."
        raise GoogleError(400, message, location="orderBy")


def _window(query: QueryParams) -> Window:
    window = Window(_time(query, "timeMin"), _time(query, "timeMax"))
    if window.after and window.before and window.after >= window.before:
        raise GoogleError(
            400, "The specified time range is empty.", reason="timeRangeEmpty", location="timeMax"
        )
    return window


def _time(query: QueryParams, name: str) -> datetime | None:
    if name not in query:
        return None
    try:
        return parse_time(query[name])
    except ValueError:
        raise GoogleError(400, "Bad Request", location=name) from None


def _flag(query: QueryParams, name: str) -> bool:
    return query.get(name, "false").lower() == "true"


def _page_size(query: QueryParams) -> int:
    try:
        size = int(query.get("maxResults", DEFAULT_PAGE))
    except ValueError:
        size = 0
    if size < 1:
        raise GoogleError(
            400, "Invalid value for maxResults", reason="invalidParameter", location="maxResults"
        )
    return min(size, LARGEST_PAGE)


def _wanted(stored: Stored, query: QueryParams, *, single: bool) -> bool:
    """Whether the filters of a listing without sync token let the event through."""
    body = stored.body
    changed_since = _time(query, "updatedMin")
    if stored.cancelled and changed_since is None and not _flag(query, "showDeleted"):
        return not single and "recurringEventId" in body
    if changed_since is not None and parse_time(body["updated"]) < changed_since:
        return False
    if "iCalUID" in query and body.get("iCalUID") != query["iCalUID"]:
        return False
    types = query.getlist("eventTypes")
    if types and body.get("eventType", "default") not in types:
        return False
    return query.get("q", "").lower() in json.dumps(body, ensure_ascii=False).lower()


def _unanswered(body: Event) -> bool:
    """An invitation that waits for an answer, which the account may be set to hide."""
    own = [row for row in body.get("attendees", []) if row.get("self")]
    return bool(own) and own[0].get("responseStatus") == "needsAction"


def _ordered(rows: list[Stored], query: QueryParams) -> list[Stored]:
    if query.get("orderBy") == "startTime":
        return sorted(rows, key=lambda s: moment(s.body["start"]))
    if query.get("orderBy") == "updated":
        return sorted(rows, key=lambda s: str(s.body["updated"]))
    return rows


def _trimmed(event: Event, query: QueryParams) -> Event:
    """With more guests than asked for, only the account's own row is left."""
    most = query.get("maxAttendees", "")
    if not most.isdigit() or len(event.get("attendees", [])) <= int(most):
        return event
    own = [row for row in event["attendees"] if row.get("self")]
    return {**event, "attendees": own, "attendeesOmitted": True}
