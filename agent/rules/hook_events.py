"""Which events a webhook may ask for. The two families have events and envelopes of their own."""

from collections.abc import Sequence

from agent.errors import Invalid
from agent.rules import bot_events

FAMILIES = {
    "bots": bot_events.HOOK_EVENTS,
    "jobs": (
        "job.status_changed",
        "job.finalized",
        "job.failed",
        "bot.recording_permission_response",
        "bot.competing_bot_detected",
    ),
}


def family_of(events: Sequence[str]) -> str:
    """Return the family that has all of these events; without events that of the bots."""
    return "jobs" if events and set(events) <= set(FAMILIES["jobs"]) else "bots"


def check(family: str, events: Sequence[str]) -> None:
    """Raise `Invalid`, naming what there is, for an event that the family has not."""
    unknown = [event for event in events if event not in FAMILIES[family]]
    if unknown:
        raise Invalid(f"The {family} family has no event {unknown[0]}; it has {', '.join(FAMILIES[family])}.")
