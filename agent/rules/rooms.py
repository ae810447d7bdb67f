"""One room, several meetings: a link that is used again and again has one bot at a time."""

from datetime import datetime

NEXT_MEETING = "next_meeting"  # what a bot that goes for the next meeting's sake is told, and says


def follows(before_ends_at: datetime | None, starts_at: datetime) -> bool:
    """Whether a meeting is the next one in its room, and not at the same time as the one that has a bot there.

    A meeting without an end is followed by none: nobody knows which of both the people in the room are at.
    """
    return before_ends_at is not None and before_ends_at <= starts_at


def gives_way(before_ends_at: datetime | None, starts_at: datetime, now: datetime) -> bool:
    """Whether the bot that is there goes: its meeting's time is over, and what is said next is the other meeting's."""
    return follows(before_ends_at, starts_at) and before_ends_at is not None and now >= before_ends_at
