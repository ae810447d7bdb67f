"""Tokens: signed access tokens that say who, and opaque ones that are looked up by their digest.

Opaque tokens are derived from the server's key and a nonce, so that the same one can be shown again while the database
holds its digest only.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt

from agent.errors import Denied

ALGORITHM = "HS256"
TYPE = "at+jwt"
AUDIENCE = "meetbot-api"
ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=30)
REFRESH_GRACE = timedelta(seconds=10)
REQUIRED = ["sub", "sid", "jti", "iat", "exp", "aud", "iss"]
INVALID = "The access token is not valid; sign in, or refresh it."


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says: whose it is, and of which sign-in."""

    user_id: int
    sign_in_id: str


def access_token(key: bytes, claims: Claims, *, issuer: str, token_id: str, now: datetime) -> str:
    """Sign an access token that lives for `ACCESS_LIFE`."""
    issued_at = int(now.timestamp())
    payload = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": str(claims.user_id),
        "sid": claims.sign_in_id,
        "jti": token_id,
        "iat": issued_at,
        "exp": issued_at + int(ACCESS_LIFE.total_seconds()),
    }
    return jwt.encode(payload, key, algorithm=ALGORITHM, headers={"typ": TYPE})


def read_access_token(key: bytes, text: str, *, issuer: str, now: datetime) -> Claims:
    """Return what a token says. Raises `Denied` for one that is forged, stale, or made for something else."""
    try:
        # The instant is judged here, by the clock that is handed in.
        read = jwt.decode_complete(
            text,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=issuer,
            options={"require": REQUIRED, "verify_exp": False, "verify_iat": False},
        )
        payload = read["payload"]
        stale = int(payload["exp"]) <= now.timestamp()
        claims = Claims(int(payload["sub"]), str(payload["sid"]))
    except (jwt.PyJWTError, TypeError, ValueError, OverflowError) as error:
        raise Denied(INVALID, full=f"access token: {error}") from error
    if read["header"].get("typ") != TYPE:
        raise Denied(INVALID, full="access token: of another type")
    if stale:
        raise Denied("The access token has expired; refresh it.")
    return claims


def looks_signed(text: str) -> bool:
    """Whether a text has the form of a signed token."""
    return text.count(".") == 2


def derive(key: bytes, purpose: str, nonce: str) -> str:
    """Return the opaque token, 256 bits, that belongs to a nonce."""
    return _spell(hmac.digest(key, f"{purpose}:{nonce}".encode(), "sha256"))


def digest(text: str) -> str:
    """Return what is stored instead of an opaque token."""
    return hashlib.sha256(text.encode()).hexdigest()


def _spell(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
