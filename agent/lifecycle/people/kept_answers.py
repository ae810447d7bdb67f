"""Answers kept under an Idempotency-Key, so that a repeated request gets the same one and does nothing twice."""

import hashlib
import secrets
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

    def begin(self, call: Call) -> KeptAnswer:
        """Return the answer given before; its `status` is 0 when this call is the first and is now under way.

        Raises `Invalid` when the key came with another payload, `Conflict` while the first call is under way.
        """
        try:
            return self._begin(call)
        except sa.exc.IntegrityError:
            raise Conflict("A request with this Idempotency-Key is under way.") from None

    def _begin(self, call: Call) -> KeptAnswer:
        now = self.house.now()
        with self.house.database.write() as session:
            row = requests.kept(session, call.user_id, call.method, call.path, call.key)
            if row is not None and now - row.created_at < KEPT_FOR:
                if row.fingerprint and row.fingerprint != call.fingerprint:
                    raise Invalid("This Idempotency-Key came with another payload before.")
                if row.status:
                    return row
                if row.fingerprint and now - row.begun_at < UNDER_WAY_AT_MOST:
                    raise Conflict("A request with this Idempotency-Key is under way.")
            elif row is not None:
                session.delete(row)
                session.flush()
                row = None
            row = row or KeptAnswer(
                user_id=call.user_id,
                method=call.method,
                path=call.path,
                key=call.key,
                token=secrets.token_hex(16),
                created_at=now,
                begun_at=now,
            )
            row.fingerprint, row.begun_at = call.fingerprint, now
            session.add(row)
            return row

    def keep(self, call: Call, status: int, media_type: str, body: bytes) -> None:
        """Keep the answer of the call that `begin` let through."""
        with self.house.database.write() as session:
            row = requests.kept(session, call.user_id, call.method, call.path, call.key)
            if row is not None:
                row.status, row.media_type, row.body = status, media_type, body
                session.add(row)

    def give_up(self, call: Call) -> None:
        """Keep no answer: the call may be tried again, or mended, under the same key."""
        with self.house.database.write() as session:
            row = requests.kept(session, call.user_id, call.method, call.path, call.key)
            if row is not None:
                row.fingerprint = ""
                session.add(row)
