"""What the bot does by itself while it is in the call: it sees who is there, keeps listening, answers Meet's own dialogs."""

from agent.meet.capture import Capture
from agent.meet.chat import ChatLog, ChatPanel
from agent.meet.course import Patience, Step
from agent.meet.hand import Hand
from agent.meet.roster import Lookout, RosterPanel
from agent.meet.selectors import load_table
from agent.meet.snapshot import Snapshot
from agent.meet.telling import Telling
from agent.meet.watcher import Watcher
from agent.model.call import Admitted, PlatformNotice, RosterSeen
from agent.ports import Clock

CHAT_AGAIN_SECONDS = 10.0


class InCall:
    """One visit's own doing in the call. It waits for no other gesture, because a verdict may come meanwhile."""

    def __init__(
        self,
        hand: Hand,
        watcher: Watcher,
        clock: Clock,
        telling: Telling,
        chat: ChatLog,
        chat_panel: ChatPanel,
        capture: Capture,
        patience: Patience,
    ) -> None:
        self._hand = hand
        self._watcher = watcher
        self._clock = clock
        self._telling = telling
        self._chat = chat
        self._chat_panel = chat_panel
        self._capture = capture
        self._roster_panel = RosterPanel(hand, watcher)
        self._lookout = Lookout(patience.look_around_seconds)
        self._chat_tried_at = 0.0

    async def enter(self, step: Step, snapshot: Snapshot) -> None:
        """Tell it first, then open the chat, so that nothing written from now on passes for history."""
        self._telling.emit(Admitted(self._clock.now(), step.signs))
        await self._watcher.ask("setPace", True)
        if not snapshot.dialogs:
            async with self._hand.lock:
                await self._chat_panel.open()
            await self.look_around(snapshot)

    async def look_around(self, snapshot: Snapshot) -> None:
        """Read the list of people when it is time to, and see that chat and captions are still heard."""
        if snapshot.dialogs or self._hand.lock.locked():
            return
        if self._lookout.due(snapshot, self._clock.monotonic()):
            await self._see_people(snapshot)
        else:
            await self._keep_chat_open(snapshot)
        await self._capture.keep_up(heard=snapshot.hears_captions)

    async def _see_people(self, snapshot: Snapshot) -> None:
        """Read the list, and leave the chat open again."""
        async with self._hand.lock:
            people = await self._roster_panel.read(snapshot)
            self._lookout.looked(snapshot, people, self._clock.monotonic())
            self._telling.emit(RosterSeen(self._clock.now(), people))
            for tile in snapshot.tiles:
                if tile.is_self:
                    self._chat.known_as(tile.name)
            await self._chat_panel.open()
        if people is None:
            await self._telling.surprise("the list of people cannot be read")
        await self._telling.report_drift()

    async def _keep_chat_open(self, snapshot: Snapshot) -> None:
        """A dialog or the page itself may have closed the panel: what is written meanwhile would be heard too late."""
        now = self._clock.monotonic()
        if snapshot.hears_chat or now - self._chat_tried_at < CHAT_AGAIN_SECONDS:
            return
        self._chat_tried_at = now
        async with self._hand.lock:
            await self._chat_panel.open()

    async def agree(self, step: Step) -> bool:
        """Answer Meet's own question about recording or notes, as it wants for going on, and report it."""
        structure = load_table().structure
        dialog = structure["dialog"]
        accepted = await self._hand.press_selector(structure["dialog_ok"])
        for control in ("join", "agree", "got_it"):
            accepted = accepted or await self._hand.press(control, dialog)
        if accepted:
            self._telling.emit(PlatformNotice(self._clock.now(), step.words, accepted=True))
        return accepted

    async def leave_unanswered(self, step: Step) -> None:
        """Report a question of Meet's own that cannot be answered."""
        self._telling.emit(PlatformNotice(self._clock.now(), step.words, accepted=False))
        await self._telling.surprise("a dialog of the platform could not be answered")

    def tell_declined(self, step: Step) -> None:
        """Report that somebody refused what Meet had asked everybody."""
        self._telling.emit(PlatformNotice(self._clock.now(), step.words, accepted=False, declined=True))

    def tell_sent_back(self, step: Step) -> None:
        """Report that the bot is in the lobby again; who is in the call cannot be told from there."""
        now = self._clock.now()
        self._telling.emit(PlatformNotice(now, step.words, accepted=False))
        self._telling.emit(RosterSeen(now, None))
        self._lookout.lost()

    async def close_dialog(self) -> None:
        """Close a dialog that the table does not know; what it looked like is kept for whoever mends the table."""
        if self._hand.lock.locked():
            return  # the bot's own gesture, as the choice of a language, opens dialogs too
        async with self._hand.lock:
            await self._telling.surprise("an unknown dialog covers the call")
            if not await self._hand.press("close_dialog", load_table().structure["dialog"]):
                await self._hand.press_key("Escape")
