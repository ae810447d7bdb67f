from dataclasses import replace
from datetime import timedelta

import pytest

from agent.errors import Denied
from agent.lifecycle.aftermath.transcribe import Transcribe
from agent.model.states import State
from agent.model.tables import Consent
from agent.model.transcript import Entry, Harvest, Readiness
from agent.store import jobs, sharing
from tests.bots_stage import WORDS, entries

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def of(stage, address, **facts):
    return await stage.client(stage.key(address)), stage.finished(address, **facts)


async def settled(stage, client, path):
    async def done():
        answer = (await client.get(path)).json()
        return answer if answer["status"] != "PROCESSING" else None

    return await stage.until(done)


async def test_a_transcript_has_every_word_with_its_time(stage, address):
    client, job = await of(stage, address)
    found = (await client.get(f"/v1/transcripts/{job.id}")).json()
    assert (found["botId"], found["source"], found["meetingTitle"]) == (job.id, "meet", "Spring release")
    assert [(entry["speaker"], entry["text"]) for entry in found["entries"]] == WORDS
    assert [entry["startTime"] for entry in found["entries"]] == [0.0, 10.0, 20.0, 30.0]


@pytest.mark.parametrize(
    ("form", "media_type", "beginning"),
    [
        ("text", "text/plain", "[00:00:00] Host Person: Welcome"),
        ("vtt", "text/vtt", "WEBVTT\n\n00:00:00.000 --> 00:00:08.000\n<v Host Person>Welcome"),
        ("srt", "application/x-subrip", "1\n00:00:00,000 --> 00:00:08,000\nHost Person: Welcome"),
    ],
)
async def test_a_transcript_comes_in_other_forms(stage, address, form, media_type, beginning):
    client, job = await of(stage, address)
    found = await client.get(f"/v1/transcripts/{job.id}", params={"format": form})
    assert found.headers["Content-Type"].startswith(media_type)
    assert found.text.startswith(beginning)


async def test_an_unknown_form_is_refused(stage, address):
    client, job = await of(stage, address)
    assert (await client.get(f"/v1/transcripts/{job.id}?format=docx")).status_code == 422


async def test_a_meeting_without_words_has_no_transcript(stage, address):
    client, job = await of(stage, address, words=False)
    assert (await client.get(f"/v1/transcripts/{job.id}")).status_code == 404
    assert (await client.get(f"/v1/transcripts/{job.id}/status")).json()["status"] == "NONE"
    assert (await client.delete(f"/v1/transcripts/{job.id}")).status_code == 404
    assert (await client.post(f"/v1/summaries/{job.id}/summarize")).status_code == 409


@pytest.mark.parametrize(
    ("state", "status"),
    [(State.SCHEDULED, "PENDING"), (State.IN_CALL, "PENDING"), (State.FINALIZING, "PROCESSING")],
)
async def test_while_the_job_is_under_way_its_words_are_to_come(stage, address, state, status):
    client, job = await of(stage, address, words=False, state=state.value)
    for kind in ("transcripts", "summaries"):
        assert (await client.get(f"/v1/{kind}/{job.id}/status")).json()["status"] == status
    assert (await client.post(f"/v1/transcripts/{job.id}/transcribe")).status_code == 409
    assert (await client.post(f"/v1/summaries/{job.id}/summarize")).status_code == 409


async def test_transcribing_asks_the_platform_again(stage, address):
    client, job = await of(stage, address, words=False)
    began = job.admitted_at
    said = Entry("Host Person", "Late but here.", began, began + timedelta(seconds=2))
    stage.platform.found = Harvest(Readiness.READY, entries=(said,))
    begun = await client.post(f"/v1/transcripts/{job.id}/transcribe", json={"language": "en"})
    assert (begun.status_code, begun.json()["status"]) == (202, "PROCESSING")
    done = await settled(stage, client, f"/v1/transcripts/{job.id}/status")
    assert (done["status"], done["source"], done["entries"]) == ("DONE", "meet", 1)
    found = (await client.get(f"/v1/transcripts/{job.id}")).json()
    assert found["entries"][0]["text"] == "Late but here."


async def test_without_a_transcript_of_the_platform_the_captions_serve(stage, address):
    stage.platform.found = Harvest(Readiness.NO_RECORD)
    client, job = await of(stage, address, words=False)
    with stage.database.write() as session:
        session.add_all(entries(job.id, job.admitted_at, source="captions"))
    await client.post(f"/v1/transcripts/{job.id}/transcribe")
    done = await settled(stage, client, f"/v1/transcripts/{job.id}/status")
    assert (done["source"], done["entries"]) == ("captions", 4)


async def test_transcribing_in_vain_says_why(stage, address):
    stage.platform.found = Harvest(Readiness.NO_RECORD)
    client, job = await of(stage, address, words=False)
    await client.post(f"/v1/transcripts/{job.id}/transcribe")
    failed = await settled(stage, client, f"/v1/transcripts/{job.id}/status")
    assert failed["status"] == "FAILED"
    assert "no recording" in failed["error"]


