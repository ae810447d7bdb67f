"""Google Calendar v3 for one account: events, settings, watch channels, and the token endpoint beside it."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from agent.sandbox.clock import Clock, stamp, utc_now
from agent.sandbox.google_calendar.channels import Channels
from agent.sandbox.google_calendar.events import Calendar, Event, Stored
from agent.sandbox.google_calendar.listing import Listings, PagingOrder
from agent.sandbox.google_calendar.oauth import GoogleTokens
from agent.sandbox.google_errors import GoogleError

GUESTS_MAY_CHANGE = {"attendees", "attendeesOmitted", "reminders", "colorId", "transparency", "visibility"}
SETTINGS = {"hideInvitationsSetting": "NONE", "timezone": "UTC", "locale": "en", "weekStart": "1"}

Answer = Callable[[Request], Awaitable[Response]]


class CalendarService:
    """The calendars of `owner`, whose own one is also called `primary`. Every request is kept."""

    def __init__(self, owner: str, clock: Clock = utc_now) -> None:
        self.owner = owner
        self.tokens = GoogleTokens(clock)
        self.channels = Channels(clock)
        self._clock = clock
        self._log: list[dict[str, Any]] = []
        self.reset()
        self.wire = APIRouter(prefix="/calendar")
        self.control = APIRouter(prefix="/control/calendar", tags=["calendar"])
        self._add_wire()
        self._add_control()

    def reset(self) -> None:
        self.tokens.reset()
        self.channels.reset()
        self._log.clear()
        self._settings = dict(SETTINGS)
        self._calendars = {self.owner: Listings(Calendar(self.owner, self.owner, self._clock))}

    async def close(self) -> None:
        await self.channels.close()

    def _add_wire(self) -> None:
        self.wire.include_router(self.tokens.wire)
        for method, path, handle in (
            ("GET", "/calendars/{calendar_id}", self._get_calendar),
            ("GET", "/calendars/{calendar_id}/events", self._list_events),
            ("POST", "/calendars/{calendar_id}/events/watch", self._watch),
            ("GET", "/calendars/{calendar_id}/events/{event_id}", self._get_event),
            ("PATCH", "/calendars/{calendar_id}/events/{event_id}", self._patch_event),
            ("POST", "/channels/stop", self._stop_channel),
            ("GET", "/users/me/settings", self._list_settings),
            ("GET", "/users/me/settings/{setting}", self._get_setting),
        ):
            self.wire.add_api_route(f"/v3{path}", self._guarded(handle), methods=[method])

    def _add_control(self) -> None:
        for method, path, handle in (
            ("PUT", "/{calendar_id}/events/{event_id}", self._put),
            ("PATCH", "/{calendar_id}/events/{event_id}", self._change),
            ("DELETE", "/{calendar_id}/events/{event_id}", self._cancel),
            ("GET", "/{calendar_id}/events/{event_id}", self._seen),
            ("POST", "/{calendar_id}/expire-sync-tokens", self._expire_sync_tokens),
            ("PUT", "/{calendar_id}/paging", self._set_paging),
            ("PUT", "/settings", self._set_settings),
            ("GET", "/requests", self._requests),
        ):
            self.control.add_api_route(path, handle, methods=[method])
        self.control.include_router(self.tokens.control)

    def _guarded(self, handle: Answer) -> Answer:
        """Logs the request, checks its access token and turns a GoogleError into its body."""

        async def answer(request: Request) -> Response:
            entry = await self._logged(request)
            try:
                self.tokens.check(request.headers.get("authorization"))
                response = await handle(request)
            except GoogleError as error:
                domain = "calendar" if error.code == 410 else "global"
                response = JSONResponse(error.legacy_body(domain), error.code)
            entry["status"] = response.status_code
            return response

        return answer

    async def _logged(self, request: Request) -> dict[str, Any]:
        body = await request.body()
        entry = {
            "at": stamp(self._clock()),
            "method": request.method,
            "path": request.url.path.removeprefix("/calendar/v3"),
            "query": dict(request.query_params),
            "body": body.decode("utf-8", "replace"),
        }
        self._log.append(entry)
        return entry

    async def _get_calendar(self, request: Request) -> Response:
        calendar = self._listings(request).calendar
        card = {"kind": "calendar#calendar", "id": calendar.id, "summary": calendar.id, "timeZone": "UTC"}
        return JSONResponse(card)

    async def _list_events(self, request: Request) -> Response:
        hide = self._settings["hideInvitationsSetting"] != "NONE"
        return JSONResponse(self._listings(request).answer(request.query_params, hide_invitations=hide))

    async def _get_event(self, request: Request) -> Response:
        event = self._listings(request).calendar.shown(request.path_params["event_id"])
        if event is None:
            raise _not_found()
        return JSONResponse(event)

    async def _patch_event(self, request: Request) -> Response:
        listings, event_id = self._listings(request), request.path_params["event_id"]
        current = listings.calendar.get(event_id)
        if current is None:
            raise _not_found()
        changes = _body(await request.body())
        self._check_rights(current, changes, request.headers.get("if-match"))
        if changes.pop("attendeesOmitted", False):
            changes["attendees"] = _answers_merged(current, changes.get("attendees", []))
        event = listings.calendar.patch(event_id, changes)
        self._announce(listings.calendar)
        return JSONResponse(event)

    def _check_rights(self, current: Event, changes: Event, if_match: str | None) -> None:
        if if_match not in (None, "*", current.get("etag")):
            raise GoogleError(412, "Precondition Failed", reason="conditionNotMet", location="If-Match")
        organizer = current.get("organizer", {}).get("email", "")
        if organizer.lower() != self.owner.lower() and changes.keys() - GUESTS_MAY_CHANGE:
            message = "Shared properties can only be changed by the organizer of the event."
            raise GoogleError(403, message, reason="forbiddenForNonOrganizer")

    async def _watch(self, request: Request) -> Response:
        calendar = self._listings(request).calendar
        return JSONResponse(self.channels.open(calendar.id, _body(await request.body())))

    async def _stop_channel(self, request: Request) -> Response:
        self.channels.stop(_body(await request.body()))
        return Response(status_code=204)

    async def _list_settings(self, request: Request) -> Response:
        items = [_setting(name, value) for name, value in sorted(self._settings.items())]
        return JSONResponse({"kind": "calendar#settings", "etag": '"s1"', "items": items})

    async def _get_setting(self, request: Request) -> Response:
        name = request.path_params["setting"]
        if name not in self._settings:
            raise _not_found()
        return JSONResponse(_setting(name, self._settings[name]))

    def _listings(self, request: Request) -> Listings:
        listings = self._calendars.get(self._resolved(request.path_params["calendar_id"]))
        if listings is None:
            raise _not_found()
        return listings

    def _resolved(self, calendar_id: str) -> str:
        return self.owner if calendar_id == "primary" else calendar_id

    def _made(self, calendar_id: str) -> Listings:
        """The teller's calendar; writing to one that does not exist makes it."""
        calendar_id = self._resolved(calendar_id)
        fresh = Listings(Calendar(calendar_id, self.owner, self._clock))
        return self._calendars.setdefault(calendar_id, fresh)

    def _announce(self, calendar: Calendar) -> None:
        self.channels.announce(calendar.id)

    async def _put(self, calendar_id: str, event_id: str, event: Event) -> Event:
        calendar = self._made(calendar_id).calendar
        written = calendar.put(event_id, event)
        self._announce(calendar)
        return written

    async def _change(self, calendar_id: str, event_id: str, changes: Event) -> Event:
        calendar = self._made(calendar_id).calendar
        written = calendar.patch(event_id, changes)
        if written is None:
            raise HTTPException(404, f"no event {event_id}")
        self._announce(calendar)
        return written

    async def _cancel(self, calendar_id: str, event_id: str) -> Event:
        calendar = self._made(calendar_id).calendar
        if not calendar.cancel(event_id):
            raise HTTPException(404, f"no event {event_id}")
        self._announce(calendar)
        return Stored(calendar.get(event_id) or {}, 0).shown()

    async def _seen(self, calendar_id: str, event_id: str) -> Event:
        event = self._made(calendar_id).calendar.get(event_id)
        if event is None:
            raise HTTPException(404, f"no event {event_id}")
        return event

    async def _expire_sync_tokens(self, calendar_id: str) -> dict[str, bool]:
        self._made(calendar_id).generation += 1
        return {"ok": True}

    async def _set_paging(self, calendar_id: str, order: PagingOrder) -> PagingOrder:
        self._made(calendar_id).paging = order
        return order

    async def _set_settings(self, settings: dict[str, str]) -> dict[str, str]:
        self._settings |= settings
        return self._settings

    async def _requests(self) -> list[dict[str, Any]]:
        return self._log


def _not_found() -> GoogleError:
    return GoogleError(404, "Not Found", reason="notFound")


def _setting(name: str, value: str) -> dict[str, str]:
    return {"kind": "calendar#setting", "etag": '"s1"', "id": name, "value": value}


def _body(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise GoogleError(400, "Parse Error", reason="parseError")
    return found


def _answers_merged(current: Event, answers: list[Event]) -> list[Event]:
    """The guest list with the rows of the body laid over those of the same address."""
    given = {row.get("email", "").lower(): row for row in answers}
    rows = current.get("attendees", [])
    known = {row.get("email", "").lower() for row in rows}
    kept = [{**row, **given.get(row.get("email", "").lower(), {})} for row in rows]
    return kept + [row for address, row in given.items() if address not in known]
