"""Every exception of Meetbot that somebody catches.

MeetbotError
├── Invalid         what was sent cannot be used as it is
│   └── Misconfigured   the operator's own settings or machine; ends with what to do
├── Denied          who asks may not have this
├── Missing         there is no such thing (any more, or yet)
├── Conflict        the state forbids it now
│   └── Superseded      who asks acts on a plan, or a right, that is no more
└── Temporary       the same call may succeed later
    ├── TooMany         asked too often; later the same call is welcome again
    └── NoPlace         all places for bots are taken, or the machine is at its limit

Each carries two texts: `safe` for whoever called, `full` for the log. In a queue, an error of unknown
kind counts as temporary.
"""

from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """What a caller can do about an error; HTTP, SMTP and exit codes are derived from it at each edge."""

    INVALID = "invalid"
    DENIED = "denied"
    MISSING = "missing"
    CONFLICT = "conflict"
    TEMPORARY = "temporary"


class MeetbotError(Exception):
    """Base of all: `safe` may be shown to the caller, `full` goes to the log only."""

    kind: ClassVar[Kind] = Kind.INVALID

    def __init__(self, safe: str, *, full: str | None = None) -> None:
        super().__init__(safe)
        self.safe = safe
        self.full = full or safe

    def __str__(self) -> str:
        return self.safe


class Invalid(MeetbotError):
    """What was sent cannot be used as it is."""

    kind = Kind.INVALID


class Misconfigured(Invalid):
    """The operator's settings or machine are at fault; `safe` ends with what to do."""


class Denied(MeetbotError):
    """Who asks may not have this."""

    kind = Kind.DENIED


class Missing(MeetbotError):
    """There is no such thing, any more or yet."""

    kind = Kind.MISSING


class Conflict(MeetbotError):
    """The present state forbids it."""

    kind = Kind.CONFLICT


class Superseded(Conflict):
    """Another plan of the same job, or another bot, has taken over: there is nothing more to do or to write."""


class Temporary(MeetbotError):
    """The same call may succeed later; `retry_after_seconds` where the other side said when."""

    kind = Kind.TEMPORARY

    def __init__(
        self, safe: str, *, full: str | None = None, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(safe, full=full)
        self.retry_after_seconds = retry_after_seconds


class TooMany(Temporary):
    """Who asks has asked too often, or guessed wrong too often; HTTP answers 429."""


class NoPlace(Temporary):
    """No further bot can be taken in now; nothing was tried, so that this is no failed try."""
