"""Who gets the recap, and how much of the meeting each of them may read.

Nobody who declined, nobody the bot cannot place: a recap is sent on purpose or not at all. The platform tells
display names and no addresses, so that presence is joined to the invitation by name, and only where that is unambiguous.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from agent.model.invite import Attendee
from agent.model.summary import Cited, Summary, Topic
from agent.model.transcript import Attendance, Entry
from agent.rules import mailboxes

Policy = Literal["inviter", "attended", "internal", "invited"]

OUTSIDERS_MAX = 5
# Addresses of these say nothing about a company.
PUBLIC_MAIL = frozenset(
    {
        *(
            "aol.com",
            "gmail.com",
            "gmx.de",
            "gmx.net",
            "googlemail.com",
            "hotmail.com",
            "icloud.com",
            "live.com",
        ),
        *("me.com", "outlook.com", "proton.me", "protonmail.com", "web.de", "yahoo.com"),
    }
)
ROOM_DOMAINS = ("resource.calendar.google.com", "group.calendar.google.com")
_BRACKETED = re.compile(r"\s*[(\[（].*?[)\]）]\s*")
_PARTS = re.compile(r"[\W_]+")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Recipient:
    """One reader. `until` is when they left for good; None: they stayed to the end, or cannot be told apart."""

    email: str
    name: str
    why: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The readers, and for everybody else (address, reason) why not."""

    recipients: tuple[Recipient, ...]
    passed_over: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class House:
    """Whose meeting it is: domains that count as inside, the bot's own addresses, who wants no more recaps, whose mail
    came back.
    """

    domains: frozenset[str] = frozenset()
    own_addresses: frozenset[str] = frozenset()
    unsubscribed: frozenset[str] = frozenset()
    undeliverable: frozenset[str] = frozenset()


def choose(
    policy: Policy,
    inviter: Attendee,
    invitees: Sequence[Attendee],
    attendances: Sequence[Attendance],
    house: House,
) -> Choice:
    """Decide who gets the recap.

    inviter: who invited the bot. attended: also invitees seen in the meeting; outsiders among them only in a small
    meeting with one other company. internal: also invitees of the inviter's own house. invited: every invitee.
    Never: who declined or unsubscribed, who cannot be written to, rooms, and the bot itself.
    """
    people = {person.email: person for person in (*invitees, inviter)}
    declined = {person.email for person in (*invitees, inviter) if person.partstat.upper() == "DECLINED"}
    present = match(tuple(people.values()), attendances)
    inside = _inside(inviter, house)
    outsiders_fit = _outsiders_fit([email for email in people if _domain(email) not in inside])
    chosen: list[Recipient] = []
    passed_over: list[tuple[str, str]] = []
    for email, person in people.items():
        obstacle = _obstacle(email, declined, house)
        if not obstacle and email != inviter.email:
            obstacle = _outside_policy(
                policy,
                attended=email in present,
                inside=_domain(email) in inside,
                outsiders_fit=outsiders_fit,
            )
        if obstacle:
            passed_over.append((email, obstacle))
            continue
        why = "inviter" if email == inviter.email else policy
        chosen.append(Recipient(email, _best_name(person), why, present.get(email)))
    return Choice(tuple(chosen), tuple(passed_over))


def match(people: Sequence[Attendee], attendances: Sequence[Attendance]) -> dict[str, datetime | None]:
    """Join invitees to participants: address → when they left for good, None while they stayed to the end.

    Two invitees who could be the same participant are both left out; participants of one name (a phone beside a
    laptop) count as one person.
    """
    stays: dict[str, list[datetime | None]] = {}
    for attendance in attendances:
        stays.setdefault(name_key(attendance.display_name), []).append(_left_at(attendance))
    return {
        email: _latest([left for key in keys for left in stays[key]])
        for email, keys in _claims(people, stays).items()
    }


def unseen(
    people: Sequence[Attendee], attendances: Sequence[Attendance], own_addresses: Collection[str]
) -> tuple[Attendee, ...]:
    """Return the invitees of whom nobody present can be one; neither rooms nor the bot.

    Where two invitees bear one name, either may be who was there, so that neither is told to have been away.
    """
    present = {name_key(attendance.display_name) for attendance in attendances}
    return tuple(
        person
        for person in people
        if not _keys(person) & present
        and _domain(person.email) not in ROOM_DOMAINS
        and _base(person.email) not in own_addresses
    )


def addresses(people: Sequence[Attendee], names: Sequence[str]) -> dict[str, str]:
    """Join display names to invitees: name → address, where that is unambiguous as in `match`."""
    claims = _claims(people, {name_key(name) for name in names})
    owners = {key: email for email, keys in claims.items() for key in keys}
    return {name: owners[name_key(name)] for name in names if name_key(name) in owners}


