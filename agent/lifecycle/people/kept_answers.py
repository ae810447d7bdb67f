"""Answers kept under an Idempotency-Key, so that a repeated request gets the same one and does nothing twice.

An answer may show a fresh key, and a request bring a password: neither can be read from the database, or guessed from it.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agent.errors import Conflict, Invalid
from agent.lifecycle.house import House
from agent.lifecycle.people import signing_key
from agent.model.tables import KeptAnswer
from agent.store import requests

KEPT_FOR = timedelta(hours=24)
UNDER_WAY_AT_MOST = timedelta(minutes=2)  # after this the process that began it is taken for dead
MAX_KEPT_BYTES = 64 * 1024
NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Call:
    """A request that may be repeated: who sends what where, under which key."""

    user_id: int
    method: str
    path: str
    key: str
    body: bytes


class KeptAnswers:
    """Every answer is kept for a day, for its user, method and path."""

    def __init__(self, house: House) -> None:
        self.house = house

    def begin(self, call: Call) -> KeptAnswer:
        """Return the answer given before; its `status` is 0 when this call is the first and is now under way.

        Raises `Invalid` when the key came with another payload, `Conflict` while the first call is under way.
        """
        try:
            row = self._begin(call)
        except sa.exc.IntegrityError:
            raise Conflict("A request with this Idempotency-Key is under way.") from None
        if row.status:
            row.body = self._opened(call, row.body)
        return row

    def _begin(self, call: Call) -> KeptAnswer:
        now, fingerprint = self.house.now(), hmac.new(self._key(), call.body, "sha256").hexdigest()
        with self.house.database.write() as session:
            row = requests.kept(session, call.user_id, call.method, call.path, call.key)
            if row is not None and now - row.created_at < KEPT_FOR:
                if row.fingerprint and row.fingerprint != fingerprint:
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
            row.fingerprint, row.begun_at = fingerprint, now
            session.add(row)
            return row

    def keep(self, call: Call, status: int, media_type: str, body: bytes) -> None:
        """Keep the answer of the call that `begin` let through."""
        with self.house.database.write() as session:
            row = requests.kept(session, call.user_id, call.method, call.path, call.key)
            if row is not None:
                row.status, row.media_type, row.body = status, media_type, self._sealed(call, body)
                session.add(row)

    def give_up(self, call: Call) -> None:
        """Keep no answer: the call may be tried again, or mended, under the same key."""
        with self.house.database.write() as session:
            row = requests.kept(session, call.user_id, call.method, call.path, call.key)
            if row is not None:
                row.fingerprint = ""
                session.add(row)

    def _sealed(self, call: Call, body: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self._key()).encrypt(nonce, body, _about(call))

    def _opened(self, call: Call, kept: bytes) -> bytes:
        try:
            return AESGCM(self._key()).decrypt(kept[:NONCE_BYTES], kept[NONCE_BYTES:], _about(call))
        except InvalidTag:
            raise Conflict(
                "This was done already; the server's key has changed, and the answer is gone."
            ) from None

    def _key(self) -> bytes:
        habits = self.house.habits
        key = signing_key.load(habits.data_dir, habits.signing_secret)
        return hmac.digest(key, b"kept answers", "sha256")


def _about(call: Call) -> bytes:
    """What an answer belongs to: it opens as no other's."""
    return f"{call.user_id} {call.method} {call.path} {call.key}".encode()
