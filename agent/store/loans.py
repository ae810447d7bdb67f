"""Named queries about jobs that wait for a worker, or are at one."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.loan import Verb
from agent.model.states import State
from agent.model.tables import Job, Loan


def offer(session: Session, job_id: int, key: str) -> None:
    """Put a plan of a job on offer; who had it has it no more."""
    loan = session.get(Loan, job_id) or Loan(job_id=job_id, key=key)
    loan.key, loan.worker, loan.lease, loan.arrived, loan.heard_at = key, "", "", False, None
    session.add(loan)


def offered(session: Session) -> list[tuple[Loan, Job]]:
    """Return the queued jobs that are on offer, the most urgent first. Plans may have changed since they were offered."""
    wanted = (
        select(Loan, Job)
        .join(Job, col(Job.id) == col(Loan.job_id))
        .where(Loan.worker == "", Job.state == State.QUEUED.value)
        .order_by(col(Job.join_at), col(Job.id))
    )
    return list(session.exec(wanted).all())


def get(session: Session, job_id: int, *, lock: bool = False) -> Loan | None:
    """Return the loan of a job."""
    return session.get(Loan, job_id, with_for_update=lock or None)


def by_key(session: Session, key: str) -> Loan | None:
    """Return the loan of one plan of a job."""
    wanted = select(Loan).where(Loan.key == key).with_for_update()
    return session.exec(wanted).first()


def at_worker(session: Session, worker: str) -> list[tuple[Loan, Job]]:
    """Return what a worker has."""
    wanted = select(Loan, Job).join(Job, col(Job.id) == col(Loan.job_id)).where(Loan.worker == worker)
    return list(session.exec(wanted).all())


def unheard_since(session: Session, instant: datetime) -> Sequence[Loan]:
    """Return the loans of workers that were last heard of before an instant."""
    return session.exec(select(Loan).where(Loan.worker != "", col(Loan.heard_at) < instant)).all()


def end(session: Session, job_id: int) -> list[Verb]:
    """Strike a loan out, and return what was asked of its bot."""
    loan = session.get(Loan, job_id)
    if loan is None:
        return []
    session.delete(loan)
    return [dict(verb) for verb in loan.verbs]


def heard(session: Session, job_id: int, at: datetime) -> None:
    """Remember that a loan's bot was heard of, and so that the loan reached its worker."""
    session.execute(sa.update(Loan).where(col(Loan.job_id) == job_id).values(heard_at=at, arrived=True))
