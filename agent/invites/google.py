"""The bot's Google Calendar: a listing of a window is the truth, a sync token tells cheaply when to look."""

import asyncio
import json
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httplib2
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.oauth2 import service_account
from google.oauth2.credentials import Credentials as UserCredentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build
from googleapiclient.errors import Error, HttpError

from agent.errors import Denied, Invalid, MeetbotError, Misconfigured, Missing, Temporary
from agent.invites.google_events import Event, Listing, read_events
from agent.model.channel import Channel
from agent.rules.ical import HORIZON, LOOK_BACK, Context
from agent.rules.links import GOOGLE_MEET_URL

SCOPES = (
    "https://www.googleapis.com/auth/calendar.events",
    "https://www.googleapis.com/auth/calendar.settings.readonly",
)
DEFAULT_ENDPOINT = "https://www.googleapis.com/calendar/v3/"
_PAGE = 250
_MAX_PAGES = 200
_TIMEOUT_SECONDS = 30
_BUSY = {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "backendError"}
_LIST = {"singleEvents": False, "showDeleted": True, "showHiddenInvitations": True}
_KINDS = ["default", "fromGmail"]
_HIDES = (
    "The bot's Google Calendar shows invitations only {when}, so invitations may never be seen. "
    "In the account's calendar settings set 'Add invitations to my calendar' to 'From everyone'."
)
_WHEN = {"UNKNOWN_SENDER": "from known senders", "UNRESPONDED": "after they were answered"}

Result = TypeVar("Result")

log = logging.getLogger(__name__)


def load_credentials(path: Path, subject: str = "") -> Credentials:
    """Read a service account's or an OAuth user's JSON. `subject` is the user a service account acts for.

    Raises `Misconfigured` when the file cannot be used.
    """
    try:
        info = json.loads(path.read_text())
        if info.get("type") == "service_account":
            account = service_account.Credentials.from_service_account_info(info, scopes=SCOPES)
            found: Credentials = account.with_subject(subject) if subject else account
        else:
            found = UserCredentials.from_authorized_user_info(info, scopes=SCOPES)
    except (OSError, ValueError, KeyError, AttributeError, GoogleAuthError) as fault:
        raise Misconfigured(
            f"The Google credentials in {path} cannot be used ({type(fault).__name__}). Set "
            "google_calendar.credentials_file to the JSON of a service account or of an authorised user.",
            full=f"google credentials {path}: {fault!r}",
        ) from fault
    return found


