"""Reports of bots that run where this database is not: taken in order, once each, and held to the same rules."""

import asyncio
import hashlib

from sqlmodel import Session

from agent.errors import Conflict, Superseded
from agent.lifecycle import plan
from agent.lifecycle.attendance.notes import write_down
from agent.lifecycle.house import House
from agent.lifecycle.remote.loans import holds
from agent.model.news import GaveUp, HandedBack, LeftCall, Reached, Receipt, Report, Words
from agent.model.tables import BotReport, Job
from agent.rules import permission
from agent.store import jobs, loans, reports


class Ingest:
    """Takes reports."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def take(self, report: Report) -> Receipt:
        """Take one report in; whatever is refused leaves nothing behind.

        Raises `Missing` for an unknown job, `Superseded` for a lease that is no more, `Conflict` for a gap, for another
        report under a number that was taken, and for what the state or the consent ledger forbids.
        """
        return await asyncio.to_thread(self._take, report)

    def _take(self, report: Report) -> Receipt:
        with self.house.database.write() as session:
            found = jobs.by_public_id(session, report.job_id)
            job = jobs.get(session, found.id or 0, lock=True)
            last = reports.last_sequence(session, job.id or 0)
            known = reports.get(session, job.id or 0, report.sequence)
            if known and known.fingerprint == _fingerprint(report):
                return Receipt(repeated=True, next_sequence=last + 1, state=job.state)
            self._demand_lease(session, job, report)
            if report.sequence <= last:
                raise Conflict(f"Report {report.sequence} was taken before, and said something else.")
            if report.sequence != last + 1:
                raise Conflict(f"Report {last + 1} is due; {report.sequence} came.")
            self._demand_consent(session, job, report)
            self._write_down(session, job, report)
            return Receipt(repeated=False, next_sequence=report.sequence + 1, state=job.state)

    def _write_down(self, session: Session, job: Job, report: Report) -> None:
        now, job_id = self.house.now(), job.id or 0
        write_down(session, self.house, job, report.event, now)
        row = BotReport(
            job_id=job_id, sequence=report.sequence, fingerprint=_fingerprint(report), received_at=now
        )
        session.add(row)
        match report.event:
            case LeftCall() | GaveUp():
                loans.end(session, job_id)
                reports.forget_before(session, job_id, report.sequence)
            case HandedBack():
                reports.forget_before(session, job_id, report.sequence)
            case _:
                loans.heard(session, job_id, now)

    def _demand_lease(self, session: Session, job: Job, report: Report) -> None:
        loan = loans.get(session, job.id or 0, lock=True)
        if loan is None or not holds(loan, report.lease) or loan.key != plan.attend_key(job):
            raise Superseded(
                "This bot's lease is over: the job was changed, or is another's. Leave the call."
            )

    def _demand_consent(self, session: Session, job: Job, report: Report) -> None:
        """Nothing is captured without the ledger's yes, and no words come that nobody ever allowed."""
        outcomes = [entry.outcome for entry in jobs.ledger(session, job.id or 0)]
        match report.event:
            case Reached(state="recording"):
                allowed = permission.stands(outcomes)
            case Words():
                allowed = bool(permission.GRANTED & set(outcomes))
            case _:
                return
        if not allowed:
            raise Conflict("Nothing may be captured: the ledger has no consent.")


def _fingerprint(report: Report) -> str:
    """The same for the same report."""
    return hashlib.sha256(report.model_dump_json().encode()).hexdigest()
