"""A mail as a value: header fields without tricks, and the invitation wherever the sender put it.

Runs in the limited child process only. The lenient `compat32` policy is used on purpose: the newer one parses addresses
by recursion.
"""

import html
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime

from agent.invites import budget
from agent.invites.bounces import read_report
from agent.model.invite import Component, ParsedMail
from agent.rules.ical import Contents, Context, read_calendar
from agent.rules.ical_text import MAX_CALENDAR_BYTES
from agent.rules.links import best_first

MAX_CALENDAR_PARTS = 5
_MAX_DEPTH = 10
_MAX_FIELD = 2000
_MAX_BODY = 256 * 1024
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,400}>")
_CALENDAR_TYPES = {"text/calendar", "application/ics", "text/x-vcalendar", "application/calendar"}
_NO_INVITATION = "the mail carries no calendar invitation"
_TNEF = (
    "the invitation came as winmail.dat (Outlook Rich Text); please send it as an iCalendar meeting request"
)


@dataclass(frozen=True, slots=True)
class _CalendarPart:
    payload: bytes
    charset: str
    method: str
    forwarded: bool


def read_mail(raw: bytes, context: Context) -> ParsedMail:
    """Return what the mail says; `problems` names, for its sender, whatever could not be read."""
    header = _header_values(BytesHeaderParser().parsebytes(budget.header_block(raw)), context.now)
    refusal = budget.overdraft(raw)
    if refusal:
        return header.model_copy(update={"problems": (refusal,)})
    parts = list(_walk(message_from_bytes(raw)))
    calendars = [part for part in (_as_calendar(message, inner) for message, inner in parts) if part]
    tnef = any(_is_tnef(message) for message, _ in parts)
    stamped = replace(context, stamped_at=min(header.sent_at or context.now, context.now))
    contents = [_contents(part, stamped) for part in _preferred(calendars)]
    components = _distinct(contents)
    if any(not component.links for component in components):
        components = _with_body_links(components, parts, context.meet_url)
    return header.model_copy(
        update={
            "is_report": parts[0][0].get_content_type() == "multipart/report",
            "forwarded": any(part.forwarded for part in calendars),
            "tnef": tnef and not components,
            "components": components,
            "bounces": read_report(message for message, _ in parts) if header.is_report else (),
            "problems": _problems(contents, bool(components), tnef),
        }
    )


def _problems(contents: list[Contents], found: bool, tnef: bool) -> tuple[str, ...]:
    said = tuple(dict.fromkeys(problem for one in contents for problem in one.problems))
    if said or found:
        return said
    return (_TNEF,) if tnef else (_NO_INVITATION,)


def _contents(part: _CalendarPart, context: Context) -> Contents:
    return read_calendar(part.payload, replace(context, method=part.method), part.charset)


def _header_values(message: Message, now: datetime) -> ParsedMail:
    from_name, from_email = address_of(message, "From")
    return ParsedMail(
        message_id=next(iter(_MESSAGE_ID.findall(field_of(message, "Message-ID"))), ""),
        references=tuple(_MESSAGE_ID.findall(field_of(message, "References")))[-20:],
        subject=field_of(message, "Subject")[:300],
        sent_at=_sent_at(message, now),
        from_email=from_email,
        from_name=from_name[:200],
        reply_to=address_of(message, "Reply-To")[1],
        sender=address_of(message, "Sender")[1],
        auto_submitted=field_of(message, "Auto-Submitted").lower()[:100],
        precedence=field_of(message, "Precedence").lower()[:100],
        list_id=field_of(message, "List-Id")[:300],
        is_report=message.get_content_type() == "multipart/report",
    )


def field_of(message: Message, name: str) -> str:
    """Return the first field of that name, decoded, as one line of at most 2,000 characters."""
    value = str(message.get(name, ""))[:_MAX_FIELD]
    return _decoded(value)


def address_of(message: Message, name: str) -> tuple[str, str]:
    """Return display name and lower-case address of the first mailbox of a field."""
    raw = str(message.get(name, ""))[:_MAX_FIELD]
    if raw.count('"') > 20 or raw.count("(") > 20:
        return "", ""  # the address parser takes quadratic time, or recurses, over such text
    for display, address in getaddresses([_CONTROLS.sub(" ", raw)]):
        if re.fullmatch(r"[^\s<>@\"]{1,64}@[^\s<>@\"]{1,253}", address):
            return _decoded(display), address.lower()
    return "", ""


