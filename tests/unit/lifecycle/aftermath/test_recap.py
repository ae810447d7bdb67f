"""Which letters leave after a meeting, to whom, and what is true in each."""

from datetime import timedelta

import pytest

from agent.lifecycle.aftermath import recap
from agent.model.letter import ConsentTold
from agent.model.series import Series
from agent.model.states import Told
from agent.model.summary import Decision, Statement, Summary
from agent.model.tables import EventSeries, Occurrence, Participant, SummaryVersion
from agent.model.transcript import Why
from agent.store import jobs
from tests.unit.lifecycle.aftermath.conftest import BEGAN, GUEST, HOST, LINES, STRANGER, Scene

SUMMARY = Summary(
    title="Pricing review",
    tldr=(Statement(text=LINES[0], cites=(1,)),),
    decisions=(Decision(text="The basic plan costs 14 euros.", cites=(1,)),),
)


@pytest.fixture
def ready(scene: Scene) -> Scene:
    """A meeting with words and consent."""
    scene.consent("granted", who="Host Person", words="yes")
    scene.words(*LINES)
    scene.change(transcript_source="meet")
    return scene


def queue(scene: Scene, summary: Summary = SUMMARY, version: int = 1) -> None:
    with scene.house.database.write() as session:
        row = SummaryVersion(
            job_id=scene.number, version=version, created_at=BEGAN, body=summary.model_dump(mode="json")
        )
        session.add(row)
        session.flush()
        recap.queue_recaps(session, scene.house, jobs.get(session, scene.number), row, scene.clock.now())


def share_with(scene: Scene, inviter: str) -> None:
    """Let somebody else have invited the bot to the same meeting."""
    with scene.house.database.write() as session:
        for n, address in enumerate((HOST, inviter)):
            series = EventSeries(uid=f"{n}@example.com", inviter=address, updated_at=BEGAN)
            series.body = Series(uid=series.uid).model_dump(mode="json")
            session.add(series)
            session.flush()
            session.add(
                Occurrence(series_id=series.id, slot="", starts_at=BEGAN, ends_at=BEGAN, job_id=scene.number)
            )


def test_each_reader_gets_one_recap_for_each_version(ready: Scene):
    ready.habit(recap_recipients="invited")
    queue(ready)
    keys = [one.key for one in ready.deliveries()]
    assert keys == [f"mail:recap:job_one:v1:{address}" for address in (HOST, GUEST)]


def test_only_who_invited_the_bot_may_delete_and_the_others_are_told_whom_to_ask(ready: Scene):
    ready.habit(recap_recipients="invited")
    queue(ready)
    letters = ready.letters()
    assert "/recap/delete/" in letters[HOST]
    assert "/recap/delete/" not in letters[GUEST]
    assert f"To have this meeting’s data deleted, ask {HOST}." in letters[GUEST]
    assert "data deleted, ask" not in letters[HOST]


def test_every_inviter_of_a_shared_bot_may_delete(ready: Scene):
    share_with(ready, STRANGER)
    queue(ready)
    letters = ready.letters()
    assert letters.keys() == {HOST, STRANGER}
    assert all("/recap/delete/" in text for text in letters.values())


def test_a_later_version_says_what_changed(ready: Scene):
    queue(ready)
    changed = SUMMARY.model_copy(update={"decisions": ()})
    queue(ready, changed, version=2)
    assert "Changed since version 1: 1 removed." in ready.letters()[HOST]


def test_the_recap_says_why_the_words_are_not_from_the_preferred_source(ready: Scene):
    with ready.house.database.write() as session:
        job = jobs.get(session, ready.number)
        jobs.note(session, job, BEGAN, Told.TRANSCRIPT_READY, {"source": "captions", "code": "meet_partial"})
    queue(ready)
    assert "covers only part of the meeting" in ready.letters()[HOST]


@pytest.mark.parametrize(
    ("options", "habits", "sentence"),
    [
        ({}, {}, "Transcription was never turned on"),
        ({"language": "de"}, {}, "Die Transkription war in dieser Besprechung nie eingeschaltet."),
        ({"language": "de"}, {"summary_language": "fr"}, "La transcription n’a jamais été activée"),
        ({"summary_language": "es"}, {"summary_language": "fr"}, "La transcripción nunca se activó"),
        ({}, {"language": "pt"}, "A transcrição nunca foi ativada"),
    ],
)
def test_a_meeting_without_words_is_told_of_in_the_language_that_was_wished_for(
    ready: Scene, options: dict[str, str], habits: dict[str, str], sentence: str
):
    ready.habit(**habits)
    ready.change(options=options)
    with ready.house.database.write() as session:
        job = jobs.get(session, ready.number)
        recap.queue_absence(session, ready.house, job, Why.NOT_TRANSCRIBED, ready.clock.now())
    assert sentence in ready.letters()[HOST]


def test_the_newest_entry_of_the_ledger_that_counts_is_told(ready: Scene):
    def told() -> ConsentTold:
        with ready.house.database.read() as session:
            return recap.consent_told(session, jobs.get(session, ready.number))

    assert told() == ConsentTold("granted", "Host Person", BEGAN, "yes")
    later = BEGAN + timedelta(minutes=9)
    ready.consent("withdrawn", later, who="Guest Person", words="stop")
    ready.consent("asked", later + timedelta(minutes=1))
    assert told() == ConsentTold("withdrawn", "Guest Person", later, "stop")


def test_an_empty_ledger_is_told_as_none(scene: Scene):
    with scene.house.database.read() as session:
        assert recap.consent_told(session, jobs.get(session, scene.number)) == ConsentTold()


def test_nobody_is_told_to_have_been_away_who_may_have_been_there(ready: Scene):
    ready.change(
        invited=[
            *ready.job().invited,
            {"email": "other.guest@example.com", "raw": "", "name": "Guest Person"},
            {"email": "room@resource.calendar.google.com", "raw": "", "name": "Large room"},
            {"email": "meetbot+tag@example.com", "raw": "", "name": "Meetbot"},
            {"email": "away@example.com", "raw": "", "name": "Away Person"},
        ]
    )
    ready.habit(bot_email="meetbot@example.com")
    with ready.house.database.write() as session:
        session.add(Participant(job_id=ready.number, key="g", name="Guest Person"))
    queue(ready)
    assert "Not seen: Away Person Invited by" in ready.letters()[HOST]


def test_an_address_that_no_mail_can_be_written_to_keeps_the_recap_from_nobody_else(ready: Scene):
    ready.habit(recap_recipients="invited")
    odd = {"email": "jürgen@example.com", "raw": "jürgen@example.com", "name": "Odd Person"}
    ready.change(invited=[*ready.job().invited, odd, {"email": "no address", "raw": "no address"}])
    queue(ready)
    assert ready.letters().keys() == {HOST, GUEST}


def test_an_inviter_whom_no_mail_can_be_written_to_does_not_keep_a_meeting_from_its_end(scene: Scene):
    scene.change(inviter="jürgen@example.com")
    with scene.house.database.write() as session:
        job = jobs.get(session, scene.number)
        recap.queue_no_consent(session, scene.house, job, scene.clock.now())
        recap.queue_absence(session, scene.house, job, Why.NO_RECORD, scene.clock.now())
    assert scene.deliveries() == []
