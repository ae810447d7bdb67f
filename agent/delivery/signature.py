"""Signatures of webhooks: each family's own header, and the Standard Webhooks ones that any stock library verifies.

While a secret is being rotated two are live, newest first. `webhook-signature` then carries both signatures; the
family's header has room for one and carries the newest, and a header ending in `-previous` carries the other.
"""

import base64
import binascii
import hashlib
import hmac

from agent.model.letter import Notice

PREFIX = "whsec_"


def headers(notice: Notice, body: bytes) -> dict[str, str]:
    """Return the headers that identify and sign one attempt over exactly these bytes; unsigned without a secret."""
    stamp = int(notice.sent_at.timestamp())
    identity = {"webhook-id": notice.delivery_id, "webhook-timestamp": str(stamp)}
    if notice.family == "bots":
        own, signed = "x-webhook-signature", b"%d.%s" % (stamp, body)
        identity |= {
            "x-webhook-id": notice.delivery_id,
            "x-webhook-timestamp": str(stamp),
            "x-webhook-event": notice.event,
        }
    else:
        own, signed = "x-meetbot-signature", body
        identity["x-meetbot-webhook-version"] = str(notice.version)
    if not notice.secrets:
        return identity
    signatures = (standard(secret, notice.delivery_id, stamp, body) for secret in notice.secrets)
    identity["webhook-signature"] = " ".join(signatures)
    named = zip((own, f"{own}-previous"), notice.secrets, strict=False)
    return identity | {name: family(secret, signed) for name, secret in named}


def family(secret: str, signed: bytes) -> str:
    """Sign as the two families do: hex HMAC-SHA256 keyed by the secret's text as it stands, prefix included."""
    return f"sha256={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def standard(secret: str, message_id: str, stamp: int, body: bytes) -> str:
    """Sign as Standard Webhooks does: base64 HMAC-SHA256 of `id.timestamp.body`."""
    signed = b"%s.%d.%s" % (message_id.encode(), stamp, body)
    digest = hmac.new(standard_key(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def standard_key(secret: str) -> bytes:
    """Return the key bytes: the base64 after `whsec_`; a secret that is no base64 stands for its own bytes."""
    text = secret.removeprefix(PREFIX)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return secret.encode()
