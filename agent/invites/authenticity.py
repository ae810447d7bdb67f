"""Who really sent a mail: DKIM, SPF and DMARC verdicts, and header tricks that void them.

Every question to the name service goes through one `Lookup`, so the whole can be asked offline. Runs in the limited child:
the libraries' canonicalisation takes quadratic time over hostile text.
"""

from collections.abc import Callable, Sequence
from email.message import Message
from email.parser import BytesHeaderParser
from functools import cache
from ipaddress import ip_address
from typing import Any, cast

import dkim
import dns.exception
import dns.resolver
import spf
from authheaders.dmarc_lookup import DMARCException, answer_to_dict, get_org_domain
from dkim.util import InvalidTagValueList, parse_tag_value

from agent.invites import budget
from agent.invites.mime import address_of
from agent.model.authenticity import Authenticity, Signature, Verdict

MAX_SIGNATURES = 5
_LOOKUP_SECONDS = 3.0
_MAX_LOOKUPS = 40
_MAX_VOID_LOOKUPS = 2  # RFC 7208, 4.6.4
_GOOGLE = "google.com"
_GOOGLE_SENDER = "calendar-notification@google.com"
_SINGLE = (
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Content-Type",
    "MIME-Version",
)
_COVERED = ("from", "to", "date", "subject")
# Names that the public name service never has an answer for (RFC 6761).
_PRIVATE = (".test", ".invalid", ".localhost", ".local", ".internal", ".example")

Lookup = Callable[[str, str], Sequence[str]]
"""(name, record type) → values as text; () when there are none. Raises `NoAnswerNow` when nobody answers."""


class NoAnswerNow(Exception):
    """The name service did not answer; the verdict is a temporary error."""


