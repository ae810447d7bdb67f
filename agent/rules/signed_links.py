"""Links that need no sign-in: whoever has one may do one thing until an instant, signed with the server's key.

Where the address itself says what it opens, `sign` and `check` do for the rest. A link in a mail says all of it in one
token, for whom too: the base64url of a small JSON list, and a signature over that; `issue` and `read` make and open it.
"""

import base64
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from agent.errors import Denied
from agent.rules import tokens

DOWNLOAD_LIFE = timedelta(hours=1)
_LONGEST = 2000
_UNREADABLE = "This link is damaged. Open it from the mail again, whole."


class Purpose(StrEnum):
    """What a link lets one do; a link made for one thing opens no other."""

    TRANSCRIPT = "transcript"
    DELETE = "delete"
    UNSUBSCRIBE = "unsubscribe"
    STOP = "stop"
    CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class Link:
    """`subject` names the thing (a job's public id, a series' scope), `reader` is the address the link was mailed to.

    `detail` qualifies it: for a transcript the ISO instant at which the reader left, '' for the whole; for consent `yes` or
    `no`.
    """

    purpose: Purpose
    subject: str
    reader: str
    detail: str = ""


def sign(key: bytes, what: str, expires_at: int) -> str:
    """Return the signature that lets the bearer of a link have `what` until `expires_at` (Unix seconds)."""
    return tokens.derive(key, "link", f"{expires_at}:{what}")


def check(key: bytes, what: str, expires_at: int, signature: str, now: datetime) -> None:
    """Raise `Denied` unless a link was signed for `what` and has not expired."""
    right = sign(key, what, expires_at)
    if not hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace")):
        raise Denied("The link's signature is not valid; ask for a new link.")
    if now.timestamp() >= expires_at:
        raise Denied("The link has expired; ask for a new one.")


def issue(key: bytes, link: Link, expires_at: datetime) -> str:
    """Return the token of a link that works until `expires_at`."""
    until = int(expires_at.timestamp())
    body = [link.purpose.value, link.subject, link.reader, link.detail, until]
    said = base64.urlsafe_b64encode(json.dumps(body, separators=(",", ":")).encode()).rstrip(b"=").decode()
    return f"{said}.{sign(key, f'mail:{said}', until)}"


def read(key: bytes, token: str, purpose: Purpose, now: datetime) -> Link:
    """Return what a token says. Raises `Denied` for one that is damaged, forged, stale, or made for something else."""
    said, _, signature = token.partition(".")
    if len(token) > _LONGEST:
        raise Denied(_UNREADABLE)
    try:
        padded = said.encode("ascii") + b"=" * (-len(said) % 4)
        named, subject, reader, detail, until = json.loads(base64.urlsafe_b64decode(padded))
        link = Link(Purpose(named), str(subject), str(reader), str(detail))
        expires_at = int(until)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Denied(_UNREADABLE, full=f"mail link: {type(error).__name__}") from error
    check(key, f"mail:{said}", expires_at, signature, now)
    if link.purpose is not purpose:
        raise Denied("This link is for something else.", full=f"mail link: {named} used as {purpose}")
    return link
