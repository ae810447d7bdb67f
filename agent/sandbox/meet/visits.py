"""What a page's visitor goes through: arriving, knocking, being let in, leaving."""

from agent.sandbox.meet.meeting import ChatLine, Meeting
from agent.sandbox.meet.outbox import Message
from agent.sandbox.meet.view import chat_event
from agent.sandbox.meet.visitor import CaptionsSwitched, Dialog, State, Visitor

PRESENT = (State.LOBBY, State.CONSENT, State.IN_CALL)
OPEN = (State.PREJOIN, *PRESENT)
REFUSED_ON_LOAD = {
    "blocked": State.BLOCKED,
    "not_found": State.NOT_FOUND,
    "expired": State.EXPIRED,
    "full": State.FULL,
}
HOW_LEFT = {State.REMOVED: "removed", State.ENDED: "ended"}


def arrive(meeting: Meeting, user_agent: str, asked_language: str) -> Visitor:
    """Take in a freshly loaded page."""
    options = meeting.options
    visitor = Visitor(
        id=f"v{len(meeting.visitors) + 1}",
        device=meeting.next_device(),
        loaded_at=meeting.clock(),
        state=State.ENDED if meeting.ended else REFUSED_ON_LOAD.get(options.access, State.PREJOIN),
        user_agent=user_agent,
        asked_language=asked_language,
        messages_to_drop=options.chat_drops,
    )
    meeting.visitors[visitor.id] = visitor
    meeting.note("loaded", visitor)
    return visitor


def come_back(meeting: Meeting, visitor: Visitor) -> None:
    """A page whose connection broke is there again, with everything it missed."""
    if visitor.state_before_closing:
        visitor.state = visitor.state_before_closing
        visitor.state_before_closing = visitor.left_at = visitor.how_left = None
    meeting.note("reconnected", visitor)
    if visitor.state is State.IN_CALL:
        visitor.tell(chat_event(meeting, visitor))
        meeting.refresh_call()


def close(meeting: Meeting, visitor: Visitor) -> None:
    """The page's connection is gone; unless the network is off, so is the page."""
    visitor.outbox = None
    if not meeting.network_on or visitor.state not in OPEN:
        return
    visitor.state_before_closing = visitor.state
    visitor.state, visitor.how_left, visitor.left_at = State.LEFT, "closed", meeting.clock()
    meeting.note("closed", visitor)
    meeting.refresh_call()


def knock(meeting: Meeting, visitor: Visitor, name: str) -> None:
    """The visitor asked to come in under this name."""
    if visitor.state is not State.PREJOIN:
        return
    options = meeting.options
    visitor.name = options.account_name if options.name_field == "absent" else name
    visitor.knocked_at = meeting.clock()
    if options.access == "open":
        meeting.note("knocked", visitor)
        admit(meeting, visitor)
        return
    visitor.state = State.BLOCKED if options.access == "blocked_after_knock" else State.LOBBY
    visitor.refresh()
    meeting.note("knocked", visitor)


def admit(meeting: Meeting, visitor: Visitor) -> None:
    """Let the visitor in; Meet's own consent question may come first."""
    visitor.admitted_at = meeting.clock()
    visitor.chat_from = len(meeting.chat)
    meeting.note("admitted", visitor)
    if meeting.options.consent_dialog == "none":
        enter(meeting, visitor)
        return
    visitor.state = State.CONSENT
    show_dialog(meeting, visitor, meeting.options.consent_dialog)


def enter(meeting: Meeting, visitor: Visitor) -> None:
    """The call is on the visitor's screen."""
    visitor.state = State.IN_CALL
    if meeting.options.got_it == "in_call":
        show_dialog(meeting, visitor, "got_it")
    visitor.tell(chat_event(meeting, visitor))
    meeting.refresh_call()
    meeting.note("in_call", visitor)


def send_back(meeting: Meeting, visitor: Visitor) -> None:
    """Out of the call, to where one waits to be let in; captions are off when it comes back."""
    switch_captions(meeting, visitor, on=False)
    visitor.state = State.LOBBY
    visitor.dialogs.clear()
    visitor.refresh()
    meeting.note("sent_back", visitor)
    meeting.refresh_call()


