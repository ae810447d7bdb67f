"""What the conduct of a call goes by (`Policy`) and where it stands (`Standing`): plain frozen values."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from agent.model.call import ChatSaid, Person
from agent.rules.leaving import Limits, Watch
from agent.rules.presence import Room
from agent.rules.rivals import Context, Verdict, classify
from agent.rules.wording import Facts


class Phase(StrEnum):
    """Where the bot is."""

    OUTSIDE = "outside"
    LOBBY = "lobby"
    IN_CALL = "in_call"
    OVER = "over"


class Consent(StrEnum):
    """Where consent stands. `granted` and `announced` allow capture; `declined` and `withdrawn` end the visit."""

    NONE = "none"
    ASKED = "asked"
    ANNOUNCED = "announced"
    GRANTED = "granted"
    UNANSWERED = "unanswered"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHabits(Limits):
    """How the bot behaves in every call: settings, by the names they have there."""

    consent_policy: str = "ask"
    answer_seconds: float = 120.0
    on_no_answer: str = "leave"
    who: str = "host"
    rivals_policy: str = "leave"
    rivals_grace_seconds: float = 10.0
    rivals_extra_patterns: tuple[str, ...] = ()
    rivals_allow: tuple[str, ...] = ()
    captions_enabled: bool = True
    caption_language: str = ""
    recording: str = "off"
    nudge_seconds: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(CallHabits):
    """How the bot behaves in one call: the habits, with what the job overrides, and facts of the meeting.

    `invited` are (name, e-mail) pairs; `recap_recipients` is a value of `[recap] recipients`; `language` is the one the
    bot writes in, while answers are understood in every language. `starts_at` and `ends_at` are the schedule's, if any.
    `mark` is six hexadecimal digits of this bot's own.
    """

    bot_name: str
    inviter_name: str = ""
    inviter_email: str = ""
    invited: tuple[tuple[str, str], ...] = ()
    recap_recipients: str = "inviter"
    language: str = "en"
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    mark: str = ""

    @property
    def facts(self) -> Facts:
        """What the bot's chat lines may tell."""
        inviter = self.inviter_name or self.inviter_email
        return Facts(
            self.bot_name,
            inviter,
            self.recap_recipients,
            self.recording,
            self.who,
            self.language,
            self.mark,
        )

    @property
    def answer_time(self) -> timedelta:
        """How long a question stays open."""
        return timedelta(seconds=self.answer_seconds)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A rival's row, from its first sight. `dealt_with`: the policy was applied; `recorded`: the timeline tells of it."""

    person_id: str
    name: str
    verdict: Verdict
    since: datetime
    present: bool = True
    dealt_with: bool = False
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one visit to one call stands. Only `conduct` makes new ones.

    `asked_at` is when the answer's time began to run; `question` is the line that was shown, `shown` whether people saw
    it; `question_open` that a bare yes or no answers it, `ours_last` that no person has written since the bot did.
    `told_at` is when people in the room last saw what the bot does; `untold` are ids of those who came later.
    """

    phase: Phase = Phase.OUTSIDE
    lobby_since: datetime | None = None
    joined_at: datetime | None = None
    consent: Consent = Consent.NONE
    resumed: bool = False
    posting: str = ""
    posting_since: datetime | None = None
    question: str = ""
    shown: bool = False
    asked_at: datetime | None = None
    question_open: bool = False
    ours_last: bool = False
    asked_late: bool = False  # since nobody answered in time, somebody who came late was asked
    helped: frozenset[str] = field(default_factory=frozenset)  # hints given since the last question
    held: tuple[ChatSaid, ...] = ()  # answers that came before the question was seen to appear
    chat: bool | None = None  # None: not tried yet
    capturing: bool = False
    captured: bool = False
    captions: bool = True
    people: tuple[Person, ...] = ()  # the last roster that was known
    room: Room = field(default_factory=Room)
    humans_now: int | None = None
    humans_seen: frozenset[str] = field(default_factory=frozenset)
    own_ids: frozenset[str] = field(default_factory=frozenset)
    empty_since: datetime | None = None
    last_words_at: datetime | None = None
    told_at: datetime | None = None
    untold: frozenset[str] = field(default_factory=frozenset)
    suspects: tuple[Suspect, ...] = ()
    cleared: frozenset[str] = field(default_factory=frozenset)
    signed: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    rival_asked_at: datetime | None = None
    nudged: bool = False
    claimed: bool = False  # said to another Meetbot that this one was here before
    obeyed: frozenset[str] = field(default_factory=frozenset)

    @property
    def may_capture(self) -> bool:
        """Whether consent allows capture now."""
        return self.consent in {Consent.GRANTED, Consent.ANNOUNCED}

    @property
    def rivals_present(self) -> tuple[Suspect, ...]:
        """The rivals that are in the call now."""
        return tuple(suspect for suspect in self.suspects if suspect.present)


def context(standing: Standing, policy: Policy) -> Context:
    """Return what is known for telling people from note-takers."""
    return Context(
        policy.bot_name,
        policy.invited,
        policy.rivals_allow,
        policy.rivals_extra_patterns,
        standing.cleared,
        standing.signed,
    )


def judge(standing: Standing, policy: Policy, name: str) -> Verdict:
    """Return what the bearer of a name is, as far as this call knows."""
    return classify(name, context(standing, policy))


def watch(standing: Standing, policy: Policy) -> Watch:
    """Return what the rules of leaving look at."""
    hears = standing.capturing and policy.captions_enabled and standing.captions
    return Watch(
        standing.lobby_since,
        standing.joined_at,
        policy.starts_at,
        policy.ends_at,
        standing.humans_now,
        len(standing.rivals_present),
        bool(standing.humans_seen),
        standing.empty_since,
        standing.last_words_at if hears else None,
    )
