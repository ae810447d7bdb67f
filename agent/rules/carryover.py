"""What was still to be done after the last meeting of a series, and is still to be done after this one."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from agent.model.summary import ActionItem
from agent.model.transcript import Entry
from agent.rules.terms import DONE, DONE_DENSE, NOT_YET, folded, shared, terms

CARRIED_MAX = 20
LONGEST_CARRIED = timedelta(days=180)
_SAME_TASK = 0.6
_SPOKEN_OF = 0.5
_LEAST_TERMS = 2
_DRESSING = re.compile(r"^[^:]{1,80}: |\s\([^()]*\)$")  # owner and date


def spelled(action: ActionItem) -> str:
    """Return an action as one line: who, what, by when."""
    who = f"{action.owner}: " if action.owner else ""
    return f"{who}{action.text}{f' ({action.due})' if action.due else ''}"


def unfinished(
    previous: Sequence[tuple[str, datetime]],
    entries: Sequence[Entry],
    fresh: Sequence[ActionItem],
    now: datetime,
) -> tuple[tuple[str, datetime], ...]:
    """Return the earlier actions (text, when first noted) that nobody reported done and that are not noted anew.

    What was carried along for `LONGEST_CARRIED` is let go of.
    """
    left = [
        (text, since)
        for text, since in previous
        if now - since < LONGEST_CARRIED
        and not any(_same(text, spelled(action)) for action in fresh)
        and not _reported_done(text, entries)
    ]
    return tuple(left[:CARRIED_MAX])


def _same(earlier: str, fresh: str) -> bool:
    return max(shared(earlier, fresh), shared(fresh, earlier)) >= _SAME_TASK


def _reported_done(action: str, entries: Sequence[Entry]) -> bool:
    """Whether somebody spoke of the task and of its being done, in one breath."""
    task = _DRESSING.sub("", action)
    return any(
        _says_done(entry.text)
        and shared(task, entry.text) >= _SPOKEN_OF
        and len(set(terms(task)) & set(terms(entry.text))) >= _LEAST_TERMS
        for entry in entries
    )


def _says_done(text: str) -> bool:
    words = {word.strip('.,;:!?"“”()') for word in folded(text).split()}
    done = bool(words & DONE) or any(phrase in text for phrase in DONE_DENSE)
    return done and not words & NOT_YET