def finish(meeting: Meeting, visitor: Visitor, state: State) -> None:
    """Bring the visitor to a final state; the page shows the text that belongs to it."""
    was_present = visitor.state in PRESENT
    visitor.state = state
    visitor.dialogs.clear()
    if was_present:
        visitor.left_at = meeting.clock()
        visitor.how_left = HOW_LEFT.get(state)
    visitor.refresh()
    meeting.note(state.value, visitor)
    meeting.refresh_call()


def leave(meeting: Meeting, visitor: Visitor) -> None:
    """The visitor clicked Leave call, in the call or in the lobby."""
    if visitor.state not in PRESENT:
        return
    finish(meeting, visitor, State.LEFT)
    visitor.how_left = "clicked"


def write(meeting: Meeting, visitor: Visitor, text: str) -> None:
    """The visitor sent a chat message; it may be refused or lost, as the options say."""
    if visitor.state is not State.IN_CALL or meeting.chat_mode in ("off", "no_button") or not text:
        return
    if len(text) > meeting.options.chat_limit:
        meeting.note("chat_too_long", visitor, str(len(text)))
        return
    if visitor.messages_to_drop:
        visitor.messages_to_drop -= 1
        meeting.note("chat_dropped", visitor, text)
        return
    add_chat_line(meeting, visitor.name, text, visitor)


def add_chat_line(meeting: Meeting, name: str, text: str, visitor: Visitor | None = None) -> ChatLine:
    """Append one message and show it to everyone in the call."""
    line = ChatLine(f"m{meeting.next_number()}", meeting.clock(), name, text, visitor.id if visitor else None)
    meeting.chat.append(line)
    for reader in meeting.visitors_in(State.IN_CALL):
        reader.tell(chat_event(meeting, reader, [line]))
    meeting.note("chat", visitor, text)
    return line


def switch_captions(meeting: Meeting, visitor: Visitor, on: bool) -> None:
    """Turn the visitor's captions on or off, unless the host forbids them."""
    if on == visitor.captions_on or (on and meeting.captions_mode == "disabled"):
        return
    visitor.captions_on = on
    visitor.captions_switched.append(CaptionsSwitched(meeting.clock(), on))
    visitor.refresh()
    meeting.note("captions_on" if on else "captions_off", visitor)


def show_dialog(meeting: Meeting, visitor: Visitor, kind: str) -> None:
    """Put one of Meet's own dialogs or pills before the visitor."""
    visitor.dialogs.append(Dialog(f"d{meeting.next_number()}", kind))
    visitor.refresh()


def answer_dialog(meeting: Meeting, visitor: Visitor, dialog_id: str) -> None:
    """The visitor pressed a dialog's ok."""
    for dialog in [dialog for dialog in visitor.dialogs if dialog.id == dialog_id]:
        visitor.dialogs.remove(dialog)
        meeting.note("dialog_ok", visitor, dialog.kind)
    visitor.refresh()
    if visitor.state is State.CONSENT:
        enter(meeting, visitor)


def decline_dialog(meeting: Meeting, visitor: Visitor, dialog_id: str) -> None:
    """The visitor refused what a dialog asked; before the call that keeps it out."""
    visitor.dialogs = [dialog for dialog in visitor.dialogs if dialog.id != dialog_id]
    meeting.note("dialog_decline", visitor)
    visitor.refresh()
    if visitor.state is State.CONSENT:
        leave(meeting, visitor)


def act(meeting: Meeting, visitor: Visitor, action: Message) -> None:
    """Do what a page reported; whatever else it says is only written down."""
    match action:
        case {"do": "knock", "name": str(name)}:
            knock(meeting, visitor, name)
        case {"do": "leave"}:
            leave(meeting, visitor)
        case {"do": "chat", "text": str(text)}:
            write(meeting, visitor, text)
        case {"do": "captions", "on": bool(on)}:
            switch_captions(meeting, visitor, on)
        case {"do": "caption_language", "language": str(language)}:
            visitor.caption_language = language
            meeting.note("caption_language", visitor, language)
        case {"do": "device", "device": "microphone" | "camera" as device, "on": bool(on)}:
            setattr(visitor, f"{device}_on", on)
            meeting.note(f"{device}_{'on' if on else 'off'}", visitor)
        case {"do": "dialog_ok", "id": str(dialog_id)}:
            answer_dialog(meeting, visitor, dialog_id)
        case {"do": "dialog_decline", "id": str(dialog_id)}:
            decline_dialog(meeting, visitor, dialog_id)
        case {"do": "log", "what": str(what)}:
            meeting.note(what, visitor, str(action.get("detail", "")))