class GoogleCalendar:
    """One calendar. Calls go one at a time, in a thread of their own.

    Every method raises `Temporary` (quota, outage), `Denied` (credentials, rights), `Missing` (no such calendar).
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        calendar_id: str = "primary",
        api_endpoint: str = DEFAULT_ENDPOINT,
        meet_url: str = GOOGLE_MEET_URL,
        default_timezone: str = "UTC",
    ) -> None:
        self.calendar_id = calendar_id
        self._credentials = credentials
        self._endpoint = api_endpoint.rstrip("/") + "/"
        self._meet_url = meet_url
        self._timezone = default_timezone
        self._turn = asyncio.Lock()
        self._service: Any = None
        self._token = ""
        self._dirty = True
        self._down = False

    async def changed(self) -> bool:
        """Tell whether anything may have changed since the last successful `window`; True at first."""
        if await self._call(self._advance):
            self._dirty = True
        return self._dirty

    async def window(self, now: datetime) -> Listing:
        """Return everything from a day ago to 90 days ahead."""
        context = Context(now, default_timezone=self._timezone, meet_url=self._meet_url)

        def look() -> Listing:
            bounds = {
                "timeMin": _stamp(now - LOOK_BACK),
                "timeMax": _stamp(now + HORIZON),
                "eventTypes": _KINDS,
            }
            return read_events(self._all(**_LIST, **bounds), context)

        listing = await self._call(look)
        self._dirty = bool(listing.pending)
        return listing

    async def reread(self, uid: str, now: datetime) -> Listing:
        """Look at one UID alone, as just before joining. A UID that is not there any more is in `gone`."""
        context = Context(now, default_timezone=self._timezone, meet_url=self._meet_url)
        listing = await self._call(lambda: read_events(self._all(**_LIST, iCalUID=uid), context))
        if uid not in listing.uids:
            return Listing(gone=frozenset({uid}), uids=frozenset({uid}))
        return listing

    async def respond(self, uid: str, slot: str, status: str, comment: str = "") -> bool:
        """Answer the invitation (accepted, declined, tentative): of the occurrence `slot`, or '' for all of it.

        Returns False when there is nothing to answer: no such event, the bot is no guest, or this is its answer already.
        """
        return await self._call(lambda: self._respond(uid, slot, status, comment))

    async def settings_warning(self) -> str:
        """Return what to do when the account hides invitations, '' when all is well."""
        try:
            value = await self._call(
                lambda: self._api().settings().get(setting="hideInvitationsSetting").execute()
            )
        except Missing:
            return ""
        hidden = str(_object(value).get("value", "NONE")).upper()
        return "" if hidden == "NONE" else _HIDES.format(when=_WHEN.get(hidden, f"by the setting {hidden}"))

    async def watch(self, address: str, secret: str) -> Channel:
        """Ask Google to ping `address` (https) at changes, with `secret` in `X-Goog-Channel-Token`, until the channel ends."""
        body = {"id": str(uuid.uuid4()), "type": "web_hook", "address": address, "token": secret}
        answer = await self._call(
            lambda: _object(self._api().events().watch(calendarId=self.calendar_id, body=body).execute())
        )
        ends_at = datetime.fromtimestamp(int(answer["expiration"]) / 1000, UTC)
        return Channel(str(answer["id"]), str(answer["resourceId"]), ends_at)

    async def unwatch(self, channel: Channel) -> None:
        """End a channel; one that is over already is no trouble."""
        body = {"id": channel.id, "resourceId": channel.resource_id}
        with suppress(Missing):
            await self._call(lambda: self._api().channels().stop(body=body).execute())

    def _advance(self) -> bool:
        """Move the sync token on; True when something happened, or when nobody can tell."""
        if self._token:
            pages = self._pages(
                syncToken=self._token, **_LIST, fields="items(id),nextPageToken,nextSyncToken"
            )
            try:
                answers = list(pages)
            except HttpError as refusal:
                if refusal.status_code != 410:
                    raise
                self._token = ""  # too old, or rights changed: begin anew
                return True
            self._token = str(answers[-1].get("nextSyncToken", ""))
            return any(page.get("items") for page in answers)
        *_, last = self._pages(**_LIST, fields="nextPageToken,nextSyncToken")
        self._token = str(last.get("nextSyncToken", ""))
        return True

    def _respond(self, uid: str, slot: str, status: str, comment: str) -> bool:
        events = [event for event in self._all(**_LIST, iCalUID=uid) if event.get("status") != "cancelled"]
        event = self._addressed(events, slot)
        own = next((guest for guest in (event or {}).get("attendees") or () if guest.get("self")), None)
        if (
            event is None
            or own is None
            or (own.get("responseStatus") == status and own.get("comment", "") == comment)
        ):
            return False
        answer = {"email": own["email"], "responseStatus": status, "comment": comment}
        self._api().events().patch(
            calendarId=self.calendar_id,
            eventId=event["id"],
            body={"attendees": [answer], "attendeesOmitted": True},
            sendUpdates="all",
        ).execute()
        return True

    def _addressed(self, events: list[Event], slot: str) -> Event | None:
        """Return the event to answer: the series or single event itself, or the instance that `slot` names."""
        masters = [event for event in events if "recurringEventId" not in event]
        if not slot:
            return masters[0] if masters else next(iter(events), None)
        series = next((event["id"] for event in masters), "") or next(
            (e["recurringEventId"] for e in events), ""
        )
        if not series:
            return None
        compact = slot.replace("-", "").replace(":", "")
        names = (f"{series}_{compact}", f"{series}_{compact[:8]}")
        for name in names:
            try:
                return _object(self._api().events().get(calendarId=self.calendar_id, eventId=name).execute())
            except HttpError as refusal:
                if refusal.status_code != 404:
                    raise
        return None

    def _all(self, **query: Any) -> Iterator[Event]:
        for page in self._pages(**query):
            yield from page.get("items") or ()

    def _pages(self, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield every page; a page may be short or empty while more follow."""
        token: str | None = None
        for _ in range(_MAX_PAGES):
            request = (
                self._api()
                .events()
                .list(calendarId=self.calendar_id, maxResults=_PAGE, pageToken=token, **query)
            )
            page = _object(request.execute())
            yield page
            token = page.get("nextPageToken")
            if not token:
                return
        raise Temporary("The calendar has too many events to read.")

    def _api(self) -> Any:
        if self._service is None:
            plain = httplib2.Http(timeout=_TIMEOUT_SECONDS)
            http = AuthorizedHttp(self._credentials, http=plain)
            options = {"api_endpoint": self._endpoint}
            self._service = build("calendar", "v3", http=http, client_options=options, cache_discovery=False)
        return self._service

    async def _call(self, act: Callable[[], Result]) -> Result:
        async with self._turn:
            try:
                result = await asyncio.to_thread(act)
            except MeetbotError as trouble:
                self._tell(trouble)
                raise
            except (Error, GoogleAuthError, httplib2.HttpLib2Error, OSError, ValueError) as fault:
                self._service = None  # a fresh connection next time
                ours = translated(fault, self.calendar_id)
                self._tell(ours)
                raise ours from fault
        if self._down:
            log.info("google calendar answers again", extra={"calendar": self.calendar_id})
        self._down = False
        return result

    def _tell(self, trouble: MeetbotError) -> None:
        """Log the first of a row of failures."""
        if not self._down and not isinstance(trouble, Missing):
            log.warning("google calendar: %s", trouble.full, extra={"calendar": self.calendar_id})
            self._down = True


