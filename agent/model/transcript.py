"""What was said: the conference as the platform recorded it, and its words."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Source(StrEnum):
    """Where a transcript comes from."""

    MEET = "meet"
    CAPTIONS = "captions"
    RECORDING = "recording"


class Why(StrEnum):
    """Why the preferred words do not serve, or why there are none."""

    NO_ACCESS = "no_access"  # the bot is set up without access to the platform's records
    NOT_ALLOWED = "not_allowed"
    REFUSED = "refused"
    NO_RECORD = "no_record"
    NOT_TRANSCRIBED = "not_transcribed"
    NOT_FINISHED = "not_finished"
    UNFINISHED = "unfinished"  # what there was of it when the wait ended serves
    EMPTY = "empty"
    MEET_PARTIAL = "meet_partial"
    CAPTIONS_PARTIAL = "captions_partial"
    RECORDING_UNUSABLE = "recording_unusable"
    NOTHING_CAPTURED = "nothing_captured"
    NOTHING_SAID = "nothing_said"
    DELETED = "deleted"
    NOT_CONSENTED = "not_consented"


@dataclass(frozen=True, slots=True)
class Session:
    """One stay of a participant; `ended_at` is None while they are there."""

    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attendance:
    """A participant as the conference record names them. `kind`: signedin, anonymous or phone."""

    name: str  # resource name, conferenceRecords/x/participants/y
    display_name: str
    kind: str
    sessions: tuple[Session, ...] = ()
    user: str | None = None  # users/{id}; Meet tells no address


@dataclass(frozen=True, slots=True)
class Entry:
    """One transcript entry. `speaker` is a display name; `language` a BCP-47 code or None."""

    speaker: str
    text: str
    started_at: datetime
    ended_at: datetime
    language: str | None = None
    participant: str | None = None


@dataclass(frozen=True, slots=True)
class Conference:
    """One conference record with everything read from it."""

    name: str  # conferenceRecords/x
    space: str
    started_at: datetime
    ended_at: datetime | None
    expires_at: datetime | None
    participants: tuple[Attendance, ...] = ()


class Readiness(StrEnum):
    """How far the platform is with a transcript."""

    NO_RECORD = "no_record"  # no conference record yet
    NEVER_STARTED = "never_started"  # the record exists and has no transcript
    PENDING = "pending"  # transcription ran, the text is not final
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Harvest:
    """What one look at the platform found for one meeting: records that overlap it, entries in time order."""

    readiness: Readiness
    conferences: tuple[Conference, ...] = ()
    entries: tuple[Entry, ...] = ()
    recordings: tuple[dict[str, object], ...] = field(default=())
