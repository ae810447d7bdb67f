"""What people look at: jobs with everything known of them. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from agent.errors import Missing
from agent.lifecycle.aftermath.search import Hit, find
from agent.lifecycle.house import House
from agent.model.account import Principal
from agent.model.states import State
from agent.model.summary import Summary
from agent.model.tables import (
    Attempt,
    Consent,
    Delivery,
    Endpoint,
    Invitation,
    Job,
    JobEvent,
    Participant,
    SummaryVersion,
    TranscriptEntry,
)
from agent.rules import differences
from agent.store import deliveries, jobs, mails, ownership


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
                deliveries=_told(by, job, deliveries.of_job(session, number)),
            )

    def list_jobs(
        self, by: Principal, *, states: Sequence[State] = (), page: int = 1, page_size: int = 20
    ) -> tuple[Sequence[Job], int]:
        """Return one page of jobs, and how many there are in all."""
        with self.house.database.read() as session:
            return jobs.page(
                session,
                visible=ownership.visible(session, by),
                states=states,
                offset=(page - 1) * page_size,
                limit=page_size,
            )

    def transcript(
        self, by: Principal, public_id: str, *, offset: int, limit: int
    ) -> tuple[Job, Sequence[TranscriptEntry], int]:
        """Return a job with one page of its transcript, and how many entries there are. Raises `Missing` without one."""
        with self.house.database.read() as session:
            job = self._mine(session, by, public_id)
            found, total = jobs.entries_page(
                session, job.id or 0, job.transcript_source, offset=offset, limit=limit
            )
            if not total:
                raise Missing("There is no transcript of this meeting.")
            return job, found, total

    def summary(self, by: Principal, public_id: str, version: int | None = None) -> SummaryVersion:
        """Return the newest summary of a job, or one version. Raises `Missing` without one."""
        with self.house.database.read() as session:
            job = self._mine(session, by, public_id)
            found = jobs.summaries(session, job.id or 0)
            wanted = [row for row in found if version is None or row.version == version]
            if not wanted:
                raise Missing("There is no such summary of this meeting.")
            return wanted[0]

    def summary_changes(
        self, by: Principal, public_id: str, older: int, newer: int
    ) -> Sequence[differences.Difference]:
        """Return what changed between two versions of a summary. Raises `Missing` where there is no such version."""
        before, after = self.summary(by, public_id, older), self.summary(by, public_id, newer)
        return differences.compare(Summary.model_validate(before.body), Summary.model_validate(after.body))

    def search(
        self, by: Principal, query: str, *, public_id: str | None = None, page: int, page_size: int
    ) -> tuple[Sequence[Hit], int]:
        """Return one page of where all words of a query stand, best first, and how many places there are.

        Only the asker's own meetings are searched, or one of them.
        """
        with self.house.database.read() as session:
            job_id = self._mine(session, by, public_id).id if public_id else None
            return find(session, by, query, job_id=job_id, page=page, page_size=page_size)

    def timeline(
        self, by: Principal, public_id: str, *, offset: int, limit: int
    ) -> tuple[Sequence[JobEvent], int]:
        """Return one page of a job's timeline, and how many lines there are."""
        with self.house.database.read() as session:
            job = self._mine(session, by, public_id)
            return jobs.timeline_page(session, job.id or 0, offset=offset, limit=limit)

    def ledger(self, by: Principal, public_id: str) -> Sequence[Consent]:
        """Return a job's consent ledger, oldest entry first."""
        with self.house.database.read() as session:
            return jobs.ledger(session, self._mine(session, by, public_id).id or 0)

    def hooks_of(self, job: Job) -> Sequence[Endpoint]:
        """Return the endpoints that came with a job, in the order they were given."""
        with self.house.database.read() as session:
            found = [deliveries.endpoint(session, int(number)) for number in job.hooks]
            return [endpoint for endpoint in found if endpoint is not None]

    def deliveries_of(self, by: Principal, public_id: str) -> Sequence[tuple[Delivery, Sequence[Attempt]]]:
        """Return everything a job sent or will send, each with every try at it."""
        with self.house.database.read() as session:
            job = self._mine(session, by, public_id)
            return [
                (delivery, deliveries.attempts(session, delivery.id))
                for delivery in _told(by, job, deliveries.of_job(session, job.id or 0))
            ]

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
            uids = mails.uids_of(session, job.id or 0)
            found = [message for uid in uids for message in mails.invitations(session, uid)]
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
        if not ownership.sees(session, by, job):
            raise Missing("There is no such job.", full=f"{by.email} may not see job {public_id}")
        return job


def _told(by: Principal, job: Job, sent: Sequence[Delivery]) -> Sequence[Delivery]:
    """Return what somebody may know of what a job sent: its owner everything, other inviters what went to them."""
    if ownership.is_owner(by, job):
        return sent
    return [one for one in sent if by.may_see(one.user_id) or by.email in one.target.split(", ")]
