"""A job as the bots API tells of it: its status, and what each line of the timeline means to those outside.

The timeline is the one source: events, logs and webhooks of this family are all read from its lines.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from agent.model.states import AT_THE_MEETING, FailureCode, State, Told


class BotStatus(StrEnum):
    """Where a bot stands, in this family's words."""

    READY_TO_DEPLOY = "READY_TO_DEPLOY"
    DEPLOYING = "DEPLOYING"
    JOINING_CALL = "JOINING_CALL"
    IN_WAITING_ROOM = "IN_WAITING_ROOM"
    IN_CALL = "IN_CALL"
    CALL_ENDED = "CALL_ENDED"
    DONE = "DONE"
    FATAL = "FATAL"


class Happening(StrEnum):
    """What happens to a bot without a new status: people coming and going, and everything else as a log."""

    PARTICIPANT_JOIN = "PARTICIPANT_JOIN"
    PARTICIPANT_LEAVE = "PARTICIPANT_LEAVE"
    LOG = "LOG"


EventCode = BotStatus | Happening  # the kind of a bot's event
STATUS = {
    State.SCHEDULED: BotStatus.READY_TO_DEPLOY,
    State.QUEUED: BotStatus.READY_TO_DEPLOY,
    State.JOINING: BotStatus.DEPLOYING,
    State.WAITING: BotStatus.IN_WAITING_ROOM,
    State.IN_CALL: BotStatus.IN_CALL,
    State.RECORDING: BotStatus.IN_CALL,
    State.FINALIZING: BotStatus.CALL_ENDED,
    State.COMPLETED: BotStatus.DONE,
    State.FAILED: BotStatus.FATAL,
    State.CANCELLED: BotStatus.DONE,
}
ERROR_CODES = {
    FailureCode.LOBBY_TIMEOUT: "WAITING_ROOM_TIMEOUT",
    FailureCode.REMOVED_FROM_MEETING: "REMOVED_FROM_MEETING",
    FailureCode.NETWORK_LOSS: "NETWORK_LOSS",
    FailureCode.INTERNAL_ERROR: "INTERNAL_ERROR",
}
IN_A_CALL = frozenset({State.IN_CALL, State.RECORDING})
HOOK_EVENTS = (
    "bot.deploying",
    "bot.joining",
    "bot.in_waiting_room",
    "bot.joined",
    "bot.left",
    "bot.error",
    "recording.started",
    "recording.stopped",
    "recording.ready",
    "participant.joined",
    "participant.left",
)
SERIOUS = frozenset(
    {
        Told.TROUBLE,
        Told.MAIL_FAILED,
        Told.CHAT_UNAVAILABLE,
        Told.TRANSCRIPT_ABSENT,
        Told.SUMMARY_FELL_BACK,
    }
)
WORDS = {
    Told.INVITATION_SEEN: "An invitation was seen",
    Told.JOB_CREATED: "The bot was created",
    Told.JOB_MOVED: "The plan was changed",
    Told.WAITING_FOR_PLACE: "The bot waits for a free place on this machine",
    Told.BROWSER_OPEN: "The meeting's page is open",
    Told.KNOCKED: "The bot asked to join",
    Told.IN_LOBBY: "The bot waits to be let in",
    Told.NUDGED: "The inviter was asked by mail to let the bot in",
    Told.ADMITTED: "The bot was let in",
    Told.ANNOUNCED: "The bot wrote in the chat",
    Told.CONSENT_ASKED: "Consent was asked for",
    Told.CONSENT_ANSWERED: "Consent was answered",
    Told.CAPTURE_STARTED: "Capture began",
    Told.CAPTURE_STOPPED: "Capture ended",
    Told.QUESTION_MAILED: "Consent was asked for by mail",
    Told.RIVAL_SEEN: "Another note-taker was seen",
    Told.RIVAL_EVIDENCE: "A sign of another note-taker was seen",
    Told.PARTICIPANT_JOINED: "Somebody came",
    Told.PARTICIPANT_LEFT: "Somebody left",
    Told.LEFT: "The bot left",
    Told.REJOINED: "The bot joins again",
    Told.TRANSCRIPT_READY: "The transcript is ready",
    Told.TRANSCRIPT_ABSENT: "There is no transcript",
    Told.RECORDING_READY: "The recording is ready",
    Told.SUMMARY_READY: "The summary is ready",
    Told.SUMMARY_FELL_BACK: "The language model did not serve",
    Told.MAIL_ACCEPTED: "A mail was accepted",
    Told.MAIL_FAILED: "A mail could not be sent",
    Told.HOOK_ATTEMPTED: "A webhook was called",
    Told.EVIDENCE_KEPT: "Evidence was kept",
    Told.TROUBLE: "Something went wrong",
}


@dataclass(frozen=True, slots=True)
class BotEvent:
    """One event of a bot."""

    code: EventCode
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a bot's log. `level`: info, warning or error."""

    level: str
    message: str