def _decoded(text: str) -> str:
    """Return header text decoded, or as it came: an undecodable subject is no reason to lose the mail."""
    with suppress(HeaderParseError, LookupError, ValueError):
        text = str(make_header(decode_header(text)))
    return _CONTROLS.sub(" ", text).strip()


def _sent_at(message: Message, now: datetime) -> datetime | None:
    try:
        sent = parsedate_to_datetime(str(message.get("Date", ""))[:100])
        return sent.replace(tzinfo=sent.tzinfo or UTC).astimezone(now.tzinfo)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _walk(root: Message) -> Iterator[tuple[Message, bool]]:
    """Yield every part with whether it stands in a forwarded message, at most 10 levels down."""
    stack: list[tuple[Message, bool, int]] = [(root, False, 0)]
    while stack:
        message, inner, depth = stack.pop()
        yield message, inner
        payload = message.get_payload()
        if depth < _MAX_DEPTH and isinstance(payload, list):
            nested = inner or message.get_content_type() == "message/rfc822"
            children = [(part, nested, depth + 1) for part in payload if isinstance(part, Message)]
            stack.extend(reversed(children))


def _as_calendar(message: Message, inner: bool) -> _CalendarPart | None:
    if message.is_multipart():
        return None
    kind = message.get_content_type()
    name = str(_parameter(message, "name") or message.get_filename() or "").lower()
    if kind not in _CALENDAR_TYPES and not name.endswith((".ics", ".ical", ".vcs")):
        return None
    if kind == "application/ms-tnef":
        return None
    return _CalendarPart(_bytes(message), _charset(message), _parameter(message, "method"), inner)


def _is_tnef(message: Message) -> bool:
    name = str(message.get_filename() or "").lower()
    return (
        message.get_content_type() in ("application/ms-tnef", "application/vnd.ms-tnef")
        or name == "winmail.dat"
    )


def _preferred(parts: list[_CalendarPart]) -> list[_CalendarPart]:
    """Return the calendars worth reading: those whose MIME type names a method first, equal bytes once."""
    ordered = sorted(parts, key=lambda part: (part.forwarded, not part.method))
    return list({part.payload: part for part in reversed(ordered)}.values())[::-1][:MAX_CALENDAR_PARTS]


def _distinct(contents: list[Contents]) -> tuple[Component, ...]:
    """Return one component per meeting: a calendar attached twice is one invitation, its readable copy the better one."""
    chosen: dict[str, Component] = {}
    for component in (component for one in contents for component in one.components):
        known = chosen.get(component.uid)
        if known is None or (known.broken and not component.broken):
            chosen[component.uid] = component
    return tuple(chosen.values())


def _with_body_links(
    components: tuple[Component, ...], parts: list[tuple[Message, bool]], meet_url: str
) -> tuple[Component, ...]:
    """Give components without any link those of the mail's own text."""
    links = best_first(_bodies(parts), meet_url)
    if not links or len(components) > 1:
        return components
    return tuple(
        component.model_copy(
            update={
                "links": links,
                "slots": tuple(
                    slot if slot.links else slot.model_copy(update={"links": links})
                    for slot in component.slots
                ),
            }
        )
        for component in components
    )


def _bodies(parts: list[tuple[Message, bool]]) -> Iterator[str]:
    for message, _ in parts:
        kind = message.get_content_type()
        if kind not in ("text/plain", "text/html") or message.get_filename():
            continue
        charset = _charset(message) or "utf-8"
        try:
            text = _bytes(message)[:_MAX_BODY].decode(charset, "replace")
        except LookupError:
            text = _bytes(message)[:_MAX_BODY].decode("utf-8", "replace")
        if kind == "text/html":
            yield html.unescape(text)
        else:
            yield "\n".join(line for line in text.splitlines() if not line.startswith(">"))


def _bytes(message: Message) -> bytes:
    payload = message.get_payload(decode=True)
    return payload[: MAX_CALENDAR_BYTES + 1] if isinstance(payload, bytes) else b""


def _charset(message: Message) -> str:
    return str(_parameter(message, "charset"))[:40]


def _parameter(message: Message, name: str) -> str:
    """Return a parameter of Content-Type; also of one with stray semicolons or repeated names."""
    value = message.get_param(name, "")
    if isinstance(value, tuple):
        value = value[2]
    return str(value or "").strip().strip('"')
