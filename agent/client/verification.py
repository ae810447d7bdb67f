"""Whether a webhook really comes from the server that has the secret. Check first, parse afterwards.

`jobs` checks the jobs family's own header, `bots` the bots family's, `standard` the Standard Webhooks headers that both
carry and that also protect against replays; prefer it.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

TOLERANCE_SECONDS = 300
PREFIX = "whsec_"


class BadSignature(Exception):
    """Do not trust this request; answer it with 400."""


def jobs(secret: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return the event of a jobs-family request whose `x-meetbot-signature` is good. Raises `BadSignature`."""
    found = _lower(headers)
    return _event(secret, _signatures(found, "x-meetbot-signature"), body, body)


def bots(secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> dict[str, Any]:
    """Return the event of a bots-family request whose `X-Webhook-Signature` is good and fresh. Raises `BadSignature`."""
    found = _lower(headers)
    stamp = _fresh(found.get("x-webhook-timestamp", ""), now)
    return _event(secret, _signatures(found, "x-webhook-signature"), stamp.encode() + b"." + body, body)


def standard(
    secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None
) -> dict[str, Any]:
    """Return the event of any request whose `webhook-signature` is good and fresh. Raises `BadSignature`."""
    found = _lower(headers)
    stamp = _fresh(found.get("webhook-timestamp", ""), now)
    signed = found.get("webhook-id", "").encode() + b"." + stamp.encode() + b"." + body
    wanted = base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest())
    given = [text.partition(",") for text in found.get("webhook-signature", "").split()]
    if not any(name == "v1" and hmac.compare_digest(wanted, value.encode()) for name, _, value in given):
        raise BadSignature("The signature is not good.")
    return _parsed(body)


def _event(secret: str, given: list[str], signed: bytes, body: bytes) -> dict[str, Any]:
    wanted = "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    if not any(hmac.compare_digest(wanted.encode(), value.encode()) for value in given):
        raise BadSignature("The signature is not good.")
    return _parsed(body)


def _signatures(headers: Mapping[str, str], name: str) -> list[str]:
    """Return the signature, and while a secret is being changed that of the one before."""
    return [headers[key] for key in (name, f"{name}-previous") if key in headers]


def _fresh(stamp: str, now: float | None) -> str:
    if not (stamp.isascii() and stamp.isdigit()):
        raise BadSignature("There is no timestamp.")
    if abs((time.time() if now is None else now) - int(stamp)) > TOLERANCE_SECONDS:
        raise BadSignature("The timestamp is too far from now.")
    return stamp


def _key(secret: str) -> bytes:
    text = secret.removeprefix(PREFIX)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return secret.encode()


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except ValueError as error:
        raise BadSignature("The body is not JSON.") from error
    if not isinstance(event, dict):
        raise BadSignature("The body is no event.")
    return event


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
