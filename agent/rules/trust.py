"""Who may summon the bot, who may change what was agreed, and whether a mail is answered. Pure."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

from agent.model.authenticity import Authenticity
from agent.model.invite import Attendee, Component, ParsedMail

REPLIES_PER_SENDER_AND_HOUR = 30
REPLIES_PER_HOUR = 300
_MAX_TAGS = 10
_TAGS: dict[str, dict[str, object]] = {
    "silent": {"recap": False},
    "private": {"recipients": "inviter"},
    "attended": {"recipients": "attended"},
    "internal": {"recipients": "internal"},
    "everyone": {"recipients": "invited"},
    "audio": {"recording": "audio"},
    "video": {"recording": "video"},
    "norecording": {"recording": "off"},
}
_LANGUAGES = frozenset({"de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt"})
_LANGUAGE_OPTION = "summary_language"
TAG_OPTIONS = frozenset({_LANGUAGE_OPTION}.union(*_TAGS.values()))


class Level(IntEnum):
    """How surely a mail comes from whom it names."""

    UNVERIFIED = 0
    VERIFIED = 1  # the domain of From, or Google's calendar, vouches for it


@dataclass(frozen=True, slots=True)
class Claim:
    """Who a message says it is from. `from_email` is who acts, which may be another person than the organizer."""

    from_email: str
    organizer: str = ""
    forwarded: bool = False


@dataclass(frozen=True, slots=True)
class Binding:
    """Whom a known UID belongs to since it was first seen. `level` as integer, for storing."""

    organizer: str
    domain: str
    level: int = Level.UNVERIFIED


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """`allow` holds addresses, domains or `*`; `registered` the addresses of users, in lower case; `own` the bot's."""

    allow: tuple[str, ...] = ()
    registered: Collection[str] = ()
    own: Collection[str] = ()
    verify: Literal["report", "enforce", "off"] = "report"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that was evaluated, for `explain`."""

    rule: str
    result: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """accept: act on the message; hold: ask the operator; ignore: nothing. `binding` is what to store with a new UID."""

    verdict: Literal["accept", "hold", "ignore"]
    rule: str
    reason: str
    binding: Binding
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address of ours: `address` as written, `base` without tags in lower case, `tags` in lower case, in order."""

    address: str
    base: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplyCase:
    """What deciding on a reply takes. `me` is the bot's ATTENDEE line, None when it is not listed; `answer` a PARTSTAT.

    `answered` holds the `change_key` of every change already answered.
    """

    mail: ParsedMail
    envelope_from: str
    component: Component
    me: Attendee | None
    answer: str
    own: Collection[str] = ()
    verify: Literal["report", "enforce", "off"] = "report"
    authenticity: Authenticity = field(default_factory=Authenticity)
    answered: Collection[str] = ()
    replies_to_sender_last_hour: int = 0
    replies_last_hour: int = 0


@dataclass(frozen=True, slots=True)
class ReplyRuling:
    """Whether to reply, and by which rule."""

    send: bool
    rule: str


def judge(
    claim: Claim, authenticity: Authenticity, policy: TrustPolicy, binding: Binding | None = None
) -> Judgement:
    """Decide whether a message may act: on a new UID by the allow rules, on a known one by whom it is bound to."""
    findings = list(_verdicts(authenticity, policy))
    own = {address.lower() for address in policy.own}
    level = level_of(authenticity, policy.verify)
    fresh = Binding(claim.organizer, domain_of(claim.from_email), level)

    def ruling(verdict: Literal["accept", "hold", "ignore"], rule: str, reason: str) -> Judgement:
        return Judgement(verdict, rule, reason, binding or fresh, (*findings, Finding(rule, verdict, reason)))

    if not claim.from_email:
        return ruling("hold", "no_sender", "the mail does not say who sent it")
    if claim.from_email in own or claim.organizer in own:
        return ruling("ignore", "own", "the message comes from the bot itself")
    if binding is not None and not _belongs(claim, binding, authenticity):
        return ruling("hold", "other_sender", "the change does not come from whoever made the invitation")
    if binding is not None and level < binding.level and not _excused(authenticity, policy):
        return ruling("hold", "less_trust", "the invitation was verified, and this change of it is not")
    if policy.verify == "enforce" and level < Level.VERIFIED:
        return ruling("hold", "unverified", "neither the sender's domain nor Google vouches for the mail")
    if binding is not None:
        return ruling("accept", "bound", "the change comes from whoever made the invitation")
    allowed = _allowed(claim, policy)
    if allowed:
        return ruling("accept", "allowed", allowed)
    return ruling("hold", "stranger", f"{claim.from_email} is not on the list of people who may invite")


