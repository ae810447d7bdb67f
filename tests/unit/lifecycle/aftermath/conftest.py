"""A meeting that the bot has just left, in a house whose engine only writes down what it is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from agent.engine import Engine
from agent.lifecycle.house import House
from agent.model.states import State
from agent.model.tables import Consent, Delivery, Job, JobEvent, TranscriptEntry
from agent.store import jobs
from tests.unit.lifecycle import world

LEFT = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
BEGAN = LEFT - timedelta(minutes=30)
HOST, GUEST, STRANGER = "host@example.com", "guest@example.com", "stranger@example.com"
LINES = (
    "We decided that the basic plan costs 14 euros from May.",
    "Guest Person, please write to the resellers by Friday.",
)


class StillClock:
    """Time that stands until a test moves it."""

    def __init__(self) -> None:
        self.at = LEFT + timedelta(minutes=1)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class WrittenEngine(Engine):
    """`asked` has (job, key, arguments, when) of all that is to run."""

    asked: list[tuple[str, str, tuple[Any, ...], datetime | None]] = field(default_factory=list)

    def after(
        self, session: Session, name: str, key: str, *arguments: str | int, at: datetime | None = None
    ) -> None:
        self.asked.append((name, key, arguments, at))

    def of(self, name: str) -> list[tuple[str, tuple[Any, ...], datetime | None]]:
        return [one[1:] for one in self.asked if one[0] == name]


@dataclass
class Scene:
    """`house` is real but for its outside and its engine; `job` has ended, with `consent` on its ledger."""

    told: world.Told
    house: House
    engine: WrittenEngine
    clock: StillClock
    number: int = 0

    def habit(self, **habits: Any) -> None:
        self.house = replace(self.house, habits=replace(self.house.habits, **habits))

    def job(self) -> Job:
        with self.house.database.read() as session:
            return jobs.get(session, self.number)

    def change(self, **columns: Any) -> None:
        with self.house.database.write() as session:
            job = jobs.get(session, self.number)
            for name, value in columns.items():
                setattr(job, name, value)
            session.add(job)

    def consent(self, outcome: str, at: datetime = BEGAN, **columns: Any) -> None:
        with self.house.database.write() as session:
            session.add(Consent(job_id=self.number, at=at, outcome=outcome, **columns))

    def words(self, *lines: str, source: str = "meet") -> None:
        with self.house.database.write() as session:
            for n, text in enumerate(lines, 1):
                at = BEGAN + timedelta(seconds=10 * n)
                said = {"speaker": "Host Person", "text": text, "started_at": at, "ended_at": at}
                session.add(TranscriptEntry(job_id=self.number, source=source, ordinal=n, key=str(n), **said))

    def told_of(self, kind: str) -> list[dict[str, Any]]:
        with self.house.database.read() as session:
            lines = session.exec(select(JobEvent).where(JobEvent.job_id == self.number)).all()
            return [line.data for line in lines if line.kind == kind]

    def deliveries(self) -> list[Delivery]:
        with self.house.database.read() as session:
            return list(session.exec(select(Delivery).order_by(Delivery.created_at)).all())

    def letters(self) -> dict[str, str]:
        """The text of each mail that is queued, in one line, by its reader."""
        found = {}
        for mail in self.deliveries():
            if mail.channel == "mail":
                body = message_from_bytes(mail.raw, policy=policy.default).get_body(("plain",))
                found[mail.target] = " ".join(body.get_content().split())
        return found


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    told, clock = world.build(tmp_path), StillClock()
    engine = WrittenEngine()
    house = replace(told.house, clock=clock, engine=engine)
    scene = Scene(told, house, engine, clock)
    people = [(HOST, "Host Person"), (GUEST, "Guest Person")]
    with house.database.write() as session:
        job = Job(
            public_id="job_one",
            key="one",
            title="Pricing review",
            meeting_url="https://meet.google.com/abc-defg-hij",
            meeting_code="abc-defg-hij",
            state=State.FINALIZING.value,
            end_reason="ended_by_host",
            join_at=BEGAN,
            starts_at=BEGAN,
            ends_at=LEFT,
            admitted_at=BEGAN,
            left_at=LEFT,
            created_at=BEGAN,
            updated_at=LEFT,
            inviter=HOST,
            invited=[
                {"email": mail, "raw": mail, "name": name, "partstat": "ACCEPTED"} for mail, name in people
            ],
        )
        session.add(job)
        session.flush()
        scene.number = job.id or 0
    yield scene
    house.database.close()
