"""Signing a device in, after RFC 8628: codes that people can read out, and what a poll is answered."""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum

from agent.rules.lockout import Limit

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
CODE_LENGTH = 8
LIFE = timedelta(seconds=600)
INTERVAL_SECONDS = 5.0
SLOWER_BY_SECONDS = 5.0
JITTER_SECONDS = 0.5  # a client that waits exactly the interval is not too fast
WRONG_CODE_OF_USER = Limit("device-code", 5, timedelta(minutes=15))
WRONG_CODE_OF_ADDRESS = Limit("device-code-address", 20, timedelta(hours=1))


class Verdict(StrEnum):
    """What a poll is answered; all but `approved` are the error codes of RFC 8628 and RFC 6749."""

    APPROVED = "approved"
    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    DENIED = "access_denied"
    EXPIRED = "expired_token"
    UNKNOWN = "invalid_grant"


def user_code(chance: bytes) -> str:
    """Make a code such as WDJB-MJHT from at least 8 random bytes below 240."""
    letters = "".join(ALPHABET[byte % len(ALPHABET)] for byte in chance[:CODE_LENGTH])
    return f"{letters[:4]}-{letters[4:]}"


def normal(text: str) -> str:
    """Return a code as it is kept, however a person typed it; '' for what cannot be one."""
    letters = [letter for letter in text.upper() if letter.isalnum()]
    if len(letters) != CODE_LENGTH or not set(letters) <= set(ALPHABET):
        return ""
    return f"{''.join(letters[:4])}-{''.join(letters[4:])}"


def digest(nonce: str) -> str:
    """Return what is kept instead of the nonce."""
    return hashlib.sha256(nonce.encode()).hexdigest()


def judge(
    state: str, expires_at: datetime, polled_at: datetime | None, interval_seconds: float, now: datetime
) -> Verdict:
    """Answer a poll at `now`; the one before was at `polled_at`."""
    if state == "used":
        return Verdict.UNKNOWN
    if now >= expires_at:
        return Verdict.EXPIRED
    if state == "denied":
        return Verdict.DENIED
    if polled_at is not None and now < polled_at + timedelta(seconds=interval_seconds - JITTER_SECONDS):
        return Verdict.SLOW_DOWN
    return Verdict.APPROVED if state == "approved" else Verdict.PENDING