def ask_dns(name: str, kind: str) -> tuple[str, ...]:
    """Ask the system's name service. Strings of a TXT record are joined."""
    try:
        answers = dns.resolver.resolve(name, kind, lifetime=_LOOKUP_SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except dns.exception.DNSException as trouble:
        raise NoAnswerNow(name) from trouble
    except (OSError, ValueError, UnicodeError) as trouble:
        raise NoAnswerNow(name) from trouble
    if kind == "TXT":
        return tuple(b"".join(record.strings).decode("utf-8", "replace") for record in answers)
    return tuple(record.to_text().rstrip(".") for record in answers)


def authenticate(
    raw: bytes, *, peer: str, helo: str, mail_from: str, lookup: Lookup = ask_dns
) -> Authenticity:
    """Return all verdicts on one mail as it was received from `peer` (an address)."""
    limited = _Limited(lookup)
    message = BytesHeaderParser().parsebytes(budget.header_block(raw))
    _, author = address_of(message, "From")
    domain = author.rpartition("@")[2]
    faults = _faults(message, author)
    signatures = () if budget.overdraft(raw) else _signatures(raw, message, limited)
    spf_verdict, spf_domain = _spf(peer, helo, mail_from, limited)
    dmarc, aligned = _dmarc(domain, signatures, spf_verdict, spf_domain, limited, peer)
    return Authenticity(
        from_domain=domain,
        signatures=signatures,
        spf=spf_verdict,
        spf_domain=spf_domain,
        dmarc="fail" if faults and dmarc == "pass" else dmarc,
        aligned="" if faults else aligned,
        google=not faults and _is_google(message, signatures),
        faults=faults,
    )


class _Limited:
    """A lookup that spends a bounded number of questions on one mail and asks none twice."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}
        self._asked = 0

    def __call__(self, name: str, kind: str) -> tuple[str, ...]:
        name = name.rstrip(".").lower()
        if not name or name.endswith(_PRIVATE) or "." not in name:
            return ()
        if (name, kind) not in self._known:
            self._asked += 1
            if self._asked > _MAX_LOOKUPS:
                raise NoAnswerNow(name)
            self._known[name, kind] = tuple(self._lookup(name, kind))
        return self._known[name, kind]


def _faults(message: Message, author: str) -> tuple[str, ...]:
    """Name header tricks: what one reader takes from the first field, another takes from the second."""
    doubled = [f"more than one {name} field" for name in _SINGLE if len(message.get_all(name, [])) > 1]
    return (*doubled, *(() if author else ("no usable From field",)))


def _signatures(raw: bytes, message: Message, lookup: _Limited) -> tuple[Signature, ...]:
    count = len(message.get_all("DKIM-Signature", []))
    if not count:
        return ()
    try:
        verifier = dkim.DKIM(raw, minkey=1024)
    except dkim.DKIMException:
        return (Signature(domain="", verdict="permerror", reason="the mail cannot be read"),)
    values = [value for name, value in verifier.headers if name.lower() == b"dkim-signature"]
    return tuple(
        _signature(raw, index, value, message, lookup) for index, value in enumerate(values[:MAX_SIGNATURES])
    )


def _signature(raw: bytes, index: int, value: bytes, message: Message, lookup: _Limited) -> Signature:
    try:
        tags = parse_tag_value(value)
    except (InvalidTagValueList, ValueError):
        return Signature(domain="", verdict="permerror", reason="the signature cannot be read")
    domain = tags.get(b"d", b"").decode("ascii", "replace").strip().lower()
    weakness = _weakness(tags, message)
    if weakness:
        return Signature(domain=domain, verdict="permerror", reason=weakness)
    silent: list[str] = []

    def key(name: bytes, timeout: float = _LOOKUP_SECONDS) -> bytes | None:
        try:
            records = lookup(name.decode("ascii", "replace"), "TXT")
        except NoAnswerNow:
            silent.append("the name service does not answer")
            return None
        return records[0].encode() if records else None

    try:
        valid: bool = dkim.DKIM(raw, minkey=1024).verify(index, dnsfunc=key)
    except dkim.ValidationError as fault:
        return Signature(domain=domain, verdict="fail", reason=_told(fault))
    except Exception as fault:  # noqa: BLE001 - keys and signatures are the sender's bytes; any failure is a bad signature
        return Signature(domain=domain, verdict="permerror", reason=_told(fault))
    if silent:
        return Signature(domain=domain, verdict="temperror", reason=silent[0])
    return Signature(domain=domain, verdict="pass" if valid else "fail")


def _told(fault: Exception) -> str:
    """Return a library's words where they are its own, without the sender's bytes behind them."""
    return (
        str(fault).partition("(")[0].strip()[:100]
        if isinstance(fault, dkim.DKIMException)
        else "the key is unusable"
    )


def _weakness(tags: dict[bytes, bytes], message: Message) -> str:
    """Say why a signature would prove too little even if it verified."""
    if b"l" in tags:
        return "only part of the body is signed (l=)"
    signed = {name.strip().lower() for name in tags.get(b"h", b"").decode("ascii", "replace").split(":")}
    missing = [name for name in _COVERED if name not in signed and message.get(name) is not None]
    if not signed & {"content-type", "mime-version"} and message.get("Content-Type") is not None:
        missing.append("content-type")
    return f"{', '.join(missing)} not signed" if missing else ""


def _spf(peer: str, helo: str, mail_from: str, lookup: _Limited) -> tuple[Verdict, str]:
    """Return the SPF verdict on the envelope; none for a relay on our own network, which is not the sender."""
    domain = (mail_from.rpartition("@")[2] or helo).lower()
    try:
        public = ip_address(peer).is_global
    except ValueError:
        public = False
    if not public or not domain:
        return "none", domain
    try:
        query: Any = _SpfQuery(peer, mail_from or f"postmaster@{helo}", helo, lookup)
        result, _, _ = query.check()
    except NoAnswerNow:
        return "temperror", domain
    except Exception:  # noqa: BLE001 - records are the sender's text; what cannot be evaluated is a permanent error
        return "permerror", domain
    return cast(Verdict, result), domain


class _SpfQuery(spf.query):
    """The library's evaluation with our questions to the name service."""

    def __init__(self, peer: str, sender: str, helo: str, lookup: _Limited) -> None:
        super().__init__(i=peer, s=sender, h=helo, timeout=_LOOKUP_SECONDS)  # type: ignore[no-untyped-call]
        self._lookup = lookup
        self._voids = 0

    def dns(self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[Any]:
        """Answer as the library expects each record type."""
        try:
            values = self._lookup(str(name), qtype)
        except NoAnswerNow as trouble:
            raise spf.TempError("DNS") from trouble
        if not values and not ignore_void:
            self._voids += 1
            if self._voids > _MAX_VOID_LOOKUPS:
                raise spf.PermError("too many void lookups")
        if qtype == "TXT":
            return [(value.encode(),) for value in values]
        if qtype == "MX":
            pairs = (value.split(maxsplit=1) for value in values)
            return [(int(pair[0]), pair[1].rstrip(".")) for pair in pairs if len(pair) == 2]
        return list(values)


def _dmarc(
    domain: str,
    signatures: tuple[Signature, ...],
    spf_verdict: Verdict,
    spf_domain: str,
    lookup: _Limited,
    peer: str,
) -> tuple[Verdict, str]:
    """Return the DMARC verdict, and the domain of From when something speaks for it (also without a DMARC record)."""
    passing = {one.domain for one in signatures if one.verdict == "pass"}
    if not domain or (not passing and not _is_public(peer)):
        return "none", ""
    try:
        record = _record(domain, lookup)
    except NoAnswerNow:
        record = None
    tags = record or {}
    spoken = any(_aligned(domain, signer, tags.get("adkim") == "s") for signer in passing)
    if spf_verdict == "pass":
        spoken = spoken or _aligned(domain, spf_domain, tags.get("aspf") == "s")
    unsettled = (
        record is None or any(one.verdict == "temperror" for one in signatures) or spf_verdict == "temperror"
    )
    if spoken:
        return ("temperror" if record is None else "pass" if record else "none"), domain
    return ("temperror" if unsettled else "fail" if record else "none"), ""


def _is_public(peer: str) -> bool:
    try:
        return ip_address(peer).is_global
    except ValueError:
        return False


def _record(domain: str, lookup: _Limited) -> dict[str, str]:
    """Return the tags of the domain's DMARC record, or of its organisation's; {} when there is none."""
    for host in dict.fromkeys((domain, organisation(domain))):
        records = [text for text in lookup(f"_dmarc.{host}", "TXT") if text.strip().startswith("v=DMARC1")]
        if len(records) == 1:
            try:
                return dict(answer_to_dict(records[0]))
            except DMARCException:
                return {}
    return {}


def _aligned(author: str, speaker: str, strict: bool) -> bool:
    if not speaker or strict:
        return speaker == author
    return organisation(author) == organisation(speaker)


@cache
def organisation(domain: str) -> str:
    """Return the registered domain above `domain`, by the public suffix list."""
    return str(get_org_domain(domain) or domain)


def _is_google(message: Message, signatures: tuple[Signature, ...]) -> bool:
    """Tell whether Google's calendar itself asserts the mail: its signature, and it as Sender."""
    signed = any(one.domain == _GOOGLE and one.verdict == "pass" for one in signatures)
    return signed and address_of(message, "Sender")[1] == _GOOGLE_SENDER
