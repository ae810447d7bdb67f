"""What the proxy's refusals mean to us, and what the operator can do about them."""

import json
from datetime import datetime

from agent.errors import Denied, Invalid, MeetbotError, Misconfigured, Missing, Temporary
from agent.okoro.endpoints import LIST_SPACES, Endpoint, Scope
from agent.okoro.retries import retry_after_seconds
from agent.okoro.transport import Answer

_DASHBOARD = "okoro's dashboard, under Service tokens"


def refused_exchange(answer: Answer, scope: Scope, now: datetime) -> MeetbotError:
    """Return the error for an exchange that gave no token."""
    full = f"token exchange for scope {scope}: {_told(answer)}"
    match answer.status:
        case 401:
            return Denied(
                f"okoro does not accept the service token; make a new one in {_DASHBOARD}, "
                "and set it as okoro.service_token",
                full=full,
            )
        case 403:
            return Denied(
                f"okoro gives this service token no scope {scope!s} for google-meet; allow it in {_DASHBOARD}",
                full=full,
            )
        case status:
            return _by_status(status, answer, full, "okoro.token_url", now)


def refused_call(answer: Answer, endpoint: Endpoint, now: datetime) -> MeetbotError:
    """Return the error for a call that the proxy, or Meet behind it, did not fulfil."""
    full = f"{endpoint.name}: {_told(answer)}"
    match answer.status:
        case 401:
            return Denied(
                f"okoro refused a fresh token for {endpoint.name!r} (scope {endpoint.scope!s}); "
                f"see whether the service token was revoked in {_DASHBOARD}, and set a valid one as okoro.service_token",
                full=full,
            )
        case 403:
            return Denied(_forbidden(endpoint, answer), full=full)
        case 404 if endpoint is LIST_SPACES:
            return Missing("Google Meet cannot list spaces; read one by its meeting code instead", full=full)
        case 404:
            return Missing(f"Google Meet has nothing there for {endpoint.name!r}, or not yet", full=full)
        case status:
            return _by_status(status, answer, full, "okoro.proxy_url", now)


def _by_status(status: int, answer: Answer, full: str, setting: str, now: datetime) -> MeetbotError:
    if status in (408, 409, 425, 429) or status >= 500:
        wait = retry_after_seconds(answer.retry_after, now)
        return Temporary(f"okoro answered {status}", full=full, retry_after_seconds=wait)
    if 300 <= status < 400:
        return Misconfigured(
            f"okoro answered {status}, a redirect; set {setting} to the final address", full=full
        )
    if status == 404:
        return Misconfigured(f"there is no okoro at {setting}; correct the address", full=full)
    return Invalid(f"okoro refused the request with {status}", full=full)


def _forbidden(endpoint: Endpoint, answer: Answer) -> str:
    if _error_status(answer) == "PERMISSION_DENIED":
        return (
            f"Google Meet forbids {endpoint.name!r} (scope {endpoint.scope!s}): the Google account connected in okoro "
            "is neither owner nor participant of this meeting; connect the organizer's or the bot's own account"
        )
    return (
        f"okoro forbids {endpoint.name!r}, which needs the scope {endpoint.scope!s} for google-meet; "
        f"give the service token that scope in {_DASHBOARD}"
    )


def _fields(answer: Answer) -> dict[str, object]:
    """The error's fields: nested as Google sends it, or flat as okoro does; empty where it is neither."""
    try:
        body = json.loads(answer.body[:65536])
    except (ValueError, RecursionError):
        return {}
    if not isinstance(body, dict):
        return {}
    error = body.get("error")
    return error if isinstance(error, dict) else body


def _error_status(answer: Answer) -> str:
    return str(_fields(answer).get("status", ""))


def _told(answer: Answer) -> str:
    words = str(_fields(answer).get("message", ""))[:300]
    return f"{answer.status} {''.join(c if c.isprintable() else ' ' for c in words)}".strip()
