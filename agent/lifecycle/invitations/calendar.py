"""One calendar UID inside one transaction: what is known of it, what a message changes, and what it is bound to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal

from sqlmodel import Session

from agent.lifecycle.house import House
from agent.lifecycle.invitations.occurrences import Occurrences, Taken
from agent.model.invite import Component, Slot
from agent.model.series import Series
from agent.model.states import EndReason, State
from agent.model.tables import EventSeries, Job, Occurrence
from agent.rules import caps, reconcile
from agent.rules import series as calendar
from agent.rules.trust import Binding
from agent.store import series as store

SEEN_AS: dict[State, Literal["scheduled", "running", "done", "cancelled"]] = {
    State.SCHEDULED: "scheduled",
    State.QUEUED: "scheduled",
    State.JOINING: "running",
    State.WAITING: "running",
    State.IN_CALL: "running",
    State.RECORDING: "running",
    State.FINALIZING: "done",
    State.COMPLETED: "done",
    State.FAILED: "done",
    State.CANCELLED: "cancelled",
}
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Message:
    """One component on its way in, with what its carrier knows of it. `binding` is whom a new UID will belong to."""

    component: Component
    source: str
    inviter: str
    bot_address: str
    thread: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    binding: Binding | None = None
    calendar_id: str = ""


class Calendar:
    """One UID. `row` is None until something of it is stored."""

    def __init__(self, session: Session, house: House, uid: str) -> None:
        self.session = session
        self.house = house
        self.uid = uid
        self.now = house.now()
        self.row = store.by_uid(session, uid)
        self._planned: Sequence[tuple[Occurrence, Job]] = ()

    @property
    def series(self) -> Series | None:
        """Return the UID as it is believed, None when nothing is."""
        return Series.model_validate(self.row.body) if self.row is not None and self.row.body else None

    @property
    def is_polled(self) -> bool:
        """Whether the UID stands in a calendar that is polled, so that it is answered there."""
        polled = {feed.calendar_id for feed in self.house.calendars}
        return self.row is not None and self.row.calendar_id in polled

    def binding(self, organizer: str) -> Binding | None:
        """Return whom the UID belongs to; one that came without an organizer takes the first that is named."""
        if self.row is None:
            return None
        return Binding(self.row.organizer or organizer, self.row.bound_domain, self.row.trust_level)

    def known(self, fresh: Component) -> reconcile.Known:
        """Return what is known of the UID, and of other UIDs on the same links."""
        series = self.series
        wanted = calendar.occurrences(calendar.merge(series, fresh))
        before = calendar.occurrences(series) if series is not None else {}
        own: Sequence[tuple[Occurrence, Job]] = ()
        if self.row is not None and self.row.id is not None:
            own = store.with_jobs(self.session, self.row.id, wanted.keys() | before.keys())
        mine = {job.id for _, job in own}
        found = self._elsewhere([*wanted.values(), *before.values()])
        self._planned = [*own, *((occurrence, job) for occurrence, job, _ in found)]
        return reconcile.Known(
            series=series,
            occurrences=tuple(_as_value(occurrence, job) for occurrence, job in own),
            elsewhere=tuple(
                _as_value(occurrence, job, many) for occurrence, job, many in found if job.id not in mine
            ),
        )

    def _elsewhere(self, slots: Sequence[Slot]) -> Sequence[tuple[Occurrence, Job, int]]:
        """Return where bots go for other UIDs while this one meets, on its links."""
        urls = {url for slot in slots for url in slot.links}
        if not urls:
            return ()
        begins, ends = min(slot.starts_at for slot in slots), max(slot.starts_at for slot in slots)
        return store.elsewhere(self.session, urls, begins, ends, self.row.id if self.row else None)

    def take(self, message: Message) -> Taken:
        """Decide about a message and carry it out."""
        habits = self.house.habits
        policy = reconcile.Policy(habits.meet_url, habits.exclude_keywords, habits.bot_email)
        known = self.known(message.component)
        outcome = reconcile.decide(known, message.component, self.now, policy)
        outcome = replace(outcome, decisions=self._within_caps(message, outcome.decisions))
        taken = Taken(outcome)
        if outcome.series is None:
            return taken
        row = self._keep(message, outcome)
        acting = Occurrences(self.session, self.house, row, outcome.series, message.component, self._planned)
        acting.renewed = not _says_nothing_new(message, known, outcome)
        acting.act(outcome.decisions, taken, message.source)
        return taken

    def _within_caps(
        self, message: Message, decisions: tuple[reconcile.Decision, ...]
    ) -> tuple[reconcile.Decision, ...]:
        """Refuse what would be more than one inviter may have."""
        fresh = [decision for decision in decisions if isinstance(decision, reconcile.Create)]
        limits = caps.Limits(self.house.habits.invites_joins_per_day, self.house.habits.invites_concurrent)
        if not fresh or not (limits.joins_per_day or limits.concurrent):
            return decisions
        begins = min(one.starts_at for one in fresh) - A_DAY
        ends = max(one.ends_at for one in fresh) + A_DAY
        inviter = self.row.inviter if self.row else message.inviter
        planned = [
            caps.Planned(job.starts_at, job.ends_at or job.starts_at)
            for job in store.planned_for(self.session, inviter, begins, ends)
        ]
        return caps.within(decisions, planned, limits)

    def _keep(self, message: Message, outcome: reconcile.Outcome) -> EventSeries:
        """Store the UID as it is believed now. The trust it is bound by never sinks."""
        row = self.row or self._new_row(message)
        if outcome.changed or self.row is None:
            assert outcome.series is not None
            row.body = outcome.series.model_dump(mode="json")
            row.updated_at = self.now
            master = outcome.series.master
            row.horizon_until = master.expanded_until if master and not master.cancelled else None
            row.thread = message.thread or row.thread
        if message.binding is not None:
            row.organizer = row.organizer or message.binding.organizer
            row.trust_level = max(row.trust_level, message.binding.level)
        row.bot_address = message.bot_address or row.bot_address
        row.calendar_id = message.calendar_id or row.calendar_id
        row.options = row.options | message.options
        self.session.add(row)
        self.session.flush()
        self.row = row
        return row

    def _new_row(self, message: Message) -> EventSeries:
        binding = message.binding or Binding("", "")
        return EventSeries(
            uid=self.uid,
            organizer=binding.organizer,
            inviter=message.inviter,
            bound_domain=binding.domain,
            trust_level=binding.level,
            source=message.source,
            updated_at=self.now,
        )


def _as_value(occurrence: Occurrence, job: Job, invitations: int = 1) -> reconcile.Occurrence:
    return reconcile.Occurrence(
        slot=occurrence.slot,
        starts_at=occurrence.starts_at,
        ends_at=occurrence.ends_at,
        link=occurrence.meeting_url,
        title=occurrence.title,
        state="done" if _ended_by_itself(job) else SEEN_AS[State(job.state)],
        by_person=job.state == State.CANCELLED and job.end_reason == EndReason.REQUESTED,
        invitations=invitations,
    )


def _says_nothing_new(message: Message, known: reconcile.Known, outcome: reconcile.Outcome) -> bool:
    """Whether a message leaves what it keeps exactly as it is, as a further look at the same series does."""
    before = known.series.master if known.series else None
    after = outcome.series.master if outcome.series else None
    if before is None or after is None or message.thread or message.options:
        return False
    return (before.attendees, before.organizer) == (after.attendees, after.organizer)


def _ended_by_itself(job: Job) -> bool:
    """Whether a cancelled job was at its meeting, so that the same invitation does not bring it back."""
    by_word = {EndReason.CANCELLED_BY_INVITE, EndReason.REQUESTED}
    return job.state == State.CANCELLED and job.end_reason not in by_word
