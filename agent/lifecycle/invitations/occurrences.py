"""Carries out what the reconciler decides about the occurrences of one UID: rows and jobs change in one transaction.

A job serves every occurrence with the same link and start, whosever invitation it came by; what ends for one of them
goes on for the others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from sqlmodel import Session

from agent.errors import Conflict
from agent.lifecycle import plan
from agent.lifecycle.house import House
from agent.lifecycle.invitations import shared_bot
from agent.lifecycle.transition import advance
from agent.model.call import Verb
from agent.model.invite import Component
from agent.model.series import Series
from agent.model.states import EndReason, State, Told
from agent.model.tables import EventSeries, Job, Occurrence
from agent.rules import links, reconcile
from agent.rules import series as calendar
from agent.store import jobs
from agent.store import series as store

AT_THE_DOOR = frozenset({State.JOINING, State.WAITING})
IN_THE_CALL = frozenset({State.IN_CALL, State.RECORDING})
NOT_BEGUN = frozenset({State.SCHEDULED, State.QUEUED})
STAYS = "the call goes on and notes were agreed to, so the bot stays"
RESTART_IF_LATER = timedelta(minutes=1)
Place = reconcile.Create | reconcile.Move
Planned = tuple[Occurrence, Job]


@dataclass(slots=True)
class Taken:
    """What came of a message. `verbs` are to be told to running bots once the transaction is committed."""

    outcome: reconcile.Outcome
    jobs: list[Job] = field(default_factory=list)
    verbs: list[tuple[str, Verb, str]] = field(default_factory=list)


class Occurrences:
    """The occurrences of one UID. `planned` are those with a job that meet on its links, whosever they are.

    `fresh` is the message at hand; it says who is invited where nothing of the whole series is known.
    """

    def __init__(
        self,
        session: Session,
        house: House,
        row: EventSeries,
        series: Series,
        fresh: Component,
        planned: Iterable[Planned],
    ) -> None:
        assert row.id is not None
        self.session = session
        self.house = house
        self.row = row
        self.series_id = row.id
        self.series = series
        self.invited = shared_bot.invited(series.master or fresh)
        self.contest = links.several_codes((series.master or fresh).links, house.habits.meet_url)
        self.now = house.now()
        self.renewed = True  # False: what stays needs no writing
        self._planned = list(planned)
        self._own: dict[str, Occurrence] = {}
        self._people: dict[int, shared_bot.People] = {row.id: self.invited}

    def act(self, decisions: Sequence[reconcile.Decision], taken: Taken, source: str) -> None:
        """Carry decisions out in their order; new meetings that follow each other are written together."""
        named = {slot for decision in decisions for slot in _slots(decision)}
        self._own = {one.slot: one for one in store.occurrences(self.session, self.series_id, named)}
        fresh: list[reconcile.Create] = []
        for decision in decisions:
            if isinstance(decision, reconcile.Create) and self._is_new(decision, fresh):
                fresh.append(decision)
                continue
            self._plan_all(fresh, taken, source)
            fresh = []
            self._act(decision, taken, source)
        self._plan_all(fresh, taken, source)

    def _is_new(self, wanted: reconcile.Create, fresh: Iterable[reconcile.Create]) -> bool:
        """Whether nothing that is known, or about to be, has to do with a meeting."""
        beside = any((one.link, one.starts_at) == (wanted.link, wanted.starts_at) for one in fresh)
        return not beside and wanted.slot not in self._own and self._host(wanted) is None

    def _plan_all(self, fresh: Sequence[reconcile.Create], taken: Taken, source: str) -> None:
        if not fresh:
            return
        rows = [
            Occurrence(
                series_id=self.series_id,
                slot=wanted.slot,
                starts_at=wanted.starts_at,
                ends_at=wanted.ends_at,
                title=wanted.title,
                meeting_url=wanted.link,
            )
            for wanted in fresh
        ]
        self.session.add_all(rows)
        self.session.flush()
        self._own |= {row.slot: row for row in rows}
        keys = [next(shared_bot.keys_of(row)) for row in rows]
        if jobs.keys_in_use(self.session, keys):  # the number of a row that was deleted came back
            taken.jobs += [self._plan(row, wanted, source) for row, wanted in zip(rows, fresh, strict=True)]
            return
        wishes = [self._wish(wanted, key, source) for wanted, key in zip(fresh, keys, strict=True)]
        made = plan.create_all(self.session, self.house, wishes)
        jobs.note_all(self.session, made, self.now, Told.INVITATION_SEEN, lambda _: self._seen())
        for row, job in zip(rows, made, strict=True):
            self._serve(row, job)
        taken.jobs += made

    def _act(self, decision: reconcile.Decision, taken: Taken, source: str) -> None:
        match decision:
            case reconcile.Create():
                self._create(decision, taken, source)
            case reconcile.Move():
                self._move(decision, taken, source)
            case reconcile.Retitle():
                if found := self._job_at(decision.slot):
                    found[0].title = decision.title
                    self._reshape(found[1])
                    taken.jobs.append(found[1])
            case reconcile.Cancel():
                self._cancel(decision, taken)
                if decision.rule == "same_meeting":
                    self._attach(decision.slot, taken)
            case reconcile.Keep(rule="same_meeting"):
                self._attach(decision.slot, taken)
            case reconcile.Keep():
                if found := self._job_at(decision.slot):
                    if self.renewed:
                        self._reshape(found[1])
                    taken.jobs.append(found[1])

    def _create(self, wanted: Place, taken: Taken, source: str) -> None:
        occurrence = self._at(wanted.to_slot if isinstance(wanted, reconcile.Move) else wanted.slot)
        job = self._host(wanted, occurrence)
        if job is not None:
            self._join(occurrence, job, wanted)
        else:
            job = self._plan(occurrence, wanted, source)
        taken.jobs.append(job)

    def _plan(self, occurrence: Occurrence, wanted: Place, source: str) -> Job:
        self._write(occurrence, wanted)
        key, job = self._key_for(occurrence)
        if job is None:
            job = plan.create(self.session, self.house, self._wish(wanted, key, source))
            self._note_invitation(job)
            self._serve(occurrence, job)
        else:
            plan.reinstate(self.session, self.house, job, **self._plan_of(wanted))
            self._serve(occurrence, job)
            self._reshape(job)
        return job

    def _serve(self, occurrence: Occurrence, job: Job) -> None:
        occurrence.job_id = job.id
        self.session.add(occurrence)
        self._planned.append((occurrence, job))

    def _key_for(self, occurrence: Occurrence) -> tuple[str, Job | None]:
        """Return the key of the next job of an occurrence, and the cancelled job that it brings back, if there is one."""
        for key in shared_bot.keys_of(occurrence):
            job = jobs.by_key(self.session, key)
            if job is None:
                return key, None
            if job.state == State.CANCELLED:
                return key, job
        raise AssertionError("there is always another key")

    def _wish(self, wanted: Place, key: str, source: str) -> plan.Wish:
        return plan.Wish(
            key=key,
            inviter=self.row.inviter,
            source=source,
            user_id=self._user_id,
            invited=self.invited,
            thread=self.row.thread,
            options=dict(self.row.options),
            **self._plan_of(wanted),
        )

    @cached_property
    def _user_id(self) -> int | None:
        """Whose the jobs are: the inviter's, where that is a registered user."""
        user = store.user_of(self.session, self.row.inviter)
        return user.id if user else None

    def _plan_of(self, wanted: Place) -> dict[str, Any]:
        link = links.recognise(wanted.link, self.house.habits.meet_url)
        return {
            "meeting_url": wanted.link,
            "meeting_code": link.code if link else "",
            "title": wanted.title,
            "starts_at": wanted.starts_at,
            "ends_at": wanted.ends_at,
            "join_at": wanted.starts_at - timedelta(seconds=self.house.habits.join_early_seconds),
        }

    def _move(self, wanted: reconcile.Move, taken: Taken, source: str) -> None:
        found = self._job_at(wanted.slot)
        if found is None:
            return
        occurrence, job = found
        if State(job.state) in IN_THE_CALL and self._is_put_off(occurrence, wanted):
            self._let_go_on(occurrence, job)
            self._create(wanted, taken, source)
            return
        if self._parts_from_others(occurrence, job, wanted):
            if State(job.state) in NOT_BEGUN | AT_THE_DOOR:
                self._detach(occurrence, job)
                self._create(wanted, taken, source)
            return
        host = self._host(wanted, occurrence)
        if host is not None and host.id != job.id and State(job.state) in NOT_BEGUN | AT_THE_DOOR:
            self._end(occurrence, job, "the same meeting at the same time is already planned", taken)
            self._create(wanted, taken, source)
            return
        self._write(occurrence, wanted)
        old_key, fresh = plan.attend_key(job), self._plan_of(wanted)
        elsewhere = job.meeting_code != fresh["meeting_code"]
        later = fresh["join_at"] > self.now + RESTART_IF_LATER
        if State(job.state) in NOT_BEGUN:
            plan.move(self.session, self.house, job, **fresh)
        elif State(job.state) in AT_THE_DOOR and (elsewhere or later):
            why = "the meeting was moved"
            advance(self.session, self.house.engine, job, State.SCHEDULED, self.now, detail=why)
            plan.move(self.session, self.house, job, **fresh)
            taken.verbs.append((old_key, Verb.RECHECK, "moved"))
        else:
            line: dict[str, object] = {"ends_at": wanted.ends_at.isoformat()}
            jobs.note(self.session, job, self.now, Told.JOB_MOVED, line)
        self._reshape(job)
        taken.jobs.append(job)

    def _is_put_off(self, occurrence: Occurrence, wanted: reconcile.Move) -> bool:
        """Whether a meeting is to be held after its time, or elsewhere, and not merely longer or from now on."""
        ahead = wanted.starts_at > self.now + RESTART_IF_LATER
        return wanted.link != occurrence.meeting_url or (ahead and wanted.starts_at >= occurrence.ends_at)

    def _let_go_on(self, occurrence: Occurrence, job: Job) -> None:
        """Leave a bot in the call it is in, under a name that no message has, and the occurrence free for another."""
        line: dict[str, object] = {"detail": "the meeting was put off, and the bot stays in this call"}
        jobs.note(self.session, job, self.now, Told.JOB_MOVED, line)
        del self._own[occurrence.slot]
        occurrence.slot = f"{occurrence.slot}#{job.id}"
        self.session.add(occurrence)
        self.session.flush()

    def _parts_from_others(self, occurrence: Occurrence, job: Job, wanted: reconcile.Move) -> bool:
        """Whether other invitations still want the bot where it was to be."""
        return any(
            (other.meeting_url, other.starts_at) != (wanted.link, wanted.starts_at)
            for other, _ in store.sharing(self.session, job.id or 0)
            if other.id != occurrence.id
        )

    def _cancel(self, decision: reconcile.Cancel, taken: Taken) -> None:
        found = self._job_at(decision.slot)
        if found is None:
            return
        self._end(*found, decision.reason, taken, uninvited=decision.rule == reconcile.UNINVITED)

    def _end(
        self, occurrence: Occurrence, job: Job, reason: str, taken: Taken, *, uninvited: bool = False
    ) -> None:
        """End a job, or leave it to those whom it serves besides, or to the call that goes on with consent."""
        known, occurrence.cancelled = occurrence.cancelled, True
        self.session.add(occurrence)
        self.session.flush()
        if store.sharing(self.session, job.id or 0):
            self._detach(occurrence, job)
            return
        if State(job.state) is State.RECORDING and not uninvited:
            # What the people in the call agreed to outweighs a line in a calendar; they can end it by a word. Taking the
            # bot off the guest list is such a word.
            if not known:
                line: dict[str, object] = {
                    "uid": self.row.uid,
                    "cancelled": True,
                    "detail": f"{reason}; {STAYS}",
                }
                jobs.note(self.session, job, self.now, Told.INVITATION_SEEN, line)
            taken.jobs.append(job)
            return
        try:
            done = plan.cancel(self.session, self.house, job, EndReason.CANCELLED_BY_INVITE, reason)
        except Conflict:
            return
        if not done:
            taken.verbs.append((plan.attend_key(job), Verb.LEAVE, EndReason.CANCELLED_BY_INVITE.value))
        taken.jobs.append(job)

    def _attach(self, slot: str, taken: Taken) -> None:
        """Let the bot that another invitation brings to the same meeting serve this one too."""
        wanted = calendar.occurrences(self.series)[slot]
        occurrence = self._at(slot)
        place = reconcile.Create(slot, wanted.starts_at, wanted.ends_at, wanted.links[0], wanted.title)
        if job := self._host(place, occurrence):
            self._join(occurrence, job, place)
            taken.jobs.append(job)

    def _join(self, occurrence: Occurrence, job: Job, wanted: Place) -> None:
        self._write(occurrence, wanted)
        self._serve(occurrence, job)
        self._reshape(job)
        self._note_invitation(job)

    def _host(self, wanted: Place, occurrence: Occurrence | None = None) -> Job | None:
        """Return the live job that brings a bot to the same place for another occurrence, of whichever UID."""
        place = (wanted.link, wanted.starts_at)
        for other, job in self._planned:
            serves = other.job_id == job.id and not other.cancelled and _is_live(job)
            if serves and other is not occurrence and (other.meeting_url, other.starts_at) == place:
                return job
        return None

    def _detach(self, occurrence: Occurrence, job: Job) -> None:
        """Leave the job to the other invitations that it serves."""
        occurrence.job_id = None
        self.session.add(occurrence)
        self.session.flush()
        shared_bot.withdraw(self.session, self.house, job, self.row)
        self._reshape(job)

    def _reshape(self, job: Job) -> None:
        shared_bot.reshape(self.session, job, self._people)

    def _note_invitation(self, job: Job) -> None:
        jobs.note(self.session, job, self.now, Told.INVITATION_SEEN, self._seen())

    def _seen(self) -> dict[str, object]:
        line: dict[str, object] = {
            "source": self.row.source,
            "uid": self.row.uid,
            "inviter": self.row.inviter,
        }
        return line | ({"several_links": self.contest} if self.contest else {})

    def _write(self, occurrence: Occurrence, wanted: Place) -> None:
        slot = wanted.to_slot if isinstance(wanted, reconcile.Move) else wanted.slot
        there = self._own.pop(slot, None)
        if there is not None and there is not occurrence:
            self.session.delete(there)  # it has no job, else the reconciler would not move another one here
            self.session.flush()
        if self._own.get(occurrence.slot) is occurrence:
            del self._own[occurrence.slot]
        occurrence.slot, self._own[slot] = slot, occurrence
        occurrence.starts_at, occurrence.ends_at = wanted.starts_at, wanted.ends_at
        occurrence.title, occurrence.meeting_url, occurrence.cancelled = wanted.title, wanted.link, False
        self.session.add(occurrence)
        self.session.flush()

    def _at(self, slot: str) -> Occurrence:
        return self._own.get(slot) or Occurrence(
            series_id=self.series_id, slot=slot, starts_at=self.now, ends_at=self.now
        )

    def _job_at(self, slot: str) -> tuple[Occurrence, Job] | None:
        occurrence = self._own.get(slot)
        if occurrence is None or occurrence.job_id is None:
            return None
        return occurrence, jobs.get(self.session, occurrence.job_id)


def _slots(decision: reconcile.Decision) -> tuple[str, ...]:
    """Return the occurrences that a decision changes, or changes into."""
    match decision:
        case reconcile.Ignore() | reconcile.Refuse():
            return ()
        case reconcile.Move(slot=slot, to_slot=to_slot):
            return slot, to_slot
    return (decision.slot,)


def _is_live(job: Job) -> bool:
    return State(job.state) not in shared_bot.ENDED
