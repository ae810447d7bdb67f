"""Messages in any order, by mail, poll and HTTP, end in the same jobs."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from agent.invites.google_events import read_events
from agent.lifecycle.invitations.mail_intake import MailIntake
from agent.model.authenticity import Authenticity
from agent.model.invite import Component, Envelope, HandedIn, ParsedMail
from agent.model.states import State
from agent.model.tables import EventSeries, Job, Mail, Occurrence
from agent.rules.ical import Context, read_calendar
from agent.store.series import sharing
from tests.intake_stage import (
    BOT,
    HOST,
    LINK,
    LIVE,
    MONDAY,
    NOON,
    IntakeStage,
    calendar,
    event,
    google_event,
    stamp,
)
from tests.unit.lifecycle.invitations.written_events import ELSEWHERE, HOUR, OTHER, WEEK, instance, weekly

VERIFIED = Authenticity(from_domain="example.com", aligned="example.com", dmarc="pass")

# All orders of six messages over three paths. One message is one function of a session. The orders are walked as a tree
# of savepoints; where the same messages led to the same rows, what follows is the same and is walked once.

Step = Callable[[IntakeStage, Session], object]


def read(text: str) -> Component:
    (component,) = read_calendar(text.encode(), Context(NOON)).components
    return component


def by_mail(method: str, *texts: str, sender: str = HOST, to: str = BOT) -> Step:
    component = read(calendar(*texts, method=method))

    def take(stage: IntakeStage, session: Session) -> None:
        envelope = Envelope(mail_from=sender, rcpt_to=(to,), peer="").model_dump(mode="json")
        row = Mail(sha256="", received_at=NOON, envelope=envelope, raw=b"")
        session.add(row)
        session.flush()
        parsed = ParsedMail(from_email=sender, components=(component,))
        MailIntake(session, stage.house, row, parsed, VERIFIED).take()

    return take


def by_http(*texts: str) -> Step:
    component = read(calendar(*texts))

    def take(stage: IntakeStage, session: Session) -> None:
        told = HandedIn(component=component, sender=HOST, carrier="worker@example.com")
        stage.handed_in._receive(session, told, None)

    return take


def by_poll(*events: dict[str, Any]) -> Step:
    (component,) = read_events(events, Context(NOON)).components

    def take(stage: IntakeStage, session: Session) -> None:
        stage.polling._take(session, stage.calendars[0], component)

    return take


def at(minutes: int) -> dict[str, Any]:
    return {"written": NOON - HOUR + timedelta(minutes=minutes)}


def snapshot(minutes: int) -> tuple[dict[str, Any], ...]:
    """Return the series as Google shows it: at ten, its second occurrence an hour later, its third cancelled."""
    updated = NOON - HOUR + timedelta(minutes=minutes)
    start = MONDAY + HOUR
    facts = {"sequence": 2, "updated": updated}
    master = google_event(start=start, recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"], **facts)
    original = {"dateTime": (start + WEEK).isoformat()}
    moved = google_event(
        start=start + WEEK + HOUR, originalStartTime=original, recurringEventId=master["id"], **facts
    )
    gone = {
        "id": "gone",
        "iCalUID": master["iCalUID"],
        "status": "cancelled",
        "recurringEventId": master["id"],
        "originalStartTime": {"dateTime": (start + 2 * WEEK).isoformat()},
        "sequence": 2,
        "updated": updated.isoformat(),
    }
    return master, moved | {"id": "moved"}, gone


SERIES: tuple[Step, ...] = (
    by_mail("REQUEST", weekly(**at(0))),
    by_mail("REQUEST", weekly(**at(0)), to="bot+private@example.com"),
    by_http(weekly(sequence=1, title="Renamed", **at(5))),
    by_mail("REQUEST", instance(1, start=MONDAY + WEEK + timedelta(minutes=15), sequence=1, **at(8))),
    by_poll(*snapshot(10)),
    by_mail(
        "CANCEL",
        event(start=MONDAY + HOUR, sequence=3, extra=[f"RECURRENCE-ID:{stamp(MONDAY + HOUR)}"], **at(20)),
    ),
)
CANCELLED: tuple[Step, ...] = (
    by_mail("REQUEST", event(**at(0))),
    by_http(event(sequence=1, start=MONDAY + HOUR, **at(1))),
    by_poll(google_event(sequence=1, start=MONDAY + HOUR, updated=NOON - HOUR + timedelta(minutes=2))),
    by_mail("REQUEST", event(sequence=2, start=MONDAY + 2 * HOUR, **at(3))),
    by_mail("CANCEL", event(sequence=3, **at(4))),
    by_http(event(sequence=2, start=MONDAY + 2 * HOUR, **at(3))),
)
TWO_INVITERS: tuple[Step, ...] = (
    by_mail("REQUEST", event("a", **at(0))),
    by_mail("REQUEST", event("b", organizer=OTHER, **at(0)), sender=OTHER),
    by_http(event("a", sequence=1, start=MONDAY + HOUR, **at(1))),
    by_poll(google_event("b", organizer=OTHER, sequence=1, start=MONDAY + HOUR, updated=NOON)),
    by_mail("REQUEST", event("c", start=MONDAY + HOUR, **at(2))),
    by_mail("CANCEL", event("c", start=MONDAY + HOUR, sequence=1, **at(3))),
)


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        (SERIES, [(MONDAY + WEEK + 2 * HOUR, "scheduled", HOST)]),
        (CANCELLED, []),
        (TWO_INVITERS, [(MONDAY + HOUR, "scheduled", f"{HOST} {OTHER}")]),
    ],
    ids=["series", "cancelled", "two inviters"],
)
async def test_all_orders_of_six_messages_over_three_paths_give_the_same_jobs(
    tmp_path: Path, story: Sequence[Step], expected: list[tuple[datetime, str, str]]
) -> None:
    ends: dict[object, int] = {}  # from a state: how many orders lead on from it

    def walk(session: Session, done: frozenset[int]) -> int:
        if len(done) == len(story):
            assert outcome(session) == expected
            return 1
        state = (done, everything(session))
        if state not in ends:
            ends[state] = sum(walk_on(session, done, number) for number in set(range(len(story))) - done)
        return ends[state]

    def walk_on(session: Session, done: frozenset[int], number: int) -> int:
        here = session.begin_nested()
        story[number](stage, session)
        orders = walk(session, done | {number})
        here.rollback()
        return orders

    async with IntakeStage(tmp_path, calendars=1, invites_joins_per_day=0, invites_concurrent=0) as stage:
        with stage.house.database.write() as session:
            assert walk(session, frozenset()) == 720


def everything(session: Session) -> str:
    """Return all rows that a decision may rest on, without their numbers, which only name them."""
    session.flush()
    series = {row.id: row for row in session.exec(select(EventSeries)).all()}
    jobs = {row.id: row for row in session.exec(select(Job)).all()}
    names = {number: _plain(row, "key") for number, row in jobs.items()}
    met = [
        (series[row.series_id].uid, _plain(row, "series_id", "job_id"), names.get(row.job_id))
        for row in session.exec(select(Occurrence)).all()
    ]
    known = [_plain(row) for row in series.values()]
    return repr((sorted(known), sorted(met, key=repr), sorted(names.values())))


def _plain(row: Any, *without: str) -> str:
    left_out = {"id", "public_id", "revision", "created_at", "updated_at", *without}
    return row.model_dump_json(exclude=left_out)


def outcome(session: Session) -> list[tuple[datetime, str, str]]:
    """Return where bots will go, and for whom."""
    found = []
    for job in session.exec(select(Job).where(col(Job.state).in_(LIVE))).all():
        inviters = {row.inviter for _, row in sharing(session, job.id or 0)}
        found.append((job.starts_at, job.state, " ".join(sorted(inviters))))
    return sorted(found)


MESSAGES = st.builds(
    lambda uid, start, sequence, written, method, slot, link, minutes, rule: (
        method,
        event(
            uid,
            start=MONDAY + start * HOUR,
            minutes=minutes,
            sequence=sequence,
            link=link,
            extra=[f"RECURRENCE-ID:{stamp(MONDAY + slot * WEEK)}"] if slot is not None else rule,
            **at(written),
        ),
    ),
    uid=st.sampled_from(["a", "b"]),
    start=st.integers(-1, 3),
    sequence=st.integers(0, 3),
    written=st.integers(0, 3),
    method=st.sampled_from(["REQUEST", "REQUEST", "REQUEST", "CANCEL", "ADD", "PUBLISH"]),
    slot=st.sampled_from([None, None, 0, 1]),
    link=st.sampled_from([LINK, LINK, ELSEWHERE, ""]),
    minutes=st.sampled_from([30, 60]),
    rule=st.sampled_from([[], ["RRULE:FREQ=WEEKLY;COUNT=2"], ["RRULE:FREQ=DAILY;COUNT=3"]]),
)


async def test_no_messages_make_two_live_jobs_for_one_meeting(tmp_path: Path) -> None:
    async with IntakeStage(tmp_path, invites_joins_per_day=0, invites_concurrent=0) as stage:

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
        @given(st.lists(MESSAGES, min_size=2, max_size=7))
        def check(messages: list[tuple[str, str]]) -> None:
            with stage.house.database.write() as session:
                for method, text in messages:
                    by_mail(method, text)(stage, session)
                live = [job for job in session.exec(select(Job)).all() if State(job.state) in LIVE]
                places = [(job.meeting_url, job.starts_at) for job in live]
                assert len(places) == len(set(places)), places
                served = {
                    (one.job_id)
                    for one in session.exec(select(Occurrence)).all()
                    if one.job_id and not one.cancelled
                }
                assert {job.id for job in live} <= served
                _forget(session)

        check()


def _forget(session: Session) -> None:
    """Make the next example begin from nothing."""
    for table in (Occurrence, EventSeries):
        for row in session.exec(select(table)).all():
            session.delete(row)
        session.flush()
    for job in session.exec(select(Job)).all():
        job.state, job.key = State.COMPLETED.value, job.public_id
        session.add(job)
    session.flush()
