"""What one page is shown: values made from the meeting for one visitor."""

from typing import Any

from agent.sandbox.meet.meeting import Caption, ChatLine, Meeting, Person
from agent.sandbox.meet.options import JoinText, MeetingOptions
from agent.sandbox.meet.outbox import Message
from agent.sandbox.meet.visitor import State, Visitor

SCREENS = {
    State.PREJOIN: "prejoin",
    State.LOBBY: "lobby",
    State.CONSENT: "consent",
    State.IN_CALL: "call",
    State.VANISHED: "blank",
    State.REDIRECTED: "blank",
}
UNKNOWN_CODE_VIEW: Message = {"type": "view", "screen": "notice", "notice": {"text": "not_found"}}


def welcome(options: MeetingOptions, visitor: Visitor | None) -> Message:
    """The first message: the options the page is built from, and the visitor's id to come back with."""
    shown = options.model_dump(exclude={"history", "defaults", "chat", "captions", "access"})
    shown["join_text"] = options.join_text or default_join_text(options)
    if options.access == "host_not_here":
        shown["lobby_text"] = "host_join"
    return {"type": "welcome", "visitor": visitor.id if visitor else None, "options": shown}


def default_join_text(options: MeetingOptions) -> JoinText:
    """Who may walk in reads “Join now”, everybody else “Ask to join”."""
    return "now" if options.access == "open" else "ask"


def view_for(meeting: Meeting, visitor: Visitor) -> Message:
    """How things stand for this visitor."""
    shown: Message = {
        "type": "view",
        "screen": SCREENS.get(visitor.state, "notice"),
        "device": visitor.device,
        "dialogs": [{"id": dialog.id, "kind": dialog.kind} for dialog in visitor.dialogs],
    }
    if visitor.state is State.IN_CALL:
        shown |= call_view(meeting, visitor)
    elif shown["screen"] == "notice":
        shown["notice"] = notice(meeting, visitor)
    return shown


def notice(meeting: Meeting, visitor: Visitor) -> Message:
    """The text of a final screen and what stands beside it."""
    texts = {State.DENIED: visitor.denied_text, State.REMOVED: visitor.removed_text}
    text = texts.get(visitor.state, visitor.state.value)
    turned_away = visitor.state in (State.DENIED, State.NO_RESPONSE)
    return {"text": text, "stale_lobby_text": turned_away and meeting.options.stale_lobby_text}


def call_view(meeting: Meeting, visitor: Visitor) -> Message:
    """Who is there, which device the merged audio is, who presents, and what chat and captions allow."""
    presenting = [person.name for person in meeting.people.values() if person.screen]
    return {
        "room": meeting.room_device,
        "people": rows(meeting, visitor),
        "presenting": presenting[0] if presenting else None,
        "chat": meeting.chat_mode,
        "captions": {"mode": meeting.captions_mode, "on": visitor.captions_on},
    }


def rows(meeting: Meeting, visitor: Visitor) -> list[dict[str, Any]]:
    """One entry per participant: the visitor first, then people, presentations and other visitors."""
    entries: list[dict[str, Any]] = [
        {"id": visitor.device, "name": visitor.name, "kind": "human", "self": True}
    ]
    for person in meeting.people.values():
        entries.append(person_row(person))
        if person.screen:
            entries.append({"id": person.screen, "name": person.name, "kind": "presentation"})
    others = [other for other in meeting.visitors_in(State.IN_CALL) if other is not visitor]
    entries += [{"id": other.device, "name": other.name, "kind": "human"} for other in others]
    return entries


def person_row(person: Person) -> dict[str, Any]:
    """One person as the roster names it."""
    return {"id": person.device, "name": person.name, "kind": person.kind, "host": person.host}


def chat_event(meeting: Meeting, visitor: Visitor, lines: list[ChatLine] | None = None) -> Message:
    """These messages, or by default all the visitor may see: the history and what came since admission."""
    if lines is not None:
        return {"type": "chat", "lines": [chat_line(line, visitor) for line in lines]}
    history = [
        ChatLine(f"h{number}", meeting.created_at, line.name, line.text)
        for number, line in enumerate(meeting.options.history)
    ]
    return {
        "type": "chat",
        "lines": [chat_line(line, visitor) for line in history + meeting.chat[visitor.chat_from :]],
    }


def chat_line(line: ChatLine, visitor: Visitor) -> Message:
    """One message as the page gets it; `at` is in milliseconds since 1970."""
    return {
        "id": line.id,
        "at": int(line.at.timestamp() * 1000),
        "name": line.name,
        "text": line.text,
        "own": line.visitor == visitor.id,
    }


def caption_event(caption: Caption) -> Message:
    """One utterance as it stands now."""
    return {"type": "caption", "id": caption.id, "speaker": caption.speaker, "text": caption.text}
