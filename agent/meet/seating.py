"""Which browser a bot sits down in, and which one takes no more bots. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

# Chromium keeps 1.6 MB of every context it has closed: at 40 visits a browser has grown by a fifth of the 300 MB or so
# that any browser takes, and its start, a second of work, is shared by as many bots.
VISITS_PER_BROWSER = 40


@dataclass(frozen=True, slots=True)
class Seats:
    """One browser: how many bots sit in it now, and how many have sat down in it since its start."""

    bots: int
    visits: int


def choose(browsers: Sequence[Seats], bots_per_browser: int, visits_per_browser: int) -> int | None:
    """The index of the browser for the next bot, None for a fresh one.

    The fullest with a seat is taken, so that the others become empty and end. One that has served its visits is
    retired: it ends with the bots it still has. A browser that may hold more bots than that is filled once.
    """
    visits = max(visits_per_browser, bots_per_browser)
    free = [
        index for index, one in enumerate(browsers) if one.bots < bots_per_browser and one.visits < visits
    ]
    return max(free, key=lambda index: browsers[index].bots, default=None)
