"""From the link to the join button: dialogs out of the way, name typed, microphone and camera off."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from playwright.async_api import Error, Page

from agent.errors import Temporary
from agent.meet.course import REDIRECTED_SECONDS
from agent.meet.hand import Hand
from agent.meet.selectors import load_table
from agent.meet.snapshot import Snapshot, read_snapshot
from agent.meet.verdict import Phase, Refusal, Standing, Verdict, judge, obstacle, refusal_for
from agent.meet.watcher import Watcher
from agent.model.states import FailureCode
from agent.ports import Clock

LONGEST_NAME = 60
DEVICE_TRIES = 5
OBSTACLE_TRIES = 5
LOAD_SECONDS = 30.0
LOOK_AGAIN_SECONDS = 0.15
DEVICES = ("microphone_off", "camera_off")
PINNED_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class DoorOpen:
    """The join button is ready."""

    signed_in: bool


@dataclass(frozen=True, slots=True)
class DoorShut:
    """The page does not let the bot get as far as the button."""

    refusal: Refusal
    detail: str


def pinned(url: str) -> str:
    """The link with the page's language fixed, so that a signed-in account's own does not decide."""
    parts = urlsplit(url)
    query = [(key, value) for key, value in parse_qsl(parts.query) if key != "hl"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("hl", PINNED_LANGUAGE)])))


class Door:
    """One visit's way to the join button. Times out after `door_seconds`."""

    def __init__(
        self,
        page: Page,
        watcher: Watcher,
        hand: Hand,
        clock: Clock,
        *,
        meeting_url: str,
        name: str,
        door_seconds: float,
        gone: Callable[[], str],
    ) -> None:
        self._page = page
        self._watcher = watcher
        self._hand = hand
        self._clock = clock
        self._meeting_url = meeting_url
        self._name = name[:LONGEST_NAME]
        self._door_seconds = door_seconds
        self._gone = gone
        self._typed = False
        self._redirected_at = clock.monotonic()
        self._presses: dict[str, int] = {}

    async def come_to_the_button(self) -> DoorOpen | DoorShut:
        """Load the page and prepare everything but the knock."""
        try:
            await self._page.goto(pinned(self._meeting_url), wait_until="commit", timeout=LOAD_SECONDS * 1000)
        except Error as error:
            return DoorShut(
                Refusal(FailureCode.NETWORK_LOSS, retry=True), f"the page did not load: {error.message}"
            )
        return await self._prepare()

    async def _prepare(self) -> DoorOpen | DoorShut:
        deadline = self._clock.monotonic() + self._door_seconds
        verdict = Verdict(Standing.UNKNOWN)
        while self._clock.monotonic() < deadline:
            if what := self._gone():
                return DoorShut(Refusal(FailureCode.NETWORK_LOSS, retry=True), what)
            try:
                snapshot = read_snapshot(await self._watcher.ask("survey"))
            except Temporary:
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
                continue
            verdict = judge(snapshot, self._meeting_url, load_table().admission)
            if self._still_arriving(verdict):
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
                continue
            if refusal := refusal_for(verdict.standing, Phase.DOOR):
                return DoorShut(refusal, verdict.words)
            step = self._next_step(snapshot)
            if step is None and snapshot.ready("join"):
                self._hand.strategies["join"] = snapshot.controls["join"].by
                return DoorOpen(signed_in=not self._typed)
            await (step() if step else asyncio.sleep(LOOK_AGAIN_SECONDS))
        return self._gave_up(verdict)

    def _still_arriving(self, verdict: Verdict) -> bool:
        """Whether the bot was sent elsewhere just now, so that the page there may have to say why."""
        now = self._clock.monotonic()
        if verdict.standing is not Standing.REDIRECTED:
            self._redirected_at = now
        return now - self._redirected_at < REDIRECTED_SECONDS and verdict.standing is Standing.REDIRECTED

    def _next_step(self, snapshot: Snapshot) -> Callable[[], Awaitable[object]] | None:
        """What is still to be done before the knock, one thing at a time; None when nothing is."""
        blocking = obstacle(snapshot)
        if blocking and self._may_press(blocking, OBSTACLE_TRIES):
            return lambda: self._hand.press(blocking)
        if not self._typed and snapshot.ready("name_field"):
            return self._type_name
        for device in DEVICES:
            if snapshot.ready(device) and self._may_press(device, DEVICE_TRIES):
                return lambda device=device: self._hand.press(device)  # type: ignore[misc]
        return None

    def _may_press(self, control: str, tries: int) -> bool:
        self._presses[control] = self._presses.get(control, 0) + 1
        return self._presses[control] <= tries

    async def _type_name(self) -> None:
        """Type the name as a person does and read it back."""
        await self._hand.press("name_field")
        await self._hand.replace_text(self._name)
        field = await self._hand.find("name_field")
        self._typed = field is not None and field["value"] == self._name

    def _gave_up(self, verdict: Verdict) -> DoorShut:
        if verdict.standing in (Standing.WAITING_FOR_HOST, Standing.LOBBY):
            return DoorShut(Refusal(FailureCode.WAITING_FOR_HOST, retry=True), verdict.words)
        if verdict.standing is Standing.OFFLINE:
            return DoorShut(Refusal(FailureCode.NETWORK_LOSS, retry=True), verdict.words)
        detail = f"no join button could be pressed within {self._door_seconds:g} s"
        return DoorShut(Refusal(FailureCode.INTERNAL_ERROR, retry=True), detail)