def translated(fault: Exception, calendar_id: str) -> MeetbotError:
    """Return a failure of Google's client in our words."""
    if isinstance(fault, RefreshError):
        if fault.retryable:
            return Temporary("Google's sign-in does not answer now.", full=f"token refresh: {fault}")
        return Denied(
            "Google refuses the calendar credentials. Make new ones (a user's expire after 7 days while the OAuth app is "
            "in testing), and set google_calendar.credentials_file.",
            full=f"token refresh refused: {fault}",
        )
    if isinstance(fault, HttpError):
        return _refused(fault, calendar_id)
    if isinstance(fault, TransportError | httplib2.HttpLib2Error | OSError | Error | ValueError):
        return Temporary("Google Calendar does not answer now.", full=f"google calendar: {fault!r}")
    return Denied("Google refuses the calendar credentials.", full=f"google auth: {fault!r}")


def _refused(fault: HttpError, calendar_id: str) -> MeetbotError:
    status = int(fault.status_code)
    details: Any = fault.error_details or ()
    reasons = {str(one.get("reason")) for one in details if isinstance(one, dict)}
    full = f"google calendar {calendar_id}: {status} {fault.reason} {sorted(reasons)}"
    if status == 429 or status >= 500 or (status == 403 and reasons & _BUSY):
        after = str(fault.resp.get("retry-after", ""))
        return Temporary(
            "Google Calendar is busy now.",
            full=full,
            retry_after_seconds=float(after) if after.isdigit() else None,
        )
    if status == 404:
        return Missing(f"Google has no calendar or event like this in {calendar_id}.", full=full)
    if status in (401, 403):
        return Denied(
            f"Google refuses access to the calendar {calendar_id}. Share it with the account, or grant the scopes "
            f"{' and '.join(SCOPES)}.",
            full=full,
        )
    return Invalid("Google Calendar does not take the request.", full=full)


def _object(answer: Any) -> dict[str, Any]:
    """Return an answer that is a JSON object; the client hands cut-off text through as it came."""
    if not isinstance(answer, dict):
        raise ValueError("the answer is no JSON object")
    return answer


def _stamp(instant: datetime) -> str:
    return (instant - timedelta(microseconds=instant.microsecond)).isoformat()
