"""The chat: lines read exactly once, lines written with real keys and seen to appear."""

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent.meet.hand import Hand
from agent.meet.selectors import fold, load_table, squeeze
from agent.meet.watcher import Watcher
from agent.model.call import ChatSaid
from agent.ports import Clock

LONGEST_LINE = 500
OPEN_SECONDS = 3.0
ECHO_SECONDS = 2.0
TAKEN_SECONDS = 6.0
COMPOSER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """A chat line as the page shows it; `id` is empty where the page gives none."""

    id: str
    sender: str
    time: str
    text: str

    @property
    def identity(self) -> tuple[str, str, str]:
        """What tells lines without an id apart, together with their order."""
        return self.sender, " ".join(self.time.split()), self.text


def split_line(text: str, limit: int = LONGEST_LINE) -> list[str]:
    """The text as single lines of at most `limit` characters, cut between words where there are any."""
    rest = " ".join(text.split())
    pieces = []
    while len(rest) > limit:
        cut = rest.rfind(" ", 0, limit + 1)
        cut = cut if cut > 0 else limit
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest else pieces


def fresh_lines(known: list[Line], shown: list[Line]) -> list[Line]:
    """What a panel shown anew holds beyond what was read: by id where the page gives ids, else by position.

    A panel shows a stretch of the conversation that ends now, so the end of `known` is looked for in it.
    """
    ids = {line.id for line in known if line.id}
    if all(line.id for line in shown):
        return [line for line in shown if line.id not in ids]
    before = [line.identity for line in known]
    now = [line.identity for line in shown]
    for length in range(min(len(before), len(now)), 0, -1):
        if before[-length:] == now[:length]:
            return shown[length:]
    return shown


class ChatLog:
    """Everything read so far. What stands there at the first look is history. Pure."""

    def __init__(self, display_name: str, clock: Clock) -> None:
        self._names = {fold(display_name)}
        self._clock = clock
        self._lines: list[Line] = []
        self._sent: set[str] = set()
        self._looked = False

    def will_send(self, text: str) -> None:
        """The bot is about to write this line; only then can it be told as its own."""
        self._sent.add(squeeze(text))

    def known_as(self, name: str) -> None:
        """Another name the page has for the bot, that of its account."""
        self._names.add(fold(name))

    def hear(self, told: dict[str, Any]) -> list[ChatSaid]:
        """The lines that are new in what the page told."""
        shown = [Line(one["id"], one["sender"], one["time"], one["text"]) for one in told["lines"]]
        fresh = fresh_lines(self._lines, shown) if told["whole"] else self._unknown(shown)
        history = not self._looked
        self._looked = True
        first = len(self._lines)
        self._lines.extend(fresh)
        return [self._said(line, first + at, history) for at, line in enumerate(fresh)]

    def _unknown(self, shown: Iterable[Line]) -> list[Line]:
        ids = {line.id for line in self._lines if line.id}
        return [line for line in shown if not line.id or line.id not in ids]

    def _said(self, line: Line, position: int, history: bool) -> ChatSaid:
        at: datetime = self._clock.now()
        own = self._is_own(line)
        return ChatSaid(at, line.id or f"line-{position}", line.sender, line.text, own, history and not own)

    def _is_own(self, line: Line) -> bool:
        """Both the words and the sender must be the bot's: a person may be called "You" or like the bot."""
        if squeeze(line.text) not in self._sent:
            return False
        return not line.sender or fold(line.sender) in self._names or fold(line.sender) in you_words()


def you_words() -> frozenset[str]:
    """What the page calls oneself as a sender, in every language of the table."""
    return load_table().you


class ChatPanel:
    """Opens the panel and writes into it. Callers hold the hand's lock."""

    def __init__(self, hand: Hand, watcher: Watcher, chat: ChatLog) -> None:
        self._hand = hand
        self._watcher = watcher
        self._chat = chat
        self._echo = asyncio.Event()
        self._awaited = ""
        self._given_up = False

    def heard(self, said: Iterable[ChatSaid]) -> None:
        """Lines came in; the one that is waited for may be among them."""
        if any(one.is_self and squeeze(one.text) == self._awaited for one in said):
            self._echo.set()

    def give_up(self) -> None:
        """The call is over: nobody waits for a line to appear any longer."""
        self._given_up = True
        self._echo.set()

    async def open(self) -> str:
        """Open the panel so that its lines are heard; '' when they are, else what was found instead."""
        if await self._watcher.ask("hearChat"):
            return ""
        if not await self._hand.press("chat"):
            return "there is no chat button"
        if await self._watcher.until("hearChat", seconds=OPEN_SECONDS):
            return ""
        return "the chat panel did not open"

    async def writable(self) -> str:
        """'' when a message can be typed now, else why not."""
        if problem := await self.open():
            return problem
        if await self._hand.wait_for("composer", COMPOSER_SECONDS):
            return ""
        texts: dict[str, str] = (await self._watcher.ask("survey"))["texts"]
        return texts.get("chat_off", "the chat has no field to write in")

    async def write(self, text: str) -> bool:
        """Write one line and see it appear; when it is lost it is typed once more, key by key."""
        self._chat.will_send(text)
        self._awaited = squeeze(text)
        self._echo.clear()
        for write in (self._hand.put_line, self._hand.type_line):
            if self._given_up or not await self._hand.press("composer"):
                return False
            await self._hand.replace_text("")
            await write(text)
            if await self._echoed(ECHO_SECONDS) or await self._sent():
                return True
        return False

    async def _sent(self) -> bool:
        """Where Enter did not send, the text still stands in the field; an empty field means it is on its way."""
        field = await self._hand.find("composer")
        if field and field["value"].strip():
            return await self._hand.press("send") and await self._echoed(ECHO_SECONDS)
        return await self._echoed(TAKEN_SECONDS)

    async def _echoed(self, seconds: float) -> bool:
        """Whether the line is in the panel; a slow page is asked before its silence counts."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._echo.wait()
        if not self._echo.is_set():
            await self._watcher.ask("hearChat", True)
        return self._echo.is_set() and not self._given_up
