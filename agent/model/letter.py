"""What leaves the house: mails and webhook notices, as values."""

from dataclasses import dataclass, field
from datetime import datetime

from agent.model.invite import Attendee
from agent.model.summary import Summary
from agent.model.transcript import Why


@dataclass(frozen=True, slots=True)
class Mail:
    """One outgoing mail. `message_id` is stable over retries, so that a receiver can tell a repeat."""

    message_id: str
    recipients: tuple[str, ...]
    raw: bytes  # the complete RFC 5322 message
    envelope_from: str = ""  # empty: the null sender
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Thread:
    """The mail that a letter answers; both empty when there was none."""

    message_id: str = ""
    references: tuple[str, ...] = ()
    subject: str = ""


@dataclass(frozen=True, slots=True)
class ConsentTold:
    """What the ledger holds: `outcome` is granted, withdrawn, announced or none; `words` are the very words said."""

    outcome: str = "none"
    who: str = ""
    at: datetime | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """How many statements differ from those of version `since`."""

    since: int
    added: int = 0
    removed: int = 0
    reworded: int = 0


@dataclass(frozen=True, slots=True)
class RecapLetter:
    """Everything a recap mail tells one recipient. Times are UTC; `timezone` is an IANA name for showing them.

    `source` says where the transcript came from (meet, captions, recording, none), and `why` why it was not the preferred
    one, or why there is none; `quotes` maps an entry ordinal to (time offset in seconds, speaker, text) for every citation.
    `cut_at` is when the recipient left, where the recap ends there; `carried_over` are actions left from last time;
    `language` is that of the fixed words, by default the summary's; a `version` above 1 replaces an earlier recap.
    """

    message_id: str
    recipient: str
    recipient_name: str
    title: str
    starts_at: datetime
    ended_at: datetime
    timezone: str
    attended: tuple[str, ...]
    absent: tuple[str, ...]
    rivals: tuple[str, ...]
    inviter: str
    consent: ConsentTold
    source: str
    summary: Summary | None  # None: there is no transcript, and `why` tells the reason
    why: Why | None = None
    changes: Changes | None = None
    quotes: dict[int, tuple[float, str, str]] = field(default_factory=dict)
    recipients: tuple[str, ...] = ()
    transcript_url: str = ""
    delete_url: str = ""
    unsubscribe_url: str = ""
    retention_days: int = 0
    thread: Thread = field(default_factory=Thread)
    cut_at: datetime | None = None
    carried_over: tuple[str, ...] = ()
    language: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True)
class NoticeLetter:
    """A short mail of a few plain sentences to one person (held invitation, lobby nudge, no consent, operator notice)."""

    message_id: str
    recipient: str
    subject: str
    paragraphs: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()  # (label, url)
    thread: Thread = field(default_factory=Thread)
    auto_submitted: str = "auto-generated"  # or auto-replied
    language: str = "en"  # what the paragraphs are written in


@dataclass(frozen=True, slots=True)
class NoNotesLetter:
    """One line to the inviter of a meeting in which nobody allowed notes; `language` is what to write in."""

    message_id: str
    recipient: str
    title: str
    language: str = ""
    thread: Thread = field(default_factory=Thread)


@dataclass(frozen=True, slots=True)
class HeldLetter:
    """Word of a recap that goes to `readers` at `until`, unless `stop_url` is followed; `timezone` is an IANA name."""

    message_id: str
    recipient: str
    title: str
    until: datetime
    timezone: str
    readers: tuple[str, ...]
    stop_url: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class ReplyLetter:
    """An iTIP REPLY: one component answered by one attendee. `stamped_at` is the fresh DTSTAMP.

    `recurrence_id` is the raw RECURRENCE-ID line's value and parameters when an instance is answered.
    """

    message_id: str
    uid: str
    sequence: int
    partstat: str  # ACCEPTED, DECLINED or TENTATIVE
    attendee: Attendee
    organizer: Attendee
    stamped_at: datetime
    starts_at: datetime
    ends_at: datetime
    title: str
    comment: str = ""
    recurrence_id: datetime | None = None
    thread: Thread = field(default_factory=Thread)


@dataclass(frozen=True, slots=True)
class RefreshLetter:
    """An iTIP REFRESH: one attendee asks the organizer to send the whole event again."""

    message_id: str
    uid: str
    attendee: Attendee
    organizer: Attendee
    stamped_at: datetime
    title: str
    thread: Thread = field(default_factory=Thread)


@dataclass(frozen=True, slots=True)
class Notice:
    """One attempt to tell one webhook endpoint of one event.

    `family` is jobs or bots and selects envelope and headers; `secrets` are the live ones, newest first;
    `delivery_id` is the same in every attempt, `attempt` counts from 1.
    """

    delivery_id: str
    family: str
    event: str
    data: dict[str, object]
    happened_at: datetime
    sent_at: datetime
    attempt: int
    url: str
    secrets: tuple[str, ...]
    version: int = 2
    bot_id: int = 0


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """What the receiver answered: `status` 0 when no answer came, `body` its first 1,024 characters."""

    status: int
    body: str = ""
    retry_after_seconds: float | None = None
    error: str = ""
    duration_ms: int = 0
