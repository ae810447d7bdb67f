"""What a meeting tells the bot (events, past tense) and what the bot asks of it (commands, imperative).

The page's adapter turns the page into these events once, at the edge; rules only ever see these words.
Every event carries `at`, an aware UTC instant.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from agent.model.states import EndReason, FailureCode


class RowKind(StrEnum):
    """What a row of the roster is, as far as the page itself tells."""

    PERSON = "person"
    PSEUDO = "pseudo"  # presentations, merged audio, effects panels, raw ids


@dataclass(frozen=True, slots=True)
class Person:
    """One row of the roster. `id` is the page's own (`spaces/x/devices/7`) and tells people apart; names do not."""

    id: str
    name: str
    is_self: bool = False
    is_host: bool = False
    kind: RowKind = RowKind.PERSON


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all call events."""

    at: datetime


@dataclass(frozen=True, slots=True)
class PageOpened(Event):
    """The page before the meeting is ready for the knock. `signed_in` is False for a guest."""

    signed_in: bool = False


@dataclass(frozen=True, slots=True)
class Knocked(Event):
    """The join button was pressed."""


@dataclass(frozen=True, slots=True)
class InLobby(Event):
    """The page says that somebody has to let the bot in."""


@dataclass(frozen=True, slots=True)
class Admitted(Event):
    """Two independent signs of being in the call are there."""

    signs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused(Event):
    """The bot does not get in. `code` is the verdict, `detail` the page's own words, `retry` whether another try is fair."""

    code: FailureCode
    detail: str
    retry: bool = False


@dataclass(frozen=True, slots=True)
class RosterSeen(Event):
    """Who is there. `people` is None when the page cannot tell now: unknown, not alone."""

    people: tuple[Person, ...] | None


@dataclass(frozen=True, slots=True)
class ChatSaid(Event):
    """A chat line, exactly once. `history` marks lines that stood there before the bot came."""

    id: str
    sender: str
    text: str
    is_self: bool = False
    history: bool = False


@dataclass(frozen=True, slots=True)
class Said(Event):
    """A `Say` was carried out. `shown` tells whether the line was seen to appear, for only then were people told."""

    text: str
    purpose: str
    shown: bool


@dataclass(frozen=True, slots=True)
class ChatUnavailable(Event):
    """Chat cannot be used; `detail` says what was found instead."""

    detail: str


@dataclass(frozen=True, slots=True)
class Captioned(Event):
    """An utterance of the captions: `id` is stable while the text grows or is corrected; the last one counts."""

    id: str
    speaker: str
    text: str
    started_at: datetime
    ended_at: datetime
    language: str | None = None


@dataclass(frozen=True, slots=True)
class CaptionsUnavailable(Event):
    """Captions cannot be turned on; `detail` says why."""

    detail: str


@dataclass(frozen=True, slots=True)
class PlatformNotice(Event):
    """Meet's own consent, recording or notes dialog was seen; `accepted` says whether its OK was pressed.

    `declined`: the page tells that somebody else refused what Meet had asked.
    """

    text: str
    accepted: bool
    declined: bool = False


@dataclass(frozen=True, slots=True)
class CallOver(Event):
    """The call is over for the bot: ended, removed, network loss or a crashed page."""

    reason: EndReason | FailureCode
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Evidence(Event):
    """Something surprised the bot and was kept: file paths relative to the data directory."""

    why: str
    files: tuple[str, ...] = ()


class Verb(StrEnum):
    """What a person can ask of a running bot."""

    LEAVE = "leave"
    ASK_AGAIN = "ask_again"
    GRANT = "grant"
    DECLINE = "decline"
    NOT_A_BOT = "not_a_bot"
    RECHECK = "recheck"


@dataclass(frozen=True, slots=True)
class Asked(Event):
    """A person's wish from outside the call. `uid` makes it obeyed once; `by` says who; `text` qualifies it.

    `channel` is the door it came by, as the ledger names it: api, page, mail.
    """

    verb: Verb
    uid: str
    by: str = ""
    text: str = ""
    channel: str = "api"


@dataclass(frozen=True, slots=True)
class Tick(Event):
    """Time passed."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What the page's adapter needs to bring one bot to one meeting."""

    job_id: str
    meeting_url: str
    display_name: str
    language: str = "en"
    caption_language: str | None = None
    evidence_dir: str = ""
    lobby_seconds: float = 540.0
    recording: str = "off"  # off | audio | video
    recording_path: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """Base of what the conduct of a call asks for."""


@dataclass(frozen=True, slots=True)
class Say(Command):
    """Post one chat line (at most 500 characters). `purpose` is a timeline kind's detail."""

    text: str
    purpose: str


@dataclass(frozen=True, slots=True)
class StartCapture(Command):
    """Begin captions, and recording where set. Only after consent."""


@dataclass(frozen=True, slots=True)
class StopCapture(Command):
    """End captions and recording, keep what was taken."""


@dataclass(frozen=True, slots=True)
class ForgetCapture(Command):
    """Delete everything taken from this call."""


@dataclass(frozen=True, slots=True)
class Nudge(Command):
    """Write to the inviter that the bot waits to be let in."""


@dataclass(frozen=True, slots=True)
class AskByMail(Command):
    """Put the question of consent to the inviter by mail, because nobody can be asked in chat."""

    question: str


@dataclass(frozen=True, slots=True)
class Leave(Command):
    """Leave the call."""

    reason: EndReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Fail(Command):
    """Give the job up."""

    code: FailureCode
    detail: str = ""
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Enter(Command):
    """Add an entry to the consent ledger.

    `outcome`: announced, asked, granted, declined, withdrawn (stop: keep what was taken), opted_out (delete it), unanswered.
    `words` are the exact words of `who`; `message` is what the bot had shown; `channel`: chat, api,
    page, mail, platform.
    """

    outcome: str
    who: str = ""
    words: str = ""
    message: str = ""
    language: str = "en"
    channel: str = "chat"


@dataclass(frozen=True, slots=True)
class Record(Command):
    """Write a timeline entry."""

    kind: str
    data: dict[str, object] = field(default_factory=dict)
