"""Failures counted in the database, so that guessing locks out also over a restart."""

import hashlib

from sqlmodel import Session

from agent.errors import TooMany
from agent.lifecycle.house import House
from agent.model.tables import Strike
from agent.rules import lockout
from agent.rules.lockout import Limit, Tally
from agent.store import identity

Subject = tuple[Limit, str]


class Lockouts:
    """A try is counted before it is judged, so that many at once gain nothing; a success gives it back."""

    def __init__(self, house: House) -> None:
        self.house = house

    def spend(self, *subjects: Subject) -> None:
        """Count one try for each (limit, subject). Raises `TooMany`, saying how long to wait, without counting."""
        now = self.house.now()
        with self.house.database.write() as session:
            found = [(limit, _key(limit, subject)) for limit, subject in subjects]
            waits = [
                lockout.wait_seconds(limit, _tally(identity.strike(session, key)), now)
                for limit, key in found
            ]
            if any(waits):
                raise TooMany("Too many tries; wait as Retry-After says.", retry_after_seconds=max(waits))
            for limit, subject in subjects:
                has_room(session, self.house, limit, subject)

    def forgive(self, *subjects: Subject) -> None:
        """Take the last try back: it was no failure."""
        with self.house.database.write() as session:
            for limit, subject in subjects:
                row = identity.strike(session, _key(limit, subject))
                if row is not None:
                    row.count = max(0, row.count - 1)
                    session.add(row)


def _tally(row: Strike | None) -> Tally | None:
    return Tally(row.count, row.since) if row else None


def _key(limit: Limit, subject: str) -> str:
    """Name a count without keeping the address it is about."""
    return hashlib.sha256(f"{limit.purpose}:{subject}".encode()).hexdigest()


def has_room(session: Session, house: House, limit: Limit, subject: str) -> bool:
    """Count one in the caller's transaction, and say whether it is within the limit."""
    now, key = house.now(), _key(limit, subject)
    row = identity.strike(session, key) or Strike(key=key, since=now)
    if lockout.wait_seconds(limit, _tally(row), now):
        return False
    fresh = lockout.counted(limit, _tally(row) if row.count else None, now)
    row.count, row.since = fresh.count, fresh.since
    session.add(row)
    return True
