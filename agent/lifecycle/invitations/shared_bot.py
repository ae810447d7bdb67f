"""One bot for several invitations: what its job is for all of them together, and what is left when one inviter withdraws."""

from collections.abc import Iterator, MutableMapping, Sequence
from itertools import count
from typing import Any

from sqlmodel import Session

from agent.lifecycle import plan
from agent.lifecycle.house import House
from agent.model.account import Principal
from agent.model.invite import Component
from agent.model.series import Series
from agent.model.states import TERMINAL, EndReason, State, Told
from agent.model.tables import EventSeries, Job, Occurrence
from agent.rules import links, trust
from agent.store import jobs
from agent.store import series as store

People = list[dict[str, Any]]
Served = Sequence[tuple[Occurrence, EventSeries]]
ENDED = TERMINAL | {State.FINALIZING}


def reshape(session: Session, job: Job, known: MutableMapping[int, People] | None = None) -> None:
    """Make a job what its invitations say together; the first inviter stays the one who is named.

    `known` are the people of invitations, by the number of their series: those that are known better than by their rows,
    and, from call to call, those that were read from them.
    """
    found = store.sharing(session, job.id or 0)
    if not found or State(job.state) in ENDED:
        return
    named = next((pair for pair in found if pair[1].inviter == job.inviter), None)
    if named is None:
        named = found[0]
        _hand_over(session, job, named[1])
    job.title = named[0].title
    job.ends_at = max(occurrence.ends_at for occurrence, _ in found)
    job.thread = named[1].thread or job.thread
    job.options = job.options | named[1].options
    job.invited = _everybody(job, found, {} if known is None else known)
    session.add(job)


def _hand_over(session: Session, job: Job, row: EventSeries) -> None:
    """Give a job to another inviter: nothing that only the one before asked for stays."""
    user = store.user_of(session, row.inviter)
    job.inviter, job.user_id, job.thread = row.inviter, user.id if user else None, {}
    job.options = {name: value for name, value in job.options.items() if name not in trust.TAG_OPTIONS}


def _everybody(job: Job, found: Served, known: MutableMapping[int, People]) -> People:
    """Return the people of all invitations to a job's meeting."""
    people: dict[str, dict[str, Any]] = {}
    for number, row in {row.id or 0: row for _, row in found}.items():
        if number not in known:
            master = Series.model_validate(row.body).master
            known[number] = invited(master) if master else job.invited
        people |= {person["email"]: person for person in known[number]}
    return list(people.values()) or job.invited


def invited(component: Component) -> People:
    """Return everybody on an invitation, its organizer among them, as a job keeps them."""
    people = {person.email: person for person in component.attendees}
    if component.organizer:
        people.setdefault(component.organizer.email, component.organizer)
    return [person.model_dump() for person in people.values()]


def withdraw(session: Session, house: House, job: Job, row: EventSeries) -> None:
    """Note that an invitation does not want a job any more, which goes on for others."""
    line: dict[str, object] = {"uid": row.uid, "inviter": row.inviter, "withdrawn": True}
    jobs.note(session, job, house.now(), Told.INVITATION_SEEN, line)


def part(session: Session, house: House, job: Job, by: Principal) -> Job | None:
    """Take somebody's own invitations off a job that goes on for others.

    Returns the cancelled job that stands for them from now on, None where nobody else's invitation is left.
    """
    found = store.sharing(session, job.id or 0)
    inviters = {row.inviter for _, row in found}
    mine = by.email if by.email in inviters else ""
    if not mine and job.user_id is not None and job.user_id == by.user_id:
        mine = job.inviter
    if mine not in inviters or len(inviters) == 1:
        return None
    own = [(occurrence, row) for occurrence, row in found if row.inviter == mine]
    apart = _apart(session, house, job, *own[0])
    for occurrence, row in own:
        occurrence.job_id = apart.id
        session.add(occurrence)
        withdraw(session, house, job, row)
    session.flush()
    plan.cancel(session, house, apart, EndReason.REQUESTED, f"by {by.email or 'a key'}")
    reshape(session, job)
    return apart


def _apart(session: Session, house: House, job: Job, occurrence: Occurrence, row: EventSeries) -> Job:
    link = links.recognise(occurrence.meeting_url, house.habits.meet_url)
    wish = plan.Wish(
        key=_free_key(session, occurrence),
        meeting_url=occurrence.meeting_url,
        meeting_code=link.code if link else job.meeting_code,
        title=occurrence.title,
        join_at=job.join_at,
        starts_at=occurrence.starts_at,
        ends_at=occurrence.ends_at,
        inviter=row.inviter,
        source=row.source,
        options=dict(row.options),
    )
    return plan.create(session, house, wish, dispatch=False)


def keys_of(occurrence: Occurrence) -> Iterator[str]:
    """Yield the keys that jobs of an occurrence may have, in their order."""
    yield f"occurrence:{occurrence.id}"
    yield from (f"occurrence:{occurrence.id}:{number}" for number in count(2))


def _free_key(session: Session, occurrence: Occurrence) -> str:
    return next(key for key in keys_of(occurrence) if jobs.by_key(session, key) is None)
