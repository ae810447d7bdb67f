"""What to do about a calendar message: known × fresh → create, move, retitle, cancel, keep, refuse, ignore.

Deciding is a function of values and `now`. The series is merged so that messages give the same end in any order; the
decisions then are the difference between the occurrences it has and the jobs there are.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from agent.model.invite import Component, Slot
from agent.model.series import Series
from agent.rules import series as calendar
from agent.rules.links import GOOGLE_MEET_URL, MEET, PLATFORM_NAMES, recognise
from agent.rules.trust import recipient

NEAREST = timedelta(days=4)  # how far a moved series may carry an occurrence and still be the same job
UNINVITED = "uninvited"  # the rule of a cancellation that goes on for everybody else
MOST_INVITATIONS = 50  # to one meeting: each costs every other one a little
_FOR_ORGANIZERS = frozenset({"REPLY", "REFRESH", "COUNTER", "DECLINECOUNTER"})


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A job there is, as the calendar sees it, for so many `invitations`.

    `by_person` tells that someone switched it off by hand.
    """

    slot: str
    starts_at: datetime
    ends_at: datetime
    link: str
    title: str = ""
    state: Literal["scheduled", "running", "done", "cancelled"] = "scheduled"
    by_person: bool = False
    invitations: int = 1

    @property
    def live(self) -> bool:
        """Whether the bot will go, or is there."""
        return self.state in ("scheduled", "running")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one UID: its merged series, its jobs, and live jobs of other UIDs on the same meeting links."""

    series: Series | None = None
    occurrences: tuple[Occurrence, ...] = ()
    elsewhere: tuple[Occurrence, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator wants: the base of Meet links, words in a title that keep the bot away; `own` is the bot's address."""

    meet_url: str = GOOGLE_MEET_URL
    exclude_keywords: tuple[str, ...] = ()
    own: str = ""


@dataclass(frozen=True, slots=True)
class Create:
    """Plan a job."""

    slot: str
    starts_at: datetime
    ends_at: datetime
    link: str
    title: str
    rule: str = "new"


@dataclass(frozen=True, slots=True)
class Move:
    """Change a live job's time, link or title; `to_slot` differs from `slot` when the whole series moved."""

    slot: str
    to_slot: str
    starts_at: datetime
    ends_at: datetime
    link: str
    title: str
    running: bool = False
    rule: str = "moved"


@dataclass(frozen=True, slots=True)
class Retitle:
    """Change only a live job's title."""

    slot: str
    title: str
    rule: str = "retitled"


@dataclass(frozen=True, slots=True)
class Cancel:
    """End a live job; `running` tells that the bot is in the meeting and must leave."""

    slot: str
    rule: str
    reason: str
    running: bool = False


@dataclass(frozen=True, slots=True)
class Keep:
    """Leave an occurrence as it is."""

    slot: str
    rule: str = "unchanged"


@dataclass(frozen=True, slots=True)
class Refuse:
    """Decline these occurrences; `reason` is a sentence for the inviter."""

    slots: tuple[str, ...]
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ignore:
    """Do nothing about the message; `reason` is for `explain`."""

    rule: str
    reason: str


Decision = Create | Move | Retitle | Cancel | Keep | Refuse | Ignore


@dataclass(frozen=True, slots=True)
class Outcome:
    """The series to store, and what to do. `series` is None when there is nothing to store."""

    series: Series | None
    decisions: tuple[Decision, ...]
    changed: bool = field(default=False)


def decide(known: Known, fresh: Component, now: datetime, policy: Policy | None = None) -> Outcome:
    """Take one component in. The caller has already settled that its sender may say it."""
    refusal = _not_for_us(known, fresh)
    if refusal:
        return Outcome(known.series, (refusal,))
    merged = calendar.merge(known.series, fresh)
    decisions = plan(Known(merged, known.occurrences, known.elsewhere), now, policy)
    if policy and _uninvites(known.series, fresh, policy.own):
        decisions = tuple(map(_as_uninvited, decisions))
    if (fresh.cancelled or fresh.method == "CANCEL") and not decisions:
        decisions = (Ignore("nothing_to_cancel", "a cancellation of nothing that is planned"),)
    elif fresh.method == "ADD" and not decisions and calendar.lacks_master(merged, fresh):
        decisions = (
            Ignore("waits_for_series", "it adds to a series that is not known yet, and waits for it"),
        )
    return Outcome(merged, decisions, changed=merged != known.series)


