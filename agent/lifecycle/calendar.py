"""Carries out what the reconciler decides about one calendar UID: rows and jobs change in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from sqlmodel import Session

from agent.errors import Conflict
from agent.lifecycle import plan
from agent.lifecycle.house import House
from agent.lifecycle.transition import advance
from agent.model.call import Verb
from agent.model.invite import Component
from agent.model.series import Series
from agent.model.states import EndReason, State, Told
from agent.model.tables import EventSeries, Job, Occurrence
from agent.rules import links, reconcile
from agent.store import jobs, mails

AT_THE_DOOR = frozenset({State.JOINING, State.WAITING})
RESTART_IF_LATER = timedelta(minutes=1)
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


@dataclass(frozen=True, slots=True)
class Message:
    """One component on its way in, with what its carrier knows of it."""

    component: Component
    source: str
    inviter: str
    bot_address: str
    thread: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    trust: str = ""


@dataclass(slots=True)
class Taken:
    """What came of a message. `verbs` are to be told to running bots once the transaction is committed."""

    outcome: reconcile.Outcome
    jobs: list[Job] = field(default_factory=list)
    verbs: list[tuple[str, Verb, str]] = field(default_factory=list)


class Calendar:
    """One UID inside one transaction."""

    def __init__(self, session: Session, house: House, uid: str) -> None:
        self.session = session
        self.house = house
        self.uid = uid
        self.now = house.now()
        self.row = mails.series(session, uid)

    def known(self, fresh: Component) -> reconcile.Known:
        """Return what is known of the UID, and of other UIDs on the same links."""
        own: Sequence[tuple[Occurrence, Job]] = ()
        series = None
        if self.row is not None and self.row.id is not None:
            own = mails.with_jobs(self.session, self.row.id)
            series = Series.model_validate(self.row.body) if self.row.body else None
        urls = {url for slot in fresh.slots for url in slot.links} | set(fresh.links)
        other = mails.on_links(self.session, sorted(urls), self.uid)
        return reconcile.Known(
            series=series,
            occurrences=tuple(_as_value(occurrence, job) for occurrence, job in own),
            elsewhere=tuple(_as_value(occurrence, job) for occurrence, job in other),
        )

    def take(self, message: Message) -> Taken:
        """Decide about a message and carry it out."""
        habits = self.house.habits
        policy = reconcile.Policy(meet_url=habits.meet_url, exclude_keywords=habits.exclude_keywords)
        outcome = reconcile.decide(self.known(message.component), message.component, self.now, policy)
        taken = Taken(outcome)
        if outcome.series is None:
            return taken
        row = self._keep(message, outcome)
        for decision in outcome.decisions:
            self._act(row, message, decision, taken)
        return taken

    def _keep(self, message: Message, outcome: reconcile.Outcome) -> EventSeries:
        organizer = message.component.organizer.email if message.component.organizer else ""
        row = self.row or EventSeries(
            uid=self.uid,
            organizer=organizer,
            inviter=message.inviter,
            trust=message.trust,
            source=message.source,
            updated_at=self.now,
        )
        if outcome.changed or self.row is None:
            assert outcome.series is not None
            row.body = outcome.series.model_dump(mode="json")
            row.updated_at = self.now
        row.bot_address = message.bot_address or row.bot_address
        row.thread = message.thread or row.thread
        row.options = row.options | message.options
        self.session.add(row)
        self.session.flush()
        self.row = row
        return row

    def _act(self, row: EventSeries, message: Message, decision: reconcile.Decision, taken: Taken) -> None:
        match decision:
            case reconcile.Create():
                taken.jobs.append(self._create(row, message, decision))
            case reconcile.Move():
                self._move(row, message, decision, taken)
            case reconcile.Retitle():
                if found := self._job_at(row, decision.slot):
                    found[0].title = found[1].title = decision.title
                    self.session.add_all(found)
            case reconcile.Cancel():
                self._cancel(row, decision, taken)
            case reconcile.Keep():
                if found := self._job_at(row, decision.slot):
                    self._refresh(found[1], row, message)
                    taken.jobs.append(found[1])

    def _create(self, row: EventSeries, message: Message, wanted: reconcile.Create) -> Job:
        assert row.id is not None
        occurrence = mails.at_slot(self.session, row.id, wanted.slot) or Occurrence(
            series_id=row.id, slot=wanted.slot, starts_at=wanted.starts_at, ends_at=wanted.ends_at
        )
        self._write(occurrence, wanted)
        key = f"occurrence:{occurrence.id}"
        known = jobs.by_key(self.session, key)
        if known is not None and known.state != State.CANCELLED:
            key, known = f"{key}:{wanted.starts_at.isoformat()}", None
        if known is not None:
            plan.reinstate(self.session, self.house, known, **self._plan_of(wanted))
            job = known
        else:
            job = plan.create(self.session, self.house, self._wish(row, message, wanted, key))
            line: dict[str, object] = {"source": message.source, "uid": self.uid, "inviter": row.inviter}
            jobs.note(self.session, job, self.now, Told.INVITATION_SEEN, line)
        occurrence.job_id = job.id
        self.session.add(occurrence)
        return job

    def _wish(self, row: EventSeries, message: Message, wanted: reconcile.Create, key: str) -> plan.Wish:
        return plan.Wish(
            key=key,
            inviter=row.inviter,
            source=message.source,
            invited=_invited(message.component),
            thread=row.thread,
            options=dict(row.options),
            **self._plan_of(wanted),
        )

    def _plan_of(self, wanted: reconcile.Create | reconcile.Move) -> dict[str, Any]:
        link = links.recognise(wanted.link, self.house.habits.meet_url)
        return {
            "meeting_url": wanted.link,
            "meeting_code": link.code if link else "",
            "title": wanted.title,
            "starts_at": wanted.starts_at,
            "ends_at": wanted.ends_at,
            "join_at": wanted.starts_at - timedelta(seconds=self.house.habits.join_early_seconds),
        }

    def _move(self, row: EventSeries, message: Message, wanted: reconcile.Move, taken: Taken) -> None:
        found = self._job_at(row, wanted.slot)
        if found is None:
            return
        occurrence, job = found
        self._write(occurrence, wanted)
        old_key = plan.attend_key(job)
        fresh = self._plan_of(wanted)
        elsewhere = job.meeting_code != fresh["meeting_code"]
        if not wanted.running:
            plan.move(self.session, self.house, job, **fresh)
        elif State(job.state) in AT_THE_DOOR and (
            elsewhere or fresh["join_at"] > self.now + RESTART_IF_LATER
        ):
            advance(
                self.session,
                self.house.engine,
                job,
                State.SCHEDULED,
                self.now,
                detail="the meeting was moved",
            )
            plan.move(self.session, self.house, job, **fresh)
            taken.verbs.append((old_key, Verb.RECHECK, "moved"))
        else:
            job.title, job.ends_at = wanted.title, wanted.ends_at
            jobs.note(self.session, job, self.now, Told.JOB_MOVED, {"ends_at": wanted.ends_at.isoformat()})
        self._refresh(job, row, message)
        taken.jobs.append(job)

    def _cancel(self, row: EventSeries, decision: reconcile.Cancel, taken: Taken) -> None:
        found = self._job_at(row, decision.slot)
        if found is None:
            return
        occurrence, job = found
        occurrence.cancelled = True
        self.session.add(occurrence)
        try:
            done = plan.cancel(self.session, self.house, job, EndReason.CANCELLED_BY_INVITE, decision.reason)
        except Conflict:
            return
        if not done:
            taken.verbs.append((plan.attend_key(job), Verb.LEAVE, "cancelled_by_invite"))
        taken.jobs.append(job)

    def _write(self, occurrence: Occurrence, wanted: reconcile.Create | reconcile.Move) -> None:
        occurrence.slot = wanted.to_slot if isinstance(wanted, reconcile.Move) else wanted.slot
        occurrence.starts_at, occurrence.ends_at = wanted.starts_at, wanted.ends_at
        occurrence.title, occurrence.meeting_url, occurrence.cancelled = wanted.title, wanted.link, False
        self.session.add(occurrence)
        self.session.flush()

    def _refresh(self, job: Job, row: EventSeries, message: Message) -> None:
        """Take over what may change without a new plan: who is invited, and the thread to answer in."""
        invited = _invited(message.component)
        job.invited = invited or job.invited
        job.thread = row.thread or job.thread
        self.session.add(job)

    def _job_at(self, row: EventSeries, slot: str) -> tuple[Occurrence, Job] | None:
        occurrence = mails.at_slot(self.session, row.id or 0, slot)
        if occurrence is None or occurrence.job_id is None:
            return None
        return occurrence, jobs.get(self.session, occurrence.job_id)


def _as_value(occurrence: Occurrence, job: Job) -> reconcile.Occurrence:
    return reconcile.Occurrence(
        slot=occurrence.slot,
        starts_at=occurrence.starts_at,
        ends_at=occurrence.ends_at,
        link=occurrence.meeting_url,
        title=occurrence.title,
        state=SEEN_AS[State(job.state)],
        by_person=job.state == State.CANCELLED and job.end_reason == EndReason.REQUESTED,
    )


def _invited(component: Component) -> list[dict[str, Any]]:
    people = {person.email: person for person in component.attendees}
    if component.organizer:
        people.setdefault(component.organizer.email, component.organizer)
    return [person.model_dump() for person in people.values()]
