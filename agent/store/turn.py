"""A lock that is handed on in the order of asking.

SQLite lets one writer in at a time, and among those that wait it is luck who comes next: one that is slow to look again
can be passed over for ever. The writers of one process therefore queue up here, before SQLite is asked.
"""

import threading
from collections import deque


class Turn:
    """One at a time, first come, first served; who goes `first` stands before all others. Any thread may pass it on."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._taken = False
        self._line: deque[threading.Lock] = deque()

    def take(self, seconds: float, *, first: bool = False) -> bool:
        """Wait for the turn; False when it did not come in time."""
        with self._mutex:
            if not self._taken:
                self._taken = True
                return True
            mine = threading.Lock()
            mine.acquire()
            if first:
                self._line.appendleft(mine)
            else:
                self._line.append(mine)
        if mine.acquire(timeout=seconds):
            return True
        with self._mutex:
            if mine not in self._line:  # it came in the very moment of giving up
                return True
            self._line.remove(mine)
            return False

    def pass_on(self) -> None:
        """Give the turn to whoever waits longest."""
        with self._mutex:
            if self._line:
                self._line.popleft().release()
            else:
                self._taken = False