def plan(known: Known, now: datetime, policy: Policy | None = None) -> tuple[Decision, ...]:
    """Return what brings the jobs in line with the series: the tail of `decide`, also after jobs elsewhere changed."""
    if known.series is None:
        return ()
    return _Plan(known, known.series, now, policy or Policy()).decisions()


def _uninvites(series: Series | None, fresh: Component, own: str) -> bool:
    """Tell whether a cancellation is for the bot alone: the event has other guests, and it names none of them."""
    if fresh.method != "CANCEL" or not fresh.attendees:
        return False
    master = series.master if series else None
    host = master.organizer.email if master and master.organizer else ""
    guests = {recipient(one.email).base for one in master.attendees} if master else set()
    named = {recipient(one.email).base for one in fresh.attendees}
    return named == {own} and bool(guests - {own, host})


def _as_uninvited(decision: Decision) -> Decision:
    if isinstance(decision, Cancel) and decision.rule == "cancelled":
        return replace(decision, rule=UNINVITED, reason="the bot was taken off the guest list")
    return decision


def _not_for_us(known: Known, fresh: Component) -> Ignore | Refuse | None:
    if fresh.method in _FOR_ORGANIZERS:
        return Ignore("method", f"METHOD:{fresh.method} is for organizers")
    if fresh.broken and not fresh.slots and (fresh.only_instances or not fresh.cancelled):
        reason = "; ".join(fresh.broken)
        # A change that cannot be read leaves a plan as it was, so declining it would say the wrong thing.
        if fresh.method == "CANCEL" or any(one.live for one in known.occurrences):
            return Ignore("unreadable", reason)
        return Refuse((), "unreadable", reason)
    if calendar.is_stale(known.series, fresh):
        return Ignore("stale", "a newer version is known")
    return None


