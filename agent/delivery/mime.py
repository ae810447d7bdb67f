"""Puts a mail together so that no text from outside can become a header, a line or a recipient of its own."""

import re
from collections.abc import Sequence
from datetime import datetime
from email import policy
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from agent.errors import Invalid
from agent.model.letter import Mail, Thread
from agent.rules.mailboxes import written

SUBJECT_MAX = 200
REFERENCES_MAX = 20
# Every body travels in 7 bits, whatever the server on the way can do.
POLICY = policy.SMTP.clone(cte_type="7bit")
_LINE_BREAKING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Marks that make text read in another order than it is written, and halves of characters.
_REORDERING = re.compile(r"[\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{3,900}>")


def one_line(text: str, limit: int = 1000) -> str:
    """Make text from outside safe for a header: one line, no control or reordering characters, at most `limit` long."""
    flat = " ".join(_LINE_BREAKING.sub(" ", _REORDERING.sub("", text)).split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def prose(text: str) -> str:
    """Make text from outside safe for a body: line breaks and tabs stay, other control characters go."""
    return _CONTROL.sub("", _REORDERING.sub("", text.replace("\r\n", "\n")))


def mailbox(email: str, name: str = "") -> Address:
    """Return an address for From or To. Raises `Invalid` for what cannot be written to."""
    address = written(email)
    if not address:
        raise Invalid("This mail address cannot be written to.", full=repr(email))
    local, _, domain = address.rpartition("@")
    return Address(one_line(name, 120), username=local, domain=domain)


def compose(
    body: EmailMessage,
    *,
    message_id: str,
    subject: str,
    sender: Address,
    recipient: Address,
    sent_at: datetime,
    thread: Thread,
    auto_submitted: str,
    more: Sequence[tuple[str, str]] = (),
    null_sender: bool = False,
) -> Mail:
    """Complete a message whose content is set. `more` are headers whose values are identifiers or URLs of our own."""
    shown = one_line(subject, SUBJECT_MAX)
    body["From"] = sender
    body["To"] = recipient
    if shown.isascii():
        body["Subject"] = shown
    body["Date"] = format_datetime(sent_at)
    body["Auto-Submitted"] = auto_submitted
    own_id = bracketed(message_id)
    # The library folds long identifiers into encoded words, which no reader takes for identifiers: ours go unfolded.
    tokens = [("Message-ID", own_id), *_threading(thread), *more, *_in_other_scripts(shown)]
    head = "".join(f"{name}: {value}\r\n" for name, value in tokens).encode("ascii")
    return Mail(
        message_id=own_id,
        recipients=(recipient.addr_spec,),
        raw=head + body.as_bytes(),
        envelope_from="" if null_sender else sender.addr_spec,
        subject=shown,
    )


def bracketed(message_id: str) -> str:
    """Return a Message-ID with its angle brackets. Raises `Invalid` for what is none."""
    wrapped = message_id if message_id.startswith("<") else f"<{message_id}>"
    if not _MESSAGE_ID.fullmatch(wrapped):
        raise Invalid("The message id of a letter is malformed.", full=repr(message_id))
    return wrapped


def _in_other_scripts(subject: str) -> list[tuple[str, str]]:
    """Return a subject that is not ASCII as encoded words; folded by the message itself it would lose spaces."""
    if subject.isascii():
        return []
    return [("Subject", Header(subject, "utf-8", header_name="Subject").encode(linesep="\r\n"))]


def _threading(thread: Thread) -> list[tuple[str, str]]:
    """The answered mail and its ancestors; what is no identifier is left out."""
    answered = _MESSAGE_ID.findall(thread.message_id)[:1]
    chain = [found for text in thread.references for found in _MESSAGE_ID.findall(text)]
    chain = [found for found in dict.fromkeys(chain) if found not in answered] + answered
    kept = chain if len(chain) <= REFERENCES_MAX else chain[:1] + chain[1 - REFERENCES_MAX :]
    headers = [("In-Reply-To", answered[0])] if answered else []
    return headers + ([("References", "\r\n ".join(kept))] if kept else [])
