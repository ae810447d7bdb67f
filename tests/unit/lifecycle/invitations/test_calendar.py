"""What messages do to jobs: one truth whichever way they come, and one bot for all who invite it to the same meeting."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from agent.invites.google_events import read_events
from agent.lifecycle.aftermath import readers
from agent.lifecycle.invitations.mail_intake import MailIntake
from agent.model.authenticity import Authenticity
from agent.model.call import Verb
from agent.model.invite import Component, Envelope, HandedIn, ParsedMail
from agent.model.states import State
from agent.model.tables import EventSeries, Job, Mail, Occurrence
from agent.rules.ical import Context, read_calendar
from agent.store import jobs
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
    mail,
    stamp,
)

OTHER = "other@example.com"
ELSEWHERE = "https://meet.google.com/xyz-defg-hij"
WEEK = timedelta(weeks=1)
HOUR = timedelta(hours=1)
VERIFIED = Authenticity(from_domain="example.com", aligned="example.com", dmarc="pass")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[IntakeStage]:
    async with IntakeStage(tmp_path) as stage:
        yield stage


def weekly(**changes: Any) -> str:
    return event(extra=["RRULE:FREQ=WEEKLY;COUNT=3"], **changes)


def instance(number: int, **changes: Any) -> str:
    """Return the override of one occurrence of `weekly`, which starts where it did unless told otherwise."""
    slot = MONDAY + number * WEEK
    return event(**{"start": slot, **changes, "extra": [f"RECURRENCE-ID:{stamp(slot)}"]})


async def test_one_occurrence_moves_and_another_is_cancelled(stage: IntakeStage) -> None:
    await stage.receive(mail(weekly()))
    await stage.receive(mail(instance(1, start=MONDAY + WEEK + HOUR, sequence=1)))
    await stage.receive(mail(instance(2, sequence=1), method="CANCEL"))
    assert stage.starts() == [MONDAY, MONDAY + WEEK + HOUR]


async def test_a_cancellation_that_names_no_readable_occurrence_leaves_the_series(stage: IntakeStage) -> None:
    await stage.receive(mail(weekly()))
    broken = event(sequence=1, extra=["RECURRENCE-ID:yesterday"])
    await stage.receive(mail(broken, method="CANCEL"))
    assert len(stage.jobs()) == 3


async def test_a_series_that_moves_takes_its_jobs_along(stage: IntakeStage) -> None:
    await stage.receive(mail(weekly()))
    before = [job.public_id for job in stage.jobs()]
    await stage.receive(mail(weekly(sequence=1, start=MONDAY + HOUR)))
    assert stage.starts() == [MONDAY + HOUR + number * WEEK for number in range(3)]
    assert [job.public_id for job in stage.jobs()] == before


async def test_a_cancelled_meeting_that_is_invited_again_is_the_same_job(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    (first,) = stage.jobs()
    await stage.receive(mail(event(sequence=1), method="CANCEL"))
    await stage.receive(mail(event(sequence=2, start=MONDAY + HOUR)))
    (again,) = stage.jobs()
    assert (again.public_id, again.starts_at) == (first.public_id, MONDAY + HOUR)


async def test_two_inviters_of_one_meeting_share_one_bot(stage: IntakeStage) -> None:
    await stage.receive(mail(event("a@example.com")))
    await stage.receive(mail(event("b@example.com", organizer=OTHER, minutes=45), sender=OTHER), sender=OTHER)
    (job,) = stage.jobs()
    assert job.inviter == HOST
    assert job.ends_at == MONDAY + timedelta(minutes=45)
    assert {person["email"] for person in job.invited} == {HOST, OTHER, BOT}
    assert len(stage.replies()) == 2
    assert all("ACCEPTED" in text for text in stage.replies())
    await stage.receive(mail(event("b@example.com", organizer=OTHER, minutes=45), sender=OTHER), sender=OTHER)
    assert len(stage.jobs()) == 1


async def test_each_inviter_gets_the_recap_that_their_own_invitation_asks_for(stage: IntakeStage) -> None:
    guest = "guest@example.com"
    await stage.receive(mail(event("a@example.com", attendees=(BOT, "colleague@example.com"))))
    for to in (BOT, "bot+everyone@example.com"):
        await stage.receive(
            mail(event("b@example.com", organizer=OTHER, attendees=(BOT, guest)), sender=OTHER),
            sender=OTHER,
            to=(to,),
        )
    with stage.house.database.read() as session:
        chosen = readers.choose(session, stage.house, stage.jobs()[0])
    assert {reader.email for reader in chosen} == {HOST, OTHER, guest}


async def test_an_inviter_who_wants_no_recap_gets_none(stage: IntakeStage) -> None:
    await stage.receive(mail(event("a@example.com")), to=("bot+silent@example.com",))
    await stage.receive(mail(event("b@example.com", organizer=OTHER), sender=OTHER), sender=OTHER)
    with stage.house.database.read() as session:
        chosen = readers.choose(session, stage.house, stage.jobs()[0])
    assert {reader.email for reader in chosen} == {OTHER}


async def test_the_bot_stays_for_whom_the_meeting_goes_on(stage: IntakeStage) -> None:
    await stage.receive(mail(event("a@example.com")))
    await stage.receive(mail(event("b@example.com", organizer=OTHER), sender=OTHER), sender=OTHER)
    await stage.receive(mail(event("a@example.com", sequence=1), method="CANCEL"))
    (job,) = stage.jobs()
    assert job.inviter == OTHER
    await stage.receive(
        mail(event("b@example.com", organizer=OTHER, sequence=1), method="CANCEL", sender=OTHER), sender=OTHER
    )
    assert not stage.jobs()


async def test_an_invitation_that_moves_away_gets_a_bot_of_its_own(stage: IntakeStage) -> None:
    await stage.receive(mail(event("a@example.com")))
    await stage.receive(mail(event("b@example.com", organizer=OTHER), sender=OTHER), sender=OTHER)
    await stage.receive(mail(event("a@example.com", sequence=1, start=MONDAY + HOUR)))
    assert [(job.starts_at, job.inviter) for job in stage.jobs()] == [(MONDAY, OTHER), (MONDAY + HOUR, HOST)]
    await stage.receive(
        mail(event("b@example.com", organizer=OTHER, sequence=1, start=MONDAY + HOUR), sender=OTHER),
        sender=OTHER,
    )
    (job,) = stage.jobs()
    assert (job.starts_at, job.inviter) == (MONDAY + HOUR, HOST)


async def test_a_split_series_is_not_doubled_while_it_changes_over(stage: IntakeStage) -> None:
    split = event("one_R20300318T090000@google.com", start=MONDAY + WEEK, extra=["RRULE:FREQ=WEEKLY;COUNT=2"])
    await stage.receive(mail(weekly()))
    await stage.receive(mail(split))
    assert len(stage.jobs()) == 3
    ended = event(sequence=1, extra=[f"RRULE:FREQ=WEEKLY;UNTIL={stamp(MONDAY + HOUR)}"])
    await stage.receive(mail(ended))
    assert stage.starts() == [MONDAY, MONDAY + WEEK, MONDAY + 2 * WEEK]


async def test_a_meeting_moved_while_the_bot_is_at_the_door_is_planned_anew(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    stage.put_job(1, State.JOINING)
    await stage.receive(mail(event(sequence=1, start=MONDAY + HOUR)))
    (job,) = stage.jobs()
    assert (job.state, job.revision, job.starts_at) == (State.SCHEDULED, 2, MONDAY + HOUR)
    assert [(verb, text) for _, verb, text in stage.engine.told] == [(Verb.RECHECK, "moved")]


@pytest.mark.parametrize("state", [State.IN_CALL, State.RECORDING])
async def test_a_meeting_put_off_while_the_bot_is_in_it_gets_another_bot_then(
    stage: IntakeStage, state: State
) -> None:
    await stage.receive(mail(event()))
    stage.put_job(1, state)
    await stage.receive(mail(event(sequence=1, start=MONDAY + 24 * HOUR)))
    here, later = stage.jobs()
    assert (here.id, here.state, here.ends_at) == (1, state, MONDAY + timedelta(minutes=30))
    assert (later.state, later.starts_at) == (State.SCHEDULED, MONDAY + 24 * HOUR)
    assert not stage.engine.told
    await stage.receive(mail(event(sequence=2, start=MONDAY + 25 * HOUR)))
    assert stage.starts() == [MONDAY, MONDAY + 25 * HOUR]


async def test_a_meeting_that_changes_rooms_while_the_bot_is_in_it_gets_a_bot_there(
    stage: IntakeStage,
) -> None:
    await stage.receive(mail(event()))
    stage.put_job(1, State.RECORDING)
    await stage.receive(mail(event(sequence=1, link=ELSEWHERE)))
    assert [(job.meeting_code, job.state) for job in stage.jobs()] == [
        ("abc-defg-hij", State.RECORDING),
        ("xyz-defg-hij", State.SCHEDULED),
    ]


async def test_a_meeting_put_off_and_then_cancelled_is_left(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    stage.put_job(1, State.IN_CALL)
    await stage.receive(mail(event(sequence=1, start=MONDAY + 24 * HOUR)))
    await stage.receive(mail(event(sequence=2), method="CANCEL"))
    assert [(verb, text) for _, verb, text in stage.engine.told] == [(Verb.LEAVE, "cancelled_by_invite")]
    assert [job.id for job in stage.jobs()] == [1]


async def test_a_meeting_cancelled_while_the_bot_is_in_it_is_left(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    stage.put_job(1, State.IN_CALL)
    await stage.receive(mail(event(sequence=1), method="CANCEL"))
    assert [(verb, text) for _, verb, text in stage.engine.told] == [(Verb.LEAVE, "cancelled_by_invite")]


async def test_a_call_in_which_notes_were_agreed_to_outlasts_its_cancellation(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    stage.put_job(1, State.RECORDING)
    for _ in range(2):
        await stage.receive(mail(event(sequence=1), method="CANCEL"))
    (job,) = stage.jobs()
    assert (job.state, job.inviter, stage.engine.told) == (State.RECORDING, HOST, [])
    with stage.house.database.read() as session:
        lines = [line.data for line in jobs.timeline(session, 1) if line.data.get("cancelled")]
        chosen = readers.choose(session, stage.house, job)
    assert len(lines) == 1, "the timeline tells it once"
    assert "the bot stays" in lines[0]["detail"]
    assert {reader.email for reader in chosen} == {HOST}


async def test_a_bot_that_is_taken_off_the_guest_list_leaves_also_while_it_takes_notes(
    stage: IntakeStage,
) -> None:
    await stage.receive(mail(event(attendees=(BOT, OTHER))))
    stage.put_job(1, State.RECORDING)
    await stage.receive(mail(event(sequence=1, attendees=(BOT,)), method="CANCEL"))
    assert [(verb, text) for _, verb, text in stage.engine.told] == [(Verb.LEAVE, "cancelled_by_invite")]
    assert stage.notes()[-1].reason == "the bot was taken off the guest list"


async def test_a_call_that_is_called_off_for_all_its_guests_goes_on_with_notes(stage: IntakeStage) -> None:
    await stage.receive(mail(event(attendees=(BOT, OTHER))))
    stage.put_job(1, State.RECORDING)
    await stage.receive(mail(event(sequence=1, attendees=(BOT, OTHER)), method="CANCEL"))
    assert stage.engine.told == []
    assert stage.notes()[-1].reason == "the meeting was cancelled"


async def test_several_meet_links_are_flagged_with_the_one_that_won(stage: IntakeStage) -> None:
    await stage.receive(mail(event(extra=[f"DESCRIPTION:The old room was {ELSEWHERE}"])))
    (job,) = stage.jobs()
    assert job.meeting_code == "abc-defg-hij"
    (note,) = stage.notes()
    (flag,) = [rule["detail"] for rule in note.rules if rule.get("rule") == "several_links"]
    assert flag.startswith("abc-defg-hij is joined and not xyz-defg-hij")
    with stage.house.database.read() as session:
        assert [line.data.get("several_links") for line in jobs.timeline(session, 1)].count(flag) == 1


async def test_a_longer_meeting_is_stayed_at(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    stage.put_job(1, State.IN_CALL)
    await stage.receive(mail(event(sequence=1, minutes=90)))
    (job,) = stage.jobs()
    assert (job.state, job.ends_at) == (State.IN_CALL, MONDAY + timedelta(minutes=90))
    assert not stage.engine.told


async def test_an_invitation_to_one_occurrence_alone_brings_the_bot_there(stage: IntakeStage) -> None:
    await stage.receive(mail(instance(1)))
    (job,) = stage.jobs()
    assert job.starts_at == MONDAY + WEEK
    assert {person["email"] for person in job.invited} == {HOST, BOT}


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