def status(state: State, *, page_open: bool) -> BotStatus:
    """Return a bot's status; while it joins, an open page tells joining from deploying."""
    if state is State.JOINING and page_open:
        return BotStatus.JOINING_CALL
    return STATUS[state]


def states_of(wanted: BotStatus) -> list[tuple[State, bool | None]]:
    """Return the states that a status stands for, each with whether the page has to be open, None for either."""
    if wanted in {BotStatus.DEPLOYING, BotStatus.JOINING_CALL}:
        return [(State.JOINING, wanted is BotStatus.JOINING_CALL)]
    return [(state, None) for state, name in STATUS.items() if name is wanted]


def of_line(kind: str, data: Mapping[str, Any]) -> BotEvent:
    """Return what a line of the timeline is to those who listen to this family."""
    facts = dict(data)
    if kind == Told.STATE_CHANGED:
        target = State(str(data["to"]))
        return BotEvent(_code_of_move(State(str(data["from"])), target), _move(target, data))
    if kind == Told.BROWSER_OPEN:
        return BotEvent(BotStatus.JOINING_CALL, facts)
    if kind == Told.PARTICIPANT_JOINED:
        return BotEvent(Happening.PARTICIPANT_JOIN, {"participantName": facts.get("name", "")})
    if kind == Told.PARTICIPANT_LEFT:
        return BotEvent(Happening.PARTICIPANT_LEAVE, {"participantName": facts.get("name", "")})
    return BotEvent(Happening.LOG, {"message": log_line(kind, data).message, "kind": kind, **facts})


def _code_of_move(before: State, target: State) -> EventCode:
    if {before, target} == {State.IN_CALL, State.RECORDING}:
        return Happening.LOG
    return STATUS[target]


def _move(target: State, data: Mapping[str, Any]) -> dict[str, Any]:
    reason = data.get("failure_code") or data.get("end_reason")
    found: dict[str, Any] = {"sub_code": reason} if reason else {}
    if data.get("detail"):
        found["description"] = data["detail"]
    if target is State.RECORDING:
        found["message"] = "Capture began"
    return found


def log_line(kind: str, data: Mapping[str, Any]) -> LogLine:
    """Return a line of the timeline as a log says it."""
    words = WORDS.get(Told(kind), kind.replace("_", " ")) if kind in set(Told) else kind.replace("_", " ")
    level = "warning" if kind in SERIOUS else "info"
    if kind == Told.STATE_CHANGED:
        words = f"{data['from']} → {data['to']}"
        level = "error" if data["to"] == State.FAILED else "info"
    for name in ("reason", "detail", "name", "who", "failure_code", "end_reason"):
        if data.get(name):
            words = f"{words}: {data[name]}"
            break
    return LogLine(level, words)


def hooks_of_line(
    kind: str, data: Mapping[str, Any], facts: Mapping[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    """Return the webhook events that a line of the timeline causes; `facts` are what bot.joined tells of the meeting."""
    if kind == Told.STATE_CHANGED:
        return _hooks_of_move(State(str(data["from"])), State(str(data["to"])), data, facts)
    if kind == Told.BROWSER_OPEN:
        return [("bot.joining", {})]
    if kind in {Told.PARTICIPANT_JOINED, Told.PARTICIPANT_LEFT}:
        event = "participant.joined" if kind == Told.PARTICIPANT_JOINED else "participant.left"
        return [(event, {"participantName": data.get("name", "")})]
    if kind == Told.RECORDING_READY:
        wanted = ("durationSeconds", "fileSizeBytes")
        return [("recording.ready", {name: data[name] for name in wanted if name in data})]
    return []


def _hooks_of_move(
    before: State, target: State, data: Mapping[str, Any], facts: Mapping[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    if before is State.RECORDING:
        found.append(("recording.stopped", {}))
    if target is State.JOINING:
        found.append(("bot.deploying", {}))
    elif target is State.WAITING:
        found.append(("bot.in_waiting_room", {}))
    elif target is State.IN_CALL and before is not State.RECORDING:
        found.append(("bot.joined", dict(facts)))
    elif target is State.RECORDING:
        found.append(("recording.started", {}))
    elif target is State.FAILED:
        if before in IN_A_CALL:
            found.append(("bot.left", {"reason": data.get("failure_code") or "error"}))
        found.append(("bot.error", _error(data)))
    elif target in {State.FINALIZING, State.CANCELLED} and before in AT_THE_MEETING:
        found.append(("bot.left", {"reason": data.get("end_reason") or "requested"}))
    return found


def _error(data: Mapping[str, Any]) -> dict[str, Any]:
    code = str(data.get("failure_code") or FailureCode.INTERNAL_ERROR)
    spelled = ERROR_CODES.get(FailureCode(code), "JOIN_FAILED")
    return {"error": data.get("detail") or code, "code": spelled, "failure_code": code}
