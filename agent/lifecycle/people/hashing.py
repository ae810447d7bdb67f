"""Password hashes: argon2id, never more than two at a time, so that a flood of sign-ins leaves the server its memory."""

import asyncio

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from agent.errors import TooMany

MEMORY_KIB = 19_456
TIME_COST = 2
LANES = 1
AT_ONCE = 2
MOST_WAITING = 20


class Hashing:
    """Makes and checks hashes off the event loop."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(
            time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID
        )
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._nobody = ""

    async def make(self, password: str) -> str:
        """Return the hash of a password. Raises `TooMany` when too many wait."""
        return await self._run(password, None)

    async def matches(self, password: str, known: str) -> bool:
        """Whether a password is the hashed one; without a hash it takes as long, and is False."""
        return bool(await self._run(password, known))

    def is_dated(self, known: str) -> bool:
        """Whether a hash was made with other costs than today's."""
        return self._hasher.check_needs_rehash(known)

    async def _run(self, password: str, known: str | None) -> str:
        if self._waiting >= MOST_WAITING:
            raise TooMany("Too many people sign in at this moment; try again.", retry_after_seconds=2)
        self._waiting += 1
        try:
            async with self._slots:
                if known is None:
                    return await asyncio.to_thread(self._hasher.hash, password)
                return await asyncio.to_thread(self._check, password, known)
        finally:
            self._waiting -= 1

    def _check(self, password: str, known: str) -> str:
        """Return `yes` or nothing; a missing hash is checked against nobody's, and never matches."""
        if not known and not self._nobody:
            self._nobody = self._hasher.hash("nobody")
        try:
            self._hasher.verify(known or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return ""
        return "yes" if known else ""