class _Plan:
    """One comparison of a series with its jobs."""

    def __init__(self, known: Known, series: Series, now: datetime, policy: Policy) -> None:
        self._known = known
        self._now = now
        self._policy = policy
        self._wanted = calendar.occurrences(series)
        self._ended_whole = series.master is not None and series.master.cancelled
        self._until = series.master.expanded_until if series.master else None
        self._live = {one.slot: one for one in known.occurrences if one.live}
        self._past = {one.slot: one for one in sorted(known.occurrences, key=_end) if not one.live}
        self._refused: dict[tuple[str, str], list[str]] = {}
        self._made: list[Create] = []
        self._decided: list[Decision] = []

    def decisions(self) -> tuple[Decision, ...]:
        """Return all decisions: about live jobs first, then what is new, then what is refused."""
        for name in sorted(self._wanted):
            job = self._live.get(name)
            if job:
                self._about_job(job, self._wanted[name])
            else:
                self._about_new(self._wanted[name])
        for name in sorted(self._live.keys() - self._wanted.keys()):
            self._about_orphan(self._live[name])
        return (*self._decided, *self._made, *self._refusals())

    def _about_job(self, job: Occurrence, slot: Slot) -> None:
        running = job.state == "running"
        refusal = self._refusal(slot, None if running else job)
        if refusal and not (running and refusal[0] == "past"):
            self._decided.append(Cancel(job.slot, *refusal, running=running))
            return
        link = self._link(slot)
        if (job.starts_at, job.ends_at, job.link) != (slot.starts_at, slot.ends_at, link):
            move = Move(job.slot, job.slot, slot.starts_at, slot.ends_at, link, slot.title, running)
            self._decided.append(move)
        elif job.title != slot.title:
            self._decided.append(Retitle(job.slot, slot.title))
        else:
            self._decided.append(Keep(job.slot))

    def _about_new(self, slot: Slot) -> None:
        past = self._past.get(slot.slot)
        if slot.cancelled:
            return
        if past and past.by_person:
            self._decided.append(Keep(slot.slot, "switched_off"))
        elif past and past.state == "done" and slot.starts_at < past.ends_at:
            self._decided.append(Keep(slot.slot, "already_held"))
        elif refusal := self._refusal(slot, None):
            if refusal[0] == "same_meeting":
                self._decided.append(Keep(slot.slot, "same_meeting"))
            else:
                self._refused.setdefault(refusal, []).append(slot.slot)
        else:
            rule = "rescheduled" if past else "new"
            self._made.append(
                Create(slot.slot, slot.starts_at, slot.ends_at, self._link(slot), slot.title, rule)
            )

    def _about_orphan(self, job: Occurrence) -> None:
        """Decide about a live job whose slot the series no longer has."""
        running = job.state == "running"
        if self._ended_whole:
            self._decided.append(Cancel(job.slot, "cancelled", "the meeting was cancelled", running))
        elif running:
            self._decided.append(Keep(job.slot, "running"))
        elif job.ends_at <= self._now:
            self._decided.append(Keep(job.slot, "over"))  # a calendar looks back a day only
        elif self._until is not None and job.starts_at >= self._until:
            self._decided.append(Keep(job.slot, "beyond_horizon"))
        else:
            free = [one for one in self._made if one.rule == "new"]
            heir = min(free, key=lambda one: abs(one.starts_at - job.starts_at), default=None)
            if heir is None or abs(heir.starts_at - job.starts_at) > NEAREST:
                self._decided.append(
                    Cancel(job.slot, "no_longer_in_series", "the series no longer meets then")
                )
                return
            self._made.remove(heir)
            self._decided.append(
                Move(
                    job.slot,
                    heir.slot,
                    heir.starts_at,
                    heir.ends_at,
                    heir.link,
                    heir.title,
                    rule="series_moved",
                )
            )

    def _refusals(self) -> list[Refuse]:
        """Return what is declined; that a series has had occurrences before is nothing to decline."""
        goes_on = bool(self._made or self._decided) or len(self._refused) > 1
        return [
            Refuse(tuple(slots), rule, reason)
            for (rule, reason), slots in self._refused.items()
            if not (rule == "past" and goes_on)
        ]

    def _refusal(self, slot: Slot, job: Occurrence | None) -> tuple[str, str] | None:
        """Return rule and reason why nobody goes to this occurrence, None when the bot goes."""
        if slot.cancelled:
            return "cancelled", "the meeting was cancelled"
        reason = _link_refusal(slot, self._policy.meet_url)
        if reason:
            return reason
        if slot.all_day:
            return (
                "all_day",
                "an all-day event does not say when to join; please invite with a start and an end time",
            )
        title = slot.title.casefold()
        for word in self._policy.exclude_keywords:
            if word.casefold() in title:
                return "excluded", "the title contains a word that keeps the bot away"
        if slot.ends_at <= self._now:
            return "past", "the meeting is already over"
        return self._refusal_beside_others(slot, job)

    def _refusal_beside_others(self, slot: Slot, job: Occurrence | None) -> tuple[str, str] | None:
        """Return rule and reason why no bot of its own goes where one goes for other UIDs."""
        place = (self._link(slot), slot.starts_at)
        if job and (job.link, job.starts_at) == place:
            return None
        there = [one for one in self._known.elsewhere if one.live and (one.link, one.starts_at) == place]
        if sum(one.invitations for one in there) >= MOST_INVITATIONS:
            return "crowded", f"{MOST_INVITATIONS} other invitations bring the bot to this meeting already"
        return ("same_meeting", "the same meeting at the same time is already planned") if there else None

    def _link(self, slot: Slot) -> str:
        return slot.links[0] if slot.links else ""


def _link_refusal(slot: Slot, meet_url: str) -> tuple[str, str] | None:
    link = recognise(slot.links[0], meet_url) if slot.links else None
    if link is None:
        return "no_meet_link", "the invitation has no Google Meet link"
    if link.platform != MEET:
        name = PLATFORM_NAMES.get(link.platform, link.platform)
        return "other_platform", f"the invitation is for {name}, and only Google Meet is supported"
    if not link.code:
        return (
            "nickname",
            "the link is a nickname; please invite with the link of the form meet.google.com/abc-defg-hij",
        )
    return None


def _end(occurrence: Occurrence) -> datetime:
    return occurrence.ends_at
