"""What leaves the house: mails and webhook requests, ready to be sent."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Mail:
    """One outgoing mail. `message_id` is stable over retries, so that a receiver can tell a repeat."""

    message_id: str
    sender: str  # From, an address with an optional display name
    recipients: tuple[str, ...]
    raw: bytes  # the complete RFC 5322 message
    envelope_from: str = ""


@dataclass(frozen=True, slots=True)
class HookRequest:
    """One attempt at one webhook: the exact bytes and headers to post."""

    url: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """What the receiver answered: `status` 0 when no answer came, `body` its first 1,024 characters."""

    status: int
    body: str = ""
    retry_after_seconds: float | None = None
    error: str = ""
    duration_ms: int = 0
