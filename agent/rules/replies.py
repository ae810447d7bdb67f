"""What an invitation is answered: accepted or declined with a reason, as a whole and for single occurrences. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from agent.model.invite import Component, Slot
from agent.rules.reconcile import UNINVITED, Cancel, Create, Decision, Ignore, Keep, Move, Refuse, Retitle

Partstat = Literal["ACCEPTED", "DECLINED"]
MAX_ANSWERS = 10  # of one message; whoever changes more occurrences at once hears of the first ones
_SWITCHED_OFF = "somebody switched the bot off for this meeting"
# What ends a job without being an answer: the organizer knows of it.
_ENDED_BY_ORGANIZER = frozenset({"cancelled", "no_longer_in_series", UNINVITED})


@dataclass(frozen=True, slots=True)
class Answer:
    """One REPLY. `slot` is '' for the whole, else the occurrence that is answered by itself."""

    slot: str
    partstat: Partstat
    reason: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    title: str = ""

    @property
    def recurrence_id(self) -> datetime | None:
        """The instant that RECURRENCE-ID names, None for the whole."""
        return datetime.fromisoformat(self.slot) if self.slot.endswith("Z") else None


def answers(component: Component, decisions: Sequence[Decision]) -> tuple[Answer, ...]:
    """Return the answers to one message: of each occurrence it names alone, or of the whole and what differs from it."""
    words = {name: word for decision in decisions for name, word in _words(decision).items()}
    slots = {slot.slot: slot for slot in component.slots}
    if component.only_instances:
        return tuple(_answer(slots[name], words[name]) for name in slots if name in words)[:MAX_ANSWERS]
    if not words:
        return ()
    whole = next((word for word in words.values() if word[0] == "ACCEPTED"), next(iter(words.values())))
    first = component.slots[0] if component.slots else None
    told = Answer("", *whole, title=component.title)
    if first is not None:
        told = Answer("", *whole, first.starts_at, first.ends_at, component.title)
    apart = [
        _answer(slots[name], words[name])
        for name in component.recurrence_ids
        if name in words and name in slots and words[name][0] != whole[0]
    ]
    return (told, *apart)[:MAX_ANSWERS]


def verdict(decisions: Sequence[Decision]) -> tuple[str, str]:
    """Sum decisions up: accepted when a bot goes somewhere, declined with the reason, cancelled, or ignored."""
    for decision in decisions:
        if any(word[0] == "ACCEPTED" for word in _words(decision).values()):
            return "accepted", str(getattr(decision, "rule", ""))
    for decision in decisions:
        for _, reason in _words(decision).values():
            return "declined", reason
    for decision in decisions:
        if isinstance(decision, Cancel):
            return "cancelled", decision.reason
    reasons = [decision.reason for decision in decisions if isinstance(decision, Ignore)]
    return "ignored", reasons[0] if reasons else "nothing to do"


def _words(decision: Decision) -> dict[str, tuple[Partstat, str]]:
    """Return what a decision answers, by occurrence."""
    match decision:
        case Create(slot=slot) | Retitle(slot=slot):
            return {slot: ("ACCEPTED", "")}
        case Move(slot=slot, to_slot=to_slot):
            return {slot: ("ACCEPTED", ""), to_slot: ("ACCEPTED", "")}
        case Refuse(slots=refused, reason=reason):
            return dict.fromkeys(refused, ("DECLINED", reason))
        case Cancel(slot=slot, rule="same_meeting") | Keep(slot=slot, rule="same_meeting"):
            return {slot: ("ACCEPTED", "")}
        case Cancel(slot=slot, rule=rule, reason=reason) if rule not in _ENDED_BY_ORGANIZER:
            return {slot: ("DECLINED", reason)}
        case Keep(slot=slot, rule="switched_off"):
            return {slot: ("DECLINED", _SWITCHED_OFF)}
        case Keep(slot=slot, rule=rule) if rule != "already_held":
            return {slot: ("ACCEPTED", "")}
        case _:
            return {}


def _answer(slot: Slot, word: tuple[Partstat, str]) -> Answer:
    return Answer(slot.slot, *word, slot.starts_at, slot.ends_at, slot.title)