async def test_a_refusal_of_the_platform_is_told(stage, address, monkeypatch):
    async def refuse(*_, **__):
        raise Denied("The token lacks the scope read.")

    monkeypatch.setattr(stage.platform, "harvest", refuse)
    client, job = await of(stage, address, words=False)
    await client.post(f"/v1/transcripts/{job.id}/transcribe")
    failed = await settled(stage, client, f"/v1/transcripts/{job.id}/status")
    assert failed["error"] == "The token lacks the scope read."


async def test_without_consent_nothing_is_transcribed(stage, address):
    client, job = await of(stage, address, words=False)
    with stage.database.write() as session:
        session.add(Consent(job_id=job.id, at=stage.clock.now(), outcome="opted_out"))
    answer = await client.post(f"/v1/transcripts/{job.id}/transcribe")
    assert answer.status_code == 409
    assert "allowed" in answer.json()["detail"]


class Ear:
    """Hears two things in every file."""

    async def transcribe(self, path, began, *, language):
        at = [began + timedelta(seconds=seconds) for seconds in (1, 4, 300)]
        return [Entry("", "heard well", at[0], at[1]), Entry("", "heard late", at[2], at[2])]


async def test_a_recording_is_put_into_words_and_captions_name_the_speakers(stage, address):
    client, job = await of(stage, address, words=False, recording=True)
    with stage.database.write() as session:
        began = job.left_at - timedelta(seconds=10.5)
        session.add_all(entries(job.id, began - timedelta(seconds=10), source="captions"))
    await client.post(f"/v1/transcripts/{job.id}/transcribe")
    await settled(stage, client, f"/v1/transcripts/{job.id}/status")
    listening = Transcribe(replace(stage.house, transcriber=Ear()))
    with stage.database.write() as session:
        wish = sharing.production(session, job.id, "transcript")
        wish.state, wish.number = "processing", 9
        session.add(wish)
    await listening(job.id, 9)
    await listening(job.id, 9)
    found = (await client.get(f"/v1/transcripts/{job.id}")).json()
    assert found["source"] == "recording"
    assert [entry["speaker"] for entry in found["entries"]] == ["Host Person", "Unknown speaker"]


async def test_a_deleted_transcript_is_gone_for_good(stage, address):
    client, job = await of(stage, address)
    assert (await client.delete(f"/v1/transcripts/{job.id}")).status_code == 204
    assert (await client.get(f"/v1/transcripts/{job.id}")).status_code == 404
    assert (await client.get(f"/v1/recordings/{job.id}/transcription")).status_code == 404
    with stage.database.read() as session:
        assert not jobs.entries(session, job.id, "meet")


async def test_a_summary_is_written_in_another_version_and_read(stage, address):
    client, job = await of(stage, address, summary=True)
    assert (await client.get(f"/v1/summaries/{job.id}")).json()["version"] == 1
    begun = await client.post(
        f"/v1/summaries/{job.id}/summarize", json={"template": "general", "language": "en"}
    )
    assert begun.status_code == 202
    done = await settled(stage, client, f"/v1/summaries/{job.id}/status")
    assert (done["status"], done["versions"]) == ("DONE", 2)
    found = (await client.get(f"/v1/summaries/{job.id}")).json()
    assert found["version"] == 2
    assert found["summary"]["template"] == "general"
    ordinals = {number for item in found["summary"]["tldr"] for number in item["cites"]}
    assert ordinals <= {1, 2, 3, 4}


async def test_a_summary_is_made_anew_after_it_was_deleted(stage, address):
    client, job = await of(stage, address)
    for _ in range(2):
        assert (await client.post(f"/v1/summaries/{job.id}/summarize")).status_code == 202
        done = await settled(stage, client, f"/v1/summaries/{job.id}/status")
        assert (done["status"], done["versions"]) == ("DONE", 1)
        assert (await client.delete(f"/v1/summaries/{job.id}")).status_code == 204
        assert (await client.get(f"/v1/summaries/{job.id}")).status_code == 404
        assert (await client.get(f"/v1/summaries/{job.id}/status")).json()["status"] == "NONE"
    assert (await client.delete(f"/v1/summaries/{job.id}")).status_code == 404


@pytest.mark.parametrize("body", [{"template": "../x"}, {"language": "klingon!"}, {"more": 1}])
async def test_a_bad_wish_for_a_summary_is_refused(stage, address, body):
    client, job = await of(stage, address)
    assert (await client.post(f"/v1/summaries/{job.id}/summarize", json=body)).status_code == 422


@pytest.mark.parametrize("form", ["text", "vtt", "srt"])
async def test_a_text_that_has_not_changed_is_not_sent_again(stage, address, form):
    client = await stage.client(stage.key(address))
    path = f"/v1/transcripts/{stage.finished(address).id}?format={form}"
    mark = (await client.get(path)).headers["ETag"]
    same = await client.get(path, headers={"If-None-Match": mark})
    assert (same.status_code, same.content) == (304, b"")
