"""Delivery reports (RFC 3464): which recipients a mail of ours did not reach, and which mail that was.

Runs in the limited child process, like everything that reads mail.
"""

import re
from collections.abc import Iterable, Iterator
from email.message import Message

from agent.model.invite import Bounce

_MOST_RECIPIENTS = 20
_FIELD_MAX = 500
_MESSAGE_ID = re.compile(r"^message-id:\s*(<[^<>\s]{1,400}>)", re.IGNORECASE | re.MULTILINE)
_ADDRESS = re.compile(r"[^\s<>@;]{1,64}@[^\s<>@;]{1,253}")
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ORIGINAL_MAX = 64 * 1024


def read_report(parts: Iterable[Message]) -> tuple[Bounce, ...]:
    """Return what a delivery report tells of each recipient, in its order."""
    found = list(parts)
    originals = tuple(dict.fromkeys(mark for part in found for mark in _originals(part)))
    reports = [block for part in found for block in _blocks(part)]
    bounces = (_bounce(block, originals) for block in reports[:_MOST_RECIPIENTS])
    return tuple(bounce for bounce in bounces if bounce is not None)


def _blocks(part: Message) -> Iterator[Message]:
    """Yield the groups of fields of a message/delivery-status part, which the parser reads as messages of their own."""
    payload = part.get_payload()
    if part.get_content_type() == "message/delivery-status" and isinstance(payload, list):
        yield from (block for block in payload if isinstance(block, Message))


def _bounce(block: Message, originals: tuple[str, ...]) -> Bounce | None:
    recipient = _ADDRESS.search(_field(block, "Original-Recipient") or _field(block, "Final-Recipient"))
    action = _field(block, "Action").lower()
    if recipient is None or not action:
        return None
    status = _STATUS.search(_field(block, "Status"))
    return Bounce(
        recipient=recipient[0].lower(),
        action=action.split()[0],
        status=status[0] if status else "",
        reason=_field(block, "Diagnostic-Code"),
        message_ids=originals,
    )


def _originals(part: Message) -> Iterator[str]:
    """Yield the Message-IDs of the mail that came back: enclosed whole, or its header only."""
    kind = part.get_content_type()
    payload = part.get_payload()
    if kind == "message/rfc822" and isinstance(payload, list):
        for message in payload:
            if isinstance(message, Message):
                yield from _MESSAGE_ID.findall(f"Message-ID: {_field(message, 'Message-ID')}")
    elif kind in ("text/rfc822-headers", "message/rfc822-headers"):
        decoded = part.get_payload(decode=True)
        text = decoded if isinstance(decoded, bytes) else str(payload).encode("utf-8", "replace")
        yield from _MESSAGE_ID.findall(text[:_ORIGINAL_MAX].decode("utf-8", "replace"))


def _field(message: Message, name: str) -> str:
    return _CONTROLS.sub(" ", str(message.get(name, ""))[:_FIELD_MAX]).strip()
