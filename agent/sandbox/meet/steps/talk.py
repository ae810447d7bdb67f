"""Steps in which people write and speak, and the host allows it."""

from typing import Literal

from pydantic import Field

from agent.sandbox.meet import visits
from agent.sandbox.meet.meeting import Caption, Meeting
from agent.sandbox.meet.options import CaptionsMode, ChatMode
from agent.sandbox.meet.steps.base import ImpossibleStepError, Outcome, Step
from agent.sandbox.meet.view import caption_event
from agent.sandbox.meet.visitor import State


class Say(Step):
    """Somebody writes into the chat."""

    do: Literal["say"]
    name: str
    text: str

    def carry_out(self, meeting: Meeting) -> Outcome:
        return {"id": visits.add_chat_line(meeting, self.name, self.text).id}


class SpeakCaption(Step):
    """Somebody speaks. The same id again with more text grows it; `replace` corrects it, however late."""

    do: Literal["caption"]
    speaker: str
    text: str
    id: str | None = None
    final: bool = False
    replace: bool = False

    def carry_out(self, meeting: Meeting) -> Outcome:
        known = meeting.captions.get(self.id or "")
        caption = self.changed(known, meeting) if known else self.started(meeting)
        caption.final = self.final
        for visitor in meeting.visitors_in(State.IN_CALL):
            if visitor.captions_on:
                visitor.tell(caption_event(caption))
        return {"id": caption.id}

    def changed(self, known: Caption, meeting: Meeting) -> Caption:
        """The utterance with its new text."""
        if known.speaker != self.speaker:
            raise ImpossibleStepError(f"caption {known.id} is {known.speaker}'s")
        if not self.replace and not self.text.startswith(known.text):
            raise ImpossibleStepError(f"caption {known.id} would not grow: say replace to correct it")
        known.text, known.at, known.updates = self.text, meeting.clock(), known.updates + 1
        return known

    def started(self, meeting: Meeting) -> Caption:
        """A new utterance."""
        caption_id = self.id or f"c{meeting.next_number()}"
        caption = Caption(caption_id, self.speaker, self.text, meeting.clock())
        meeting.captions[caption_id] = caption
        return caption


class TrimCaptions(Step):
    """Take all but the newest blocks off the screens, and the first words of the newest."""

    do: Literal["captions_trim"]
    keep: int = Field(default=1, ge=0)
    words: int = Field(default=0, ge=0)

    def carry_out(self, meeting: Meeting) -> Outcome:
        meeting.tell_call({"type": "captions_trim", "keep": self.keep, "words": self.words})
        return {}


class SetChat(Step):
    """The host turns the chat on or off."""

    do: Literal["chat"]
    mode: ChatMode

    def carry_out(self, meeting: Meeting) -> Outcome:
        meeting.chat_mode = self.mode
        meeting.refresh_call()
        return {}


class SetCaptions(Step):
    """The host allows captions or forbids them; forbidden ones go off everywhere."""

    do: Literal["captions"]
    mode: CaptionsMode

    def carry_out(self, meeting: Meeting) -> Outcome:
        meeting.captions_mode = self.mode
        if self.mode == "disabled":
            for visitor in meeting.visitors_in(State.IN_CALL):
                visits.switch_captions(meeting, visitor, on=False)
        meeting.refresh_call()
        return {}
