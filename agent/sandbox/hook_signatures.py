"""The three ways a webhook may be signed, verified here from their definitions and nothing else."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

TOLERANCE_SECONDS = 300
PREFIX = "whsec_"


def verify_all(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime
) -> dict[str, bool | None]:
    """For each scheme whether the signature holds under any of the secrets; None when the delivery does
    not carry that scheme, or there is no secret to verify it with. Header names are in lower case."""
    if not secrets:
        return {"jobs": None, "bots": None, "standard": None}
    return {
        "jobs": _jobs(headers, body, secrets),
        "bots": _bots(headers, body, secrets, now),
        "standard": _standard(headers, body, secrets, now),
    }


def _jobs(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool | None:
    """x-meetbot-signature: sha256=<hex of HMAC over the raw body>."""
    header = headers.get("x-meetbot-signature")
    if header is None:
        return None
    return any(_same(header, "sha256=" + _hex(secret, body)) for secret in secrets)


def _bots(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> bool | None:
    """X-Webhook-Signature: sha256=<hex of HMAC over "timestamp.body">, with its id and event beside it."""
    header = headers.get("x-webhook-signature")
    if header is None:
        return None
    timestamp = headers.get("x-webhook-timestamp", "")
    complete = headers.get("x-webhook-id") and headers.get("x-webhook-event")
    if not complete or not _fresh(timestamp, now):
        return False
    signed = timestamp.encode() + b"." + body
    return any(_same(header, "sha256=" + _hex(secret, signed)) for secret in secrets)


def _standard(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> bool | None:
    """Standard Webhooks: v1,<base64 of HMAC over "id.timestamp.body">, several separated by spaces."""
    header = headers.get("webhook-signature")
    keys = [key for key in map(_standard_key, secrets) if key is not None]
    if header is None or not keys:
        return None
    identity, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not identity or "." in identity or not _fresh(timestamp, now):
        return False
    signed = f"{identity}.{timestamp}.".encode() + body
    wanted = ["v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys]
    return any(_same(given, right) for given in header.split() for right in wanted)


def _standard_key(secret: str) -> bytes | None:
    """The key behind whsec_<base64>; None for a secret no stock library would take."""
    if not secret.startswith(PREFIX):
        return None
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        return None


def _fresh(timestamp: str, now: datetime) -> bool:
    if not timestamp.isascii() or not timestamp.isdigit():
        return False
    return abs(now.timestamp() - int(timestamp)) <= TOLERANCE_SECONDS


def _hex(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(), right.encode())
