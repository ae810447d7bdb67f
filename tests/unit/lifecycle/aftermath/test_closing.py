"""The end of a job: what is written, told and queued with it."""

import pytest

from agent.lifecycle.aftermath.closing import close_without_words, finish, manifest
from agent.lifecycle.upkeep.listeners import Listener, keep_configured
from agent.model.states import State
from agent.model.summary import Summary
from agent.model.tables import Participant, Recording
from agent.model.transcript import Why
from agent.store import jobs
from tests.unit.lifecycle.aftermath.conftest import BEGAN, HOST, LEFT, LINES, Scene


def close(scene: Scene, why: Why) -> None:
    with scene.house.database.write() as session:
        close_without_words(session, scene.house, jobs.get(session, scene.number), why)


@pytest.fixture
def heard(scene: Scene) -> Scene:
    """A house with one webhook."""
    keep_configured(scene.house, [Listener("https://hooks.example.com/", "whsec_c2VjcmV0")])
    return scene


@pytest.mark.parametrize("why", sorted(set(Why) - {Why.NOT_CONSENTED}))
def test_a_meeting_without_words_completes_and_says_why(scene: Scene, why: Why):
    close(scene, why)
    assert scene.job().state == State.COMPLETED
    assert scene.told_of("transcript_absent")[0]["code"] == why
    assert "There is no transcript of this meeting." in scene.letters()[HOST]


def test_without_consent_the_inviter_gets_one_line_and_nobody_else_anything(scene: Scene):
    scene.habit(recap_recipients="invited")
    close(scene, Why.NOT_CONSENTED)
    assert scene.letters().keys() == {HOST}
    assert "allowed notes to be taken, so none were kept" in scene.letters()[HOST]


def test_the_end_is_told_to_webhooks_exactly_once(heard: Scene):
    close(heard, Why.NOT_TRANSCRIBED)
    close(heard, Why.NOT_TRANSCRIBED)
    finals = [one for one in heard.deliveries() if one.event == "job.finalized"]
    assert len(finals) == 1
    assert finals[0].data["manifest"]["transcript"] == {"source": None, "entries": 0, "url": None}


def test_the_manifest_tells_what_was_left_behind(scene: Scene):
    scene.consent("granted", who="Host Person", channel="chat")
    scene.words(*LINES)
    scene.change(transcript_source="meet")
    with scene.house.database.write() as session:
        for name, verdict in (("Host Person", "human"), ("Note Taker", "rival"), ("Meetbot", "self")):
            session.add(Participant(job_id=scene.number, key=name, name=name, verdict=verdict))
        film = {"path": "meetings/job_one/recording.webm", "media_type": "video/webm", "size_bytes": 5}
        session.add(Recording(job_id=scene.number, created_at=LEFT, duration_seconds=1.23456, **film))
        session.flush()
        found = manifest(session, scene.house, jobs.get(session, scene.number), Summary(title="x"))
    assert found["transcript"]["entries"] == len(LINES)
    assert found["summary"]["url"].endswith("/api/v1/jobs/job_one/summary")
    assert found["consent"] == [
        {"at": BEGAN.isoformat(), "outcome": "granted", "who": "Host Person", "channel": "chat"}
    ]
    assert [(one["name"], one["kind"]) for one in found["roster"]] == [
        ("Host Person", "human"),
        ("Note Taker", "rival"),
    ]
    assert found["files"] == [
        {"name": "recording.webm", "mediaType": "video/webm", "durationSeconds": 1.235, "sizeBytes": 5}
    ]


def test_finishing_writes_the_manifest_into_the_job(scene: Scene):
    with scene.house.database.write() as session:
        job = jobs.get(session, scene.number)
        finish(session, scene.house, job, scene.clock.now(), summary=None)
    assert scene.job().manifest["endReason"] == "ended_by_host"
