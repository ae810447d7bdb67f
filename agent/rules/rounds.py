"""In which order stored mails are read: nobody's mails wait for another's, however many those are. Pure.

Whoever comes new is served soon, and every second turn is of whoever was served longest ago, so that a flood delays
neither. Turns go round by peer, within a peer by the sender's domain, within a domain by its addresses.
"""

from collections import deque

from agent.rules.lockout import sender


def path_of(peer: str, mail_from: str) -> tuple[str, ...]:
    """Return whose mail it is, from the widest to the narrowest: network, domain, address."""
    address = mail_from.strip("<> ").lower()
    return sender(peer), address.rpartition("@")[2], address


class Rounds:
    """Mails that wait for their turn, by their numbers."""

    def __init__(self) -> None:
        self._mails: deque[int] = deque()
        self._others: dict[str, Rounds] = {}  # served longest ago, or come first, at the front
        self._new: dict[str, None] = {}  # those who were not served yet, in the order they came
        self._is_turn_of_new = True

    def __bool__(self) -> bool:
        return bool(self._mails or self._others)

    def add(self, mail: int, path: tuple[str, ...]) -> None:
        """Have a mail wait for the turn of whose it is."""
        if not path:
            self._mails.append(mail)
            return
        if path[0] not in self._others:
            self._others[path[0]] = Rounds()
            self._new[path[0]] = None
        self._others[path[0]].add(mail, path[1:])

    def take(self) -> int | None:
        """Return the mail whose turn it is, None when none waits."""
        if self._mails:
            return self._mails.popleft()
        if not self._others:
            return None
        name = next(reversed(self._new)) if self._new and self._is_turn_of_new else next(iter(self._others))
        self._is_turn_of_new = not self._is_turn_of_new
        self._new.pop(name, None)
        chosen = self._others.pop(name)
        mail = chosen.take()
        if chosen:
            self._others[name] = chosen
        return mail