def level_of(authenticity: Authenticity, verify: str) -> Level:
    """Return how much the verdicts prove; nothing when they are not looked at."""
    if verify == "off" or authenticity.faults:
        return Level.UNVERIFIED
    return Level.VERIFIED if authenticity.aligned or authenticity.google else Level.UNVERIFIED


def matching_rule(address: str, policy: TrustPolicy) -> str:
    """Return the allow rule that covers an address, '' when none does."""
    address = address.lower()
    if address in policy.registered:
        return "registered"
    for entry in policy.allow:
        wanted = entry.strip().lower().removeprefix("*@").removeprefix("@")
        if wanted == "*" or (address == wanted if "@" in wanted else domain_of(address) == wanted):
            return entry
    return ""


def domain_of(address: str) -> str:
    """Return the part after the last @, in lower case."""
    return address.rpartition("@")[2].lower()


def recipient(address: str) -> Recipient:
    """Split `Notes+Silent@bot.example` into address and tags; several tags are joined by `+`."""
    local, at, domain = address.rpartition("@")
    base, *tags = local.split("+")
    wanted = tuple(tag.strip().lower() for tag in tags if tag.strip())
    return Recipient(address, f"{base}{at}{domain}".lower(), wanted[:_MAX_TAGS])


def options_of(recipients: Collection[str]) -> dict[str, object]:
    """Return the job options that the plus-tags of these recipients ask for; the last tag wins, unknown ones say nothing."""
    options: dict[str, object] = {}
    for address in recipients:
        for tag in recipient(address).tags:
            options |= _TAGS.get(tag, {})
            if tag in _LANGUAGES:
                options[_LANGUAGE_OPTION] = tag
    return options


def my_line(component: Component, recipients: Collection[str]) -> Attendee | None:
    """Return the ATTENDEE line that is ours: of the envelope's recipients first, then of the address without tags."""
    wanted = [address.lower() for address in recipients]
    bases = {recipient(address).base for address in wanted}
    exact = [one for one in component.attendees if one.email in wanted]
    alike = [one for one in component.attendees if recipient(one.email).base in bases]
    return next(iter([*exact, *alike]), None)


def change_key(component: Component, address: str) -> str:
    """Name one change as one attendee sees it; replies are sent once per such key."""
    stamp = component.stamped_at.isoformat() if component.stamped_at else ""
    instances = ",".join(component.recurrence_ids) if component.only_instances else ""
    text = "\n".join((component.uid, instances, str(component.sequence), stamp, address.lower()))
    return hashlib.sha256(text.encode()).hexdigest()


def should_reply(case: ReplyCase) -> ReplyRuling:
    """Decide whether a mail is answered: once per change, by a listed attendee, never to automata or the unverified."""
    for rule, holds in _reply_rules(case):
        if not holds:
            return ReplyRuling(False, rule)
    return ReplyRuling(True, "once_per_change")


def should_refresh(case: ReplyCase) -> ReplyRuling:
    """Decide whether the organizer's calendar is asked for a series of which only single occurrences are known.

    Google's calendar ignores such a mail and leaves it to a person to read, so it is spared.
    """
    google = case.authenticity.google and not case.authenticity.vouched
    for rule, holds in (("ignored_by_google", not google), *_letter_rules(case)):
        if not holds:
            return ReplyRuling(False, rule)
    return ReplyRuling(True, "once_per_event")


