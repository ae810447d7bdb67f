"""Everything a meeting has seen, as JSON, and the conditions a teller can wait for."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from agent.sandbox.clock import stamp
from agent.sandbox.meet.meeting import Caption, ChatLine, LogLine, Meeting, Person
from agent.sandbox.meet.visitor import State, Visitor

Json = dict[str, Any]


def when(moment: datetime | None) -> str | None:
    """An instant, or null for what has not happened."""
    return stamp(moment) if moment else None


def seen_meeting(meeting: Meeting) -> Json:
    """The whole meeting."""
    return {
        "code": meeting.code,
        "at": stamp(meeting.created_at),
        "options": meeting.options.model_dump(),
        "ended": meeting.ended,
        "network_on": meeting.network_on,
        "chat_mode": meeting.chat_mode,
        "captions_mode": meeting.captions_mode,
        "visitors": [seen_visitor(visitor) for visitor in meeting.visitors.values()],
        "people": [seen_person(person) for person in meeting.people.values()],
        "chat": [seen_chat(line) for line in meeting.chat],
        "captions": [seen_caption(caption) for caption in meeting.captions.values()],
        "log": [seen_log(line) for line in meeting.log],
    }


def seen_visitor(visitor: Visitor) -> Json:
    """One bot's page."""
    return {
        "id": visitor.id,
        "device": visitor.device,
        "name": visitor.name,
        "state": visitor.state.value,
        "connected": visitor.outbox is not None,
        "user_agent": visitor.user_agent,
        "asked_language": visitor.asked_language,
        "loaded_at": stamp(visitor.loaded_at),
        "knocked_at": when(visitor.knocked_at),
        "admitted_at": when(visitor.admitted_at),
        "left_at": when(visitor.left_at),
        "how_left": visitor.how_left,
        "microphone_on": visitor.microphone_on,
        "camera_on": visitor.camera_on,
        "captions_on": visitor.captions_on,
        "captions_switched": [{"at": stamp(turn.at), "on": turn.on} for turn in visitor.captions_switched],
        "caption_language": visitor.caption_language,
        "dialogs": [dialog.kind for dialog in visitor.dialogs],
    }


def seen_person(person: Person) -> Json:
    """One of the teller's people who is there now."""
    return {
        "id": person.id,
        "device": person.device,
        "name": person.name,
        "kind": person.kind,
        "host": person.host,
        "presenting": person.screen is not None,
    }


def seen_chat(line: ChatLine) -> Json:
    """One message; `visitor` is null when a person wrote it."""
    return {
        "id": line.id,
        "at": stamp(line.at),
        "name": line.name,
        "text": line.text,
        "visitor": line.visitor,
    }


def seen_caption(caption: Caption) -> Json:
    """One utterance in its last wording."""
    return {
        "id": caption.id,
        "at": stamp(caption.at),
        "speaker": caption.speaker,
        "text": caption.text,
        "final": caption.final,
        "updates": caption.updates,
    }


def seen_log(line: LogLine) -> Json:
    """One line of the page log."""
    return {"at": stamp(line.at), "what": line.what, "visitor": line.visitor, "detail": line.detail}


SIGNS: dict[str, Callable[[Visitor], bool]] = {
    "loaded": lambda visitor: True,
    "knocked": lambda visitor: visitor.knocked_at is not None,
    "admitted": lambda visitor: visitor.admitted_at is not None,
    "in_call": lambda visitor: visitor.state is State.IN_CALL,
    "captions_on": lambda visitor: visitor.captions_on,
    "left": lambda visitor: visitor.how_left is not None,
}


def condition(what: str, visitor_id: str | None, count: int) -> Callable[[Meeting], bool]:
    """The question “is it so?”, about one visitor or about at least `count` of them.

    `what` is a sign, `state:<state>`, `log:<what>`, or `chat:<part of a bot's message>`. Raises ValueError.
    """
    kind, _, argument = what.partition(":")
    if kind in ("chat", "log") and argument:
        return lambda meeting: len(matching_lines(meeting, kind, argument, visitor_id)) >= count
    if kind == "state" and argument in set(State):
        return lambda meeting: sum(v.state.value == argument for v in chosen(meeting, visitor_id)) >= count
    if what not in SIGNS:
        raise ValueError(f"nothing to wait for is called {what!r}")
    sign = SIGNS[what]
    return lambda meeting: sum(map(sign, chosen(meeting, visitor_id))) >= count


def chosen(meeting: Meeting, visitor_id: str | None) -> list[Visitor]:
    """All visitors, or the one with this id."""
    return [visitor for visitor in meeting.visitors.values() if visitor_id in (None, visitor.id)]


def matching_lines(
    meeting: Meeting, kind: str, argument: str, visitor_id: str | None
) -> list[ChatLine | LogLine]:
    """The bots' chat messages that contain the text, or the log lines of that name."""
    if kind == "log":
        return [line for line in meeting.log if line.what == argument and visitor_id in (None, line.visitor)]
    return [
        line
        for line in meeting.chat
        if line.visitor and argument in line.text and visitor_id in (None, line.visitor)
    ]
