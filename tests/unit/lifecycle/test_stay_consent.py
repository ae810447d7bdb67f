"""In whatever order things happen at a meeting: nothing is captured, and no word kept, without consent on the ledger."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.lifecycle.attendance.stay import Stay
from agent.model.call import (
    Admitted,
    Asked,
    CallOver,
    Captioned,
    CaptionsUnavailable,
    ChatSaid,
    ChatUnavailable,
    Event,
    InLobby,
    Person,
    PlatformNotice,
    RosterSeen,
    Tick,
    Verb,
)
from agent.model.news import LedgerEntry, News, Words, WordsForgotten
from agent.model.states import EndReason, FailureCode
from agent.rules import conduct, permission
from agent.rules.wording import Facts, line
from tests.clocks import StandingClock
from tests.waiting import PATIENCE_SECONDS

T0 = datetime(2030, 1, 1, 9, tzinfo=UTC)
ME = Person("d/1", "Meetbot", is_self=True)
HOST = Person("d/2", "Host Person", is_host=True)
GUEST = Person("d/3", "Guest Person")
RIVAL = Person("d/4", "Guest's Fireflies.ai Notetaker")
BORROWED = Person("d/5", "Host Person")
TEXTS = [
    "yes",
    "Meetbot, yes",
    "ja, gern",
    "no",
    "no thanks",
    "stop",
    "opt out",
    "you may record",
    "don't record me",
    "Meetbot, leave",
    "hello",
    line("announce_ask", Facts("Scribe")),
    line("here", Facts("Scribe", mark="000000")),
]
Told = Callable[[datetime], Event]


@dataclass
class Books:
    """A journal: what was written, and whether words came that the ledger did not allow."""

    outcomes: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    async def write(self, news: News) -> None:
        match news:
            case LedgerEntry():
                self.outcomes.append(news.outcome)
            case Words():
                assert permission.stands(self.outcomes) or self.outcomes[-1:] == ["withdrawn"]
                self.kept += [said.text for said in news.utterances]
            case WordsForgotten():
                self.kept.clear()

    async def is_current(self) -> bool:
        return True


class Page:
    """A page that tells a story, and insists on consent before anything is captured."""

    def __init__(self, story: Sequence[Event], books: Books, clock: "StoryClock", *, chat: bool) -> None:
        self.story = story
        self.books = books
        self.clock = clock
        self.chat = chat
        self.captured = False

    async def events(self) -> AsyncIterator[Event]:
        for event in self.story:
            self.clock.at = event.at
            yield event
            await asyncio.sleep(0)

    async def knock(self) -> None: ...

    async def say(self, text: str) -> bool:
        return self.chat

    async def start_capture(self) -> None:
        assert permission.stands(self.books.outcomes), self.books.outcomes
        self.captured = True

    async def stop_capture(self) -> None: ...

    async def leave(self) -> None: ...

    async def close(self) -> None: ...


class StoryClock(StandingClock):
    """Stands where the story stands; nobody's waiting ends."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


def people() -> st.SearchStrategy[tuple[Person, ...] | None]:
    some = st.lists(st.sampled_from([ME, HOST, GUEST, RIVAL, BORROWED]), unique=True).map(tuple)
    return st.one_of(st.none(), some)


def happenings() -> st.SearchStrategy[Told]:
    names = st.sampled_from(["Host Person", "Guest Person", RIVAL.name, "Meetbot", "Stranger"])
    chat = st.builds(
        lambda who, text, own, old: lambda at: ChatSaid(at, str(at), who, text, own, old),
        names,
        st.sampled_from(TEXTS),
        st.booleans(),
        st.booleans(),
    )
    verbs = [Verb.ASK_AGAIN, Verb.GRANT, Verb.DECLINE, Verb.NOT_A_BOT]
    return st.one_of(
        chat,
        people().map(lambda rows: lambda at: RosterSeen(at, rows)),
        st.sampled_from(verbs).map(lambda verb: lambda at: Asked(at, verb, str(at), "host@example.com")),
        st.just(lambda at: Captioned(at, str(at), "Host Person", "words", at, at)),
        st.just(lambda at: Admitted(at)),
        st.just(lambda at: InLobby(at)),
        st.just(lambda at: ChatUnavailable(at, "off")),
        st.just(lambda at: CaptionsUnavailable(at, "off")),
        st.just(lambda at: PlatformNotice(at, "This call is being recorded", accepted=True)),
        st.just(lambda at: PlatformNotice(at, "Somebody declined", accepted=False, declined=True)),
        st.just(lambda at: Tick(at)),
        st.sampled_from([EndReason.REMOVED, FailureCode.NETWORK_LOSS]).map(
            lambda reason: lambda at: CallOver(at, reason)
        ),
    )


def tell(happened: Sequence[tuple[Told, float]]) -> list[Event]:
    """Begin in the call, and end with the end of it."""
    at = T0 + timedelta(seconds=1)
    story: list[Event] = [Admitted(T0), RosterSeen(at, (ME, HOST, GUEST))]
    for happening, later in happened:
        at += timedelta(seconds=later)
        story.append(happening(at))
    return [*story, CallOver(at + timedelta(seconds=1), EndReason.ENDED_BY_HOST)]


async def play(
    happened: Sequence[tuple[Told, float]], policy: conduct.Policy, *, chat: bool
) -> tuple[Page, Books]:
    books, clock = Books(), StoryClock(T0)
    page = Page(tell(happened), books, clock, chat=chat)
    standing = conduct.begin(policy, T0)
    stay = Stay("job_1", clock, page, books, policy, standing)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await stay.run(asyncio.Queue(), T0)
    return page, books


@settings(max_examples=300, deadline=None)
@given(
    happened=st.lists(st.tuples(happenings(), st.sampled_from([0.0, 0.5, 7.0, 61.0, 200.0])), max_size=15),
    consent_policy=st.sampled_from(["ask", "announce"]),
    who=st.sampled_from(["host", "anyone"]),
    on_no_answer=st.sampled_from(["leave", "stay_silent"]),
    chat=st.booleans(),
)
def test_nothing_is_captured_without_consent_on_the_ledger(
    happened: list[tuple[Told, float]], consent_policy: str, who: str, on_no_answer: str, chat: bool
) -> None:
    policy = conduct.Policy(
        bot_name="Meetbot",
        inviter_name="Host Person",
        consent_policy=consent_policy,
        who=who,
        on_no_answer=on_no_answer,
        rivals_policy="announce",
    )
    page, books = asyncio.run(play(happened, policy, chat=chat))
    if page.captured:
        assert {"granted", "announced"} & set(books.outcomes)
    if books.kept:
        words = [outcome for outcome in books.outcomes if outcome not in {"asked", "unanswered"}]
        assert words[-1] in {"granted", "announced", "withdrawn"}


def test_the_property_can_fail() -> None:
    """A page that is told to capture with an empty ledger objects."""
    page = Page([], Books(), StoryClock(T0), chat=True)
    try:
        asyncio.run(page.start_capture())
    except AssertionError:
        return
    raise RuntimeError("capture without consent was let pass")


def test_a_yes_is_enough_to_capture() -> None:
    story = [
        (lambda at: ChatSaid(at, "m", "Host Person", "yes"), 1.0),
        (lambda at: Captioned(at, "c", "Host Person", "words", at, at), 1.0),
    ]
    page, books = asyncio.run(play(story, conduct.Policy(bot_name="Meetbot"), chat=True))
    assert page.captured
    assert books.outcomes == ["asked", "granted"]
    assert books.kept == ["words"]