def _reply_rules(case: ReplyCase) -> tuple[tuple[str, bool], ...]:
    """Return every condition of a reply by name, with whether it holds."""
    component, me = case.component, case.me
    return (
        ("only_requests_are_answered", component.method == "REQUEST" and not component.cancelled),
        *_letter_rules(case),
        ("reply_unwanted", not (me and me.no_reply)),
        ("already_answered", not me or me.rsvp or me.partstat != case.answer),
        ("once_per_change", me is not None and change_key(component, me.email) not in case.answered),
    )


def _letter_rules(case: ReplyCase) -> tuple[tuple[str, bool], ...]:
    """Return what must hold of any letter to an organizer's calendar."""
    mail, component, me = case.mail, case.component, case.me
    own = {address.lower() for address in case.own}
    organizer = component.organizer.email if component.organizer else ""
    auto = mail.auto_submitted.partition(";")[0].strip()
    listed = me is not None
    return (
        ("no_organizer", bool(organizer)),
        ("own_address", organizer not in own and mail.from_email not in own),
        ("null_sender", bool(case.envelope_from.strip("<> "))),
        ("report", not mail.is_report),
        # Google marks every invitation auto-generated, so only answers by automata count.
        ("automatic_answer", auto not in ("auto-replied", "auto-notified")),
        ("mailing_list", listed or not (mail.list_id or mail.precedence in ("list", "bulk", "junk"))),
        ("not_listed", listed and not mail.forwarded),
        (
            "forged",
            case.verify == "off" or (case.authenticity.dmarc != "fail" and not case.authenticity.faults),
        ),
        (
            "unverified",
            case.verify != "enforce" or level_of(case.authenticity, case.verify) >= Level.VERIFIED,
        ),
        ("sender_rate", case.replies_to_sender_last_hour < REPLIES_PER_SENDER_AND_HOUR),
        ("rate", case.replies_last_hour < REPLIES_PER_HOUR),
    )


def _verdicts(authenticity: Authenticity, policy: TrustPolicy) -> tuple[Finding, ...]:
    if authenticity.vouched:
        return (Finding("vouched", "pass", authenticity.vouched),)
    if policy.verify == "off":
        return ()
    signers = ", ".join(f"{one.domain} {one.verdict} {one.reason}".strip() for one in authenticity.signatures)
    return (
        Finding("dkim", authenticity.dkim, signers),
        Finding("spf", authenticity.spf, authenticity.spf_domain),
        Finding("dmarc", authenticity.dmarc, authenticity.from_domain),
        *(Finding("header", "fail", fault) for fault in authenticity.faults),
    )


def _belongs(claim: Claim, binding: Binding, authenticity: Authenticity) -> bool:
    """Tell whether a change comes from where the invitation came from, or from its organizer's own domain.

    ORGANIZER is only text: naming the right one counts when the sender's domain is the organizer's, or Google vouches.
    """
    sender = domain_of(claim.from_email)
    if claim.organizer and claim.organizer != binding.organizer:
        return False
    return sender in (binding.domain, domain_of(binding.organizer)) or authenticity.google


def _excused(authenticity: Authenticity, policy: TrustPolicy) -> bool:
    """Tell whether missing trust is only the name service's silence, which matters to nobody who merely wants reports."""
    return policy.verify == "off" or (policy.verify == "report" and authenticity.unsettled)


def _allowed(claim: Claim, policy: TrustPolicy) -> str:
    """Return by which rule the sender may invite: by itself, or acting for an organizer of the same domain."""
    rule = matching_rule(claim.from_email, policy)
    if rule:
        return f"{claim.from_email} is allowed by {rule!r}"
    if claim.organizer and not claim.forwarded and domain_of(claim.organizer) == domain_of(claim.from_email):
        rule = matching_rule(claim.organizer, policy)
        if rule:
            return f"{claim.organizer}, for whom {claim.from_email} acts, is allowed by {rule!r}"
    return ""
