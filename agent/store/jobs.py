"""Named queries about jobs, their timeline, roster and ledger."""

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.errors import Missing
from agent.model.states import AT_THE_MEETING, State
from agent.model.tables import (
    Consent,
    Job,
    JobEvent,
    MeetingLease,
    Participant,
    Presence,
    SummaryVersion,
    TranscriptEntry,
)


def get(session: Session, job_id: int, *, lock: bool = False) -> Job:
    """Return a job by its number. Raises `Missing`."""
    job = session.get(Job, job_id, with_for_update=lock or None)
    if job is None:
        raise Missing("There is no such job.", full=f"job {job_id}")
    return job


def by_public_id(session: Session, public_id: str) -> Job:
    """Return a job by its public id. Raises `Missing`."""
    job = session.exec(select(Job).where(Job.public_id == public_id)).first()
    if job is None or job.deleted_at is not None:
        raise Missing("There is no such job.", full=f"job {public_id}")
    return job


def by_key(session: Session, key: str) -> Job | None:
    """Return the job that a meeting's key names, if there is one."""
    return session.exec(select(Job).where(Job.key == key)).first()


def keys_in_use(session: Session, keys: Sequence[str]) -> set[str]:
    """Return those of the keys that name a job already."""
    return set(session.exec(select(Job.key).where(col(Job.key).in_(keys))).all())


def page(
    session: Session,
    *,
    visible: sa.ColumnElement[bool],
    states: Sequence[State],
    offset: int,
    limit: int,
) -> tuple[Sequence[Job], int]:
    """Return one page of jobs that are `visible` (see `ownership`), newest meeting first, and how many there are."""
    wanted = select(Job).where(col(Job.deleted_at).is_(None), visible)
    if states:
        wanted = wanted.where(col(Job.state).in_([state.value for state in states]))
    total = session.exec(select(sa.func.count()).select_from(wanted.subquery())).one()
    ordered = wanted.order_by(col(Job.join_at).desc(), col(Job.id).desc()).offset(offset).limit(limit)
    return session.exec(ordered).all(), total


def overdue(session: Session, instant: datetime) -> Sequence[Job]:
    """Return the jobs that nobody has set out for though their time is before `instant`."""
    return session.exec(
        select(Job)
        .where(Job.state == State.SCHEDULED.value, Job.join_at < instant)
        .order_by(col(Job.join_at))
    ).all()


def planned_between(
    session: Session, begins: datetime, ends: datetime, *, after: int, limit: int
) -> Sequence[Job]:
    """Return planned jobs that are due in [begins, ends], earliest first; of those due at `begins`, beyond number `after`."""
    at_begin = sa.and_(col(Job.join_at) == begins, col(Job.id) > after)
    return session.exec(
        select(Job)
        .where(Job.state == State.SCHEDULED.value, Job.join_at <= ends)
        .where(sa.or_(col(Job.join_at) > begins, at_begin))
        .order_by(col(Job.join_at), col(Job.id))
        .limit(limit)
    ).all()


def in_states(session: Session, states: Sequence[State], limit: int = 1000) -> Sequence[Job]:
    """Return jobs in any of these states, oldest first."""
    return session.exec(
        select(Job)
        .where(col(Job.state).in_([state.value for state in states]))
        .order_by(col(Job.join_at))
        .limit(limit)
    ).all()


def untouched(session: Session, states: Sequence[State], since: datetime) -> Sequence[Job]:
    """Return jobs in these states whose row has not changed since."""
    wanted = col(Job.state).in_([state.value for state in states])
    return session.exec(select(Job).where(wanted, Job.updated_at < since)).all()


def counts_by_state(session: Session) -> dict[str, int]:
    """Return how many jobs are in each state."""
    return dict(session.execute(sa.select(Job.state, sa.func.count()).group_by(Job.state)).tuples().all())  # type: ignore[call-overload]


def note(session: Session, job: Job, at: datetime, kind: str, data: dict[str, object]) -> None:
    """Add a line to the timeline."""
    assert job.id is not None
    session.add(JobEvent(job_id=job.id, at=at, kind=kind, data=data))


def note_all(
    session: Session, found: Sequence[Job], at: datetime, kind: str, data: Callable[[Job], dict[str, object]]
) -> None:
    """Add a line to the timeline of each of many jobs, in one statement."""
    lines = [{"job_id": job.id, "at": at, "kind": kind, "data": data(job)} for job in found]
    session.execute(sa.insert(JobEvent), lines)


def timeline(session: Session, job_id: int) -> Sequence[JobEvent]:
    """Return a job's timeline, in the order it happened."""
    return session.exec(select(JobEvent).where(JobEvent.job_id == job_id).order_by(col(JobEvent.id))).all()


def timeline_page(
    session: Session, job_id: int, *, offset: int, limit: int
) -> tuple[Sequence[JobEvent], int]:
    """Return one page of a job's timeline, in the order it happened, and how many lines there are."""
    wanted = select(JobEvent).where(JobEvent.job_id == job_id)
    total = session.exec(select(sa.func.count()).select_from(wanted.subquery())).one()
    return session.exec(wanted.order_by(col(JobEvent.id)).offset(offset).limit(limit)).all(), total


