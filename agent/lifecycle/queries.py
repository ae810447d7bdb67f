"""What people look at: jobs with everything known of them. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from agent.errors import Missing
from agent.lifecycle.house import House
from agent.model.account import Principal
from agent.model.states import State
from agent.model.tables import (
    Attempt,
    Consent,
    Delivery,
    Invitation,
    Job,
    JobEvent,
    Participant,
    SummaryVersion,
    TranscriptEntry,
)
from agent.store import deliveries, jobs, mails


@dataclass(frozen=True, slots=True)
class JobView:
    """A job and everything that hangs on it."""

    job: Job
    timeline: Sequence[JobEvent]
    ledger: Sequence[Consent]
    roster: Sequence[Participant]
    entries: Sequence[TranscriptEntry]
    summaries: Sequence[SummaryVersion]
    deliveries: Sequence[Delivery]


@dataclass(frozen=True, slots=True)
class Why:
    """Why a job is as it is: the messages that made and changed it with the rules evaluated, and its timeline."""

    job: Job
    invitations: Sequence[Invitation]
    timeline: Sequence[JobEvent]


class Queries:
    """Every method shows only what is the asker's own, and raises `Missing` otherwise."""

    def __init__(self, house: House) -> None:
        self.house = house

    def job(self, by: Principal, public_id: str) -> Job:
        """Return one job."""
        with self.house.database.read() as session:
            return self._mine(session, by, public_id)

    def view(self, by: Principal, public_id: str) -> JobView:
        """Return one job with everything."""
        with self.house.database.read() as session:
            job = self._mine(session, by, public_id)
            number = job.id or 0
            return JobView(
                job=job,
                timeline=jobs.timeline(session, number),
                ledger=jobs.ledger(session, number),
                roster=jobs.roster(session, number),
                entries=jobs.entries(session, number, job.transcript_source),
                summaries=jobs.summaries(session, number),
                deliveries=deliveries.of_job(session, number),
            )

    def list_jobs(
        self, by: Principal, *, states: Sequence[State] = (), page: int = 1, page_size: int = 20
    ) -> tuple[Sequence[Job], int]:
        """Return one page of jobs, and how many there are in all."""
        owner = None if by.is_operator else (by.user_id or 0)
        with self.house.database.read() as session:
            return jobs.page(
                session, user_id=owner, states=states, offset=(page - 1) * page_size, limit=page_size
            )

    def attempts(self, by: Principal, delivery_id: str) -> tuple[Delivery, Sequence[Attempt]]:
        """Return a delivery with every try at it."""
        with self.house.database.read() as session:
            delivery = deliveries.get(session, delivery_id)
            if delivery is None or not by.may_see(delivery.user_id):
                raise Missing("There is no such delivery.")
            return delivery, deliveries.attempts(session, delivery_id)

    def explain(self, by: Principal, public_id: str) -> Why:
        """Return which rules decided what about a job."""
        with self.house.database.read() as session:
            job = self._mine(session, by, public_id)
            occurrence = mails.occurrence_of(session, job.id or 0)
            series = mails.series_by_id(session, occurrence.series_id) if occurrence else None
            found = mails.invitations(session, series.uid) if series else ()
            return Why(job=job, invitations=found, timeline=jobs.timeline(session, job.id or 0))

    def counts(self) -> dict[str, int]:
        """Return how many jobs are in each state."""
        with self.house.database.read() as session:
            return jobs.counts_by_state(session)

    def database_answers(self) -> bool:
        """Whether the database can be read; raises `Temporary` when it cannot."""
        self.counts()
        return True

    def _mine(self, session: Session, by: Principal, public_id: str) -> Job:
        job = jobs.by_public_id(session, public_id)
        if not by.may_see(job.user_id, job.inviter):
            raise Missing("There is no such job.", full=f"{by.email} may not see job {public_id}")
        return job
