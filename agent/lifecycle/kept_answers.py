"""Answers kept under an Idempotency-Key, so that a repeated request gets the same one and does nothing twice."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from agent.errors import Conflict, Invalid
from agent.lifecycle.house import House
from agent.model.tables import KeptAnswer
from agent.store import requests

KEPT_FOR = timedelta(hours=24)
UNDER_WAY_AT_MOST = timedelta(minutes=2)  # after this the process that began it is taken for dead
MAX_KEPT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """A request that may be repeated: who sends what where, under which key."""

    user_id: int
    method: str
    path: str
    key: str
    body: bytes

    @property
    def fingerprint(self) -> str:
        """What tells another payload from the same one."""
        return hashlib.sha256(self.body).hexdigest()


class KeptAnswers:
    """Every answer is kept for a day, for its user, method and path."""

    def __init__(self, house: House) -> None:
        self.house = house

    def begin(self, call: Call) -> KeptAnswer | None:
        """Return the answer given before, or None when this call is the first and is now under way.

        Raises `Invalid` when the key came with another payload, `Conflict` while the first call is under way.
        """
        try:
            return self._begin(call)
        except sa.exc.IntegrityError:
            raise Conflict("A request with this Idempotency-Key is under way.") from None

    def _begin(self, call: Call) -> KeptAnswer | None:
        now = self.house.now()
        with self.house.database.write() as session:
            known = requests.kept(session, call.user_id, call.method, call.path, call.key)
            if known is not None and now - known.created_at < KEPT_FOR:
                if known.fingerprint != call.fingerprint:
                    raise Invalid("This Idempotency-Key came with another payload before.")
                if known.status:
                    return known
                if now - known.created_at < UNDER_WAY_AT_MOST:
                    raise Conflict("A request with this Idempotency-Key is under way.")
            fresh = known or KeptAnswer(
                user_id=call.user_id,
                method=call.method,
                path=call.path,
                key=call.key,
                fingerprint="",
                created_at=now,
            )
            fresh.fingerprint, fresh.status, fresh.body, fresh.created_at = call.fingerprint, 0, b"", now
            session.add(fresh)
        return None

    def keep(self, call: Call, status: int, media_type: str, body: bytes) -> None:
        """Keep the answer of the call that `begin` let through."""
        with self.house.database.write() as session:
            known = requests.kept(session, call.user_id, call.method, call.path, call.key)
            if known is not None:
                known.status, known.media_type, known.body = status, media_type, body
                session.add(known)

    def give_up(self, call: Call) -> None:
        """Keep nothing: the call may be tried again under the same key."""
        with self.house.database.write() as session:
            known = requests.kept(session, call.user_id, call.method, call.path, call.key)
            if known is not None:
                session.delete(known)