def has_noted(session: Session, job_id: int, kind: str) -> bool:
    """Whether the timeline has an entry of this kind."""
    return (
        session.exec(select(JobEvent.id).where(JobEvent.job_id == job_id, JobEvent.kind == kind)).first()
        is not None
    )


def enter(session: Session, entry: Consent) -> None:
    """Add an entry to the consent ledger."""
    session.add(entry)


def ledger(session: Session, job_id: int) -> Sequence[Consent]:
    """Return a job's consent ledger, in the order it happened."""
    return session.exec(select(Consent).where(Consent.job_id == job_id).order_by(col(Consent.id))).all()


def roster(session: Session, job_id: int) -> Sequence[Participant]:
    """Return everybody who was seen in the meeting."""
    return session.exec(
        select(Participant).where(Participant.job_id == job_id).order_by(col(Participant.id))
    ).all()


def presences(session: Session, job_id: int) -> Sequence[Presence]:
    """Return the stays of everybody who was seen."""
    mine = select(Participant.id).where(Participant.job_id == job_id)
    return session.exec(
        select(Presence).where(col(Presence.participant_id).in_(mine)).order_by(col(Presence.joined_at))
    ).all()


def entries(session: Session, job_id: int, source: str) -> Sequence[TranscriptEntry]:
    """Return a transcript in time order."""
    return session.exec(
        select(TranscriptEntry)
        .where(TranscriptEntry.job_id == job_id, TranscriptEntry.source == source)
        .order_by(col(TranscriptEntry.ordinal))
    ).all()


def entries_page(
    session: Session, job_id: int, source: str, *, offset: int, limit: int
) -> tuple[Sequence[TranscriptEntry], int]:
    """Return one page of a transcript in time order, and how many entries there are."""
    wanted = select(TranscriptEntry).where(TranscriptEntry.job_id == job_id, TranscriptEntry.source == source)
    total = session.exec(select(sa.func.count()).select_from(wanted.subquery())).one()
    return session.exec(
        wanted.order_by(col(TranscriptEntry.ordinal)).offset(offset).limit(limit)
    ).all(), total


def replace_entries(session: Session, job_id: int, source: str, fresh: Sequence[TranscriptEntry]) -> None:
    """Put a whole transcript in the place of what was there from the same source."""
    session.execute(
        sa.delete(TranscriptEntry).where(
            col(TranscriptEntry.job_id) == job_id, col(TranscriptEntry.source) == source
        )
    )
    session.add_all(fresh)


def forget_entries(session: Session, job_id: int) -> int:
    """Delete every word of a job; return how many entries there were."""
    gone = session.execute(sa.delete(TranscriptEntry).where(col(TranscriptEntry.job_id) == job_id))
    return int(gone.rowcount or 0)  # type: ignore[attr-defined]


def upsert_caption(session: Session, entry: TranscriptEntry) -> None:
    """Write an utterance of the captions; the same `key` is the same utterance, grown or corrected."""
    known = session.exec(
        select(TranscriptEntry).where(
            TranscriptEntry.job_id == entry.job_id,
            TranscriptEntry.source == entry.source,
            TranscriptEntry.key == entry.key,
        )
    ).first()
    if known:
        known.text, known.ended_at, known.speaker = entry.text, entry.ended_at, entry.speaker
        session.add(known)
        return
    last = session.exec(
        select(sa.func.max(TranscriptEntry.ordinal)).where(
            TranscriptEntry.job_id == entry.job_id, TranscriptEntry.source == entry.source
        )
    ).one()
    entry.ordinal = (last or 0) + 1
    session.add(entry)
    session.flush()


def summaries(session: Session, job_id: int) -> Sequence[SummaryVersion]:
    """Return a job's summaries, newest version first."""
    return session.exec(
        select(SummaryVersion)
        .where(SummaryVersion.job_id == job_id)
        .order_by(col(SummaryVersion.version).desc())
    ).all()


def lease_meeting(session: Session, job: Job, holder: str, now: datetime) -> Job:
    """Take the right to have a bot in the job's meeting, and return who holds it now: `job`, or another that is there."""
    there = in_the_room(session, job, lock=True)
    if there is not None:
        return there
    lease = session.get(MeetingLease, job.meeting_code, with_for_update=True) or MeetingLease(
        meeting_code=job.meeting_code, job_id=job.id or 0, holder=holder, taken_at=now
    )
    lease.job_id, lease.holder, lease.taken_at = job.id or 0, holder, now
    session.add(lease)
    session.flush()
    return job


def in_the_room(session: Session, job: Job, *, lock: bool = False) -> Job | None:
    """Return the other job whose bot is in the same meeting now."""
    lease = session.get(MeetingLease, job.meeting_code, with_for_update=lock or None)
    if lease is None or lease.job_id == job.id:
        return None
    other = session.get(Job, lease.job_id)
    return other if other is not None and State(other.state) in AT_THE_MEETING else None


def release_meeting(session: Session, meeting_code: str, job_id: int) -> None:
    """Give the right back, if it is ours."""
    lease = session.get(MeetingLease, meeting_code)
    if lease and lease.job_id == job_id:
        session.delete(lease)