def _claims(people: Sequence[Attendee], present: Collection[str]) -> dict[str, set[str]]:
    """Return the name keys that are one invitee's alone, by address."""
    claims = {person.email: _keys(person) & set(present) for person in people}
    rivals = Counter(key for keys in claims.values() for key in keys)
    return {email: keys for email, keys in claims.items() if keys and all(rivals[key] == 1 for key in keys)}


def name_key(name: str) -> str:
    """Reduce a name to what identifies it: case, accents, order of its parts and a bracketed remark do not."""
    flat = unicodedata.normalize("NFKD", _BRACKETED.sub(" ", name))
    bare = "".join(letter for letter in flat if not "\u0300" <= letter <= "\u036f")
    return " ".join(sorted(part for part in _PARTS.split(bare.casefold()) if part))


def visible_entries(entries: Sequence[Entry], until: datetime | None) -> tuple[Entry, ...]:
    """Cut the transcript where its reader left."""
    return tuple(entry for entry in entries if until is None or entry.started_at < until)


def visible_summary(summary: Summary, entries: Sequence[Entry], until: datetime | None) -> Summary:
    """Keep of a summary what rests on the entries its reader was there for.

    `entries` are all of them, in the order the citations count. A topic that the reader left in the middle of keeps
    its title and loses its points, which do not say what each of them rests on.
    """
    seen = len(visible_entries(entries, until))
    if seen == len(entries):
        return summary
    seen_seconds = (until - entries[0].started_at).total_seconds() if until and seen else 0.0

    def was_heard(statement: Cited) -> bool:
        return bool(statement.cites) and max(statement.cites) <= seen

    return summary.model_copy(
        update={
            "tldr": tuple(filter(was_heard, summary.tldr)),
            "topics": tuple(
                _cut_topic(topic, seen, seen_seconds) for topic in summary.topics if _began(topic, seen)
            ),
            "decisions": tuple(filter(was_heard, summary.decisions)),
            "action_items": tuple(filter(was_heard, summary.action_items)),
            "open_questions": tuple(filter(was_heard, summary.open_questions)),
        }
    )


def _obstacle(email: str, declined: Collection[str], house: House) -> str:
    if email in declined:
        return "declined the invitation"
    if email in house.unsubscribed:
        return "unsubscribed from recaps of this series"
    if email in house.undeliverable:
        return "cannot be reached: mail to this address came back"
    if not mailboxes.written(email):
        return "has an address that no mail can be written to"
    if _base(email) in house.own_addresses:
        return "is the bot itself"
    return "is a room or a group calendar" if _domain(email) in ROOM_DOMAINS else ""


def _outside_policy(policy: Policy, *, attended: bool, inside: bool, outsiders_fit: bool) -> str:
    if policy == "inviter":
        return "only the inviter gets the recap"
    if policy == "internal" and not inside:
        return "is from another domain"
    if policy == "attended" and not attended:
        return "was not seen in the meeting under the invited name"
    if policy == "attended" and not inside and not outsiders_fit:
        return "is from another domain, and the outsiders are many or of several companies"
    return ""


def _inside(inviter: Attendee, house: House) -> frozenset[str]:
    return house.domains | ({_domain(inviter.email)} - PUBLIC_MAIL)


def _outsiders_fit(outsiders: Sequence[str]) -> bool:
    """Whether all outsiders are of one company and few: then a mail to them surprises none of them."""
    companies = {email if _domain(email) in PUBLIC_MAIL else _domain(email) for email in outsiders}
    return len(outsiders) <= OUTSIDERS_MAX and len(companies) <= 1


def _keys(person: Attendee) -> set[str]:
    """The names under which an invitee may appear; one word of an address is too little to go by."""
    keys = {name_key(person.name)} if "@" not in person.name else set()
    local = name_key(_DIGITS.sub("", _base(person.email).partition("@")[0]))
    return (keys | ({local} if " " in local else set())) - {""}


def _best_name(person: Attendee) -> str:
    return "" if "@" in person.name else person.name


def _left_at(attendance: Attendance) -> datetime | None:
    return _latest([session.ended_at for session in attendance.sessions])


def _latest(ends: Sequence[datetime | None]) -> datetime | None:
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def _began(topic: Topic, seen: int) -> bool:
    return bool(topic.cites) and min(topic.cites) <= seen


def _cut_topic(topic: Topic, seen: int, seen_seconds: float) -> Topic:
    if max(topic.cites) <= seen:
        return topic
    heard = tuple(cite for cite in topic.cites if cite <= seen)
    end = min(topic.end_seconds, seen_seconds)
    return topic.model_copy(update={"points": (), "cites": heard, "end_seconds": end})


def _base(email: str) -> str:
    local, _, domain = email.lower().partition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _domain(email: str) -> str:
    return email.lower().rpartition("@")[2]
