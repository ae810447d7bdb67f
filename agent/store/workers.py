"""Named queries about the processes that run jobs: who lives, by counters, so that no clocks are compared."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from agent.model.tables import Worker

LIVENESS_LOCK = 0x6D656574


def sign_on(session: Session, worker_id: str, now: datetime) -> None:
    """Count a process among the living."""
    session.add(Worker(id=worker_id, beat=0, started_at=now))


def sign_off(session: Session, worker_id: str) -> None:
    """Count a process no more."""
    session.execute(sa.delete(Worker).where(col(Worker.id) == worker_id))


def beat(session: Session, worker_id: str) -> bool:
    """Give a sign of life. False when the process was struck out."""
    worker = session.get(Worker, worker_id, with_for_update=True)
    if worker is None:
        return False
    worker.beat += 1
    session.add(worker)
    session.flush()
    return True


def others(session: Session, worker_id: str) -> Sequence[Worker]:
    """Return every process but this one."""
    return session.exec(select(Worker).where(Worker.id != worker_id)).all()


def strike_out(session: Session, silent: Worker) -> None:
    """Count a process no more that has been silent, unless it gave a sign of life this instant."""
    unheard = col(Worker.beat) == silent.beat
    session.execute(sa.delete(Worker).where(col(Worker.id) == silent.id, unheard))


def living(session: Session) -> set[str]:
    """Return the ids of the processes that count as alive."""
    return set(session.exec(select(Worker.id)).all())


def may_share_out(session: Session) -> bool:
    """Whether it is for this transaction to give away what the dead left: one at a time, on PostgreSQL."""
    return bool(session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(LIVENESS_LOCK))))
