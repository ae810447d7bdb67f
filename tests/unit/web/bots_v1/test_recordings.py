from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from agent.lifecycle.aftermath import bot_files
from agent.model.states import State
from agent.model.tables import Consent
from agent.store import bots, jobs
from tests.bots_stage import WEBM

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def recorded(stage, address):
    client = await stage.client(stage.key(address))
    return client, stage.finished(address, recording=True)


async def test_recordings_are_listed_with_their_size_and_length(stage, address):
    client, job = await recorded(stage, address)
    stage.finished(address)
    page = (await client.get("/v1/recordings")).json()
    assert (page["total"], page["page"], page["page_size"]) == (1, 1, 20)
    only = page["recordings"][0]
    assert (only["botId"], only["status"], only["platform"]) == (job.id, "DONE", "google")
    assert (only["durationSeconds"], only["fileSizeBytes"]) == (10.5, len(WEBM))
    info = await client.get(f"/v1/recordings/{job.id}")
    assert info.json() == only
    assert (await client.get(f"/v1/bots/{job.id}")).json()["recording"].endswith(f"/recordings/{job.id}")


@pytest.mark.parametrize("what", ["", "/download", "/stream", "/share"])
async def test_what_was_not_recorded_is_missing(stage, address, what):
    client = await stage.client(stage.key(address))
    job = stage.finished(address)
    answer = await client.get(f"/v1/recordings/{job.id}{what}")
    assert answer.status_code == 404
    assert isinstance(answer.json()["detail"], str)


async def test_a_stream_can_be_sought_in(stage, address):
    client, job = await recorded(stage, address)
    path = f"/v1/recordings/{job.id}/stream"
    whole = await client.get(path)
    assert (whole.status_code, whole.content) == (200, WEBM)
    assert whole.headers["Content-Type"] == "video/webm"
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = await client.get(path, headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.content) == (206, WEBM[2:6])
    assert part.headers["Content-Range"] == f"bytes 2-5/{len(WEBM)}"
    last = await client.get(path, headers={"Range": "bytes=-3"})
    assert last.content == WEBM[-3:]
    assert (await client.get(path, headers={"Range": "bytes=9999-"})).status_code == 416
    assert (await client.get(path, params={"part": 2})).status_code == 404


async def test_a_download_link_needs_no_credentials_and_expires(stage, address):
    client, job = await recorded(stage, address)
    link = (await client.get(f"/v1/recordings/{job.id}/download")).json()
    assert link["expiresInSeconds"] == 3600
    guest = await stage.stranger()
    assert (await guest.get(link["downloadUrl"])).content == WEBM
    stage.clock.ahead += timedelta(seconds=3601)
    assert (await guest.get(link["downloadUrl"])).status_code == 403


async def test_a_download_link_is_good_for_nothing_else(stage, address):
    client, job = await recorded(stage, address)
    other = stage.finished(address, recording=True)
    url = (await client.get(f"/v1/recordings/{job.id}/download")).json()["downloadUrl"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    guest = await stage.stranger()
    own, others = f"/v1/recordings/{job.id}/stream", f"/v1/recordings/{other.id}/stream"
    for path, changed in [
        (others, {}),
        (own, {"part": "2"}),
        (own, {"expires": str(int(query["expires"]) + 1)}),
        (own, {"signature": query["signature"][:-1]}),
        (own, {"signature": "é"}),
    ]:
        assert (await guest.get(path, params=query | changed)).status_code == 403, (path, changed)
    assert (await guest.get(own)).status_code == 401


async def test_who_spoke_when_is_told_without_the_words(stage, address):
    client, job = await recorded(stage, address)
    found = (await client.get(f"/v1/recordings/{job.id}/transcription")).json()
    assert found["botId"] == job.id
    first = {"speaker": "Host Person", "startTime": 0.0, "endTime": 8.0}
    assert found["speakerTimeframes"][0] == first
    assert len(found["speakerTimeframes"]) == 4


async def test_a_deleted_recording_leaves_the_disk(stage, address):
    client, job = await recorded(stage, address)
    path = stage.house.habits.data_dir / "meetings" / job.public_id / "recording.webm"
    assert (await client.delete(f"/v1/recordings/{job.id}")).status_code == 204
    assert not path.exists()
    assert (await client.delete(f"/v1/recordings/{job.id}")).status_code == 404
    assert (await client.get(f"/v1/transcripts/{job.id}")).status_code == 200


async def test_a_recording_of_a_running_call_is_not_deleted(stage, address):
    client, job = await recorded(stage, address)
    stage.put(job.public_id, State.IN_CALL)
    assert (await client.delete(f"/v1/recordings/{job.id}")).status_code == 409


async def test_a_file_outside_the_data_directory_is_never_sent_or_deleted(stage, address):
    client, job = await recorded(stage, address)
    with stage.database.write() as session:
        row = bots.recordings(session, [job.id])[job.id][0]
        row.path = "../outside"
        session.add(row)
    outside = stage.house.habits.data_dir.parent / "outside"
    outside.write_bytes(b"not ours")
    assert (await client.get(f"/v1/recordings/{job.id}/stream")).status_code == 404
    assert (await client.delete(f"/v1/recordings/{job.id}")).status_code == 204
    assert outside.exists()


async def test_a_second_stay_makes_a_second_part(stage, address):
    client, job = await recorded(stage, address)
    folder = stage.record(job).parent
    (folder / "recording-2.webm").write_bytes(WEBM + b"\x00")
    with stage.database.write() as session:
        bot_files.keep(session, stage.house, jobs.get(session, job.id), stage.clock.now())
    info = (await client.get(f"/v1/recordings/{job.id}")).json()
    assert (info["parts"], info["fileSizeBytes"]) == (2, 2 * len(WEBM) + 1)
    second = await client.get(f"/v1/recordings/{job.id}/stream", params={"part": 2})
    assert second.content == WEBM + b"\x00"


@pytest.mark.parametrize("outcome", ["declined", "opted_out"])
async def test_what_was_recorded_before_a_no_is_deleted(stage, address, outcome):
    client = await stage.client(stage.key(address))
    job = stage.finished(address)
    path = stage.record(job)
    with stage.database.write() as session:
        session.add(Consent(job_id=job.id, at=stage.clock.now(), outcome=outcome))
        session.flush()
        bot_files.keep(session, stage.house, jobs.get(session, job.id), stage.clock.now())
    assert not path.exists()
    assert (await client.get(f"/v1/recordings/{job.id}")).status_code == 404


async def test_opting_out_deletes_what_an_earlier_stay_had_recorded(stage, address):
    client, job = await recorded(stage, address)
    path = stage.house.habits.data_dir / "meetings" / job.public_id / "recording.webm"
    with stage.database.write() as session:
        session.add(Consent(job_id=job.id, at=stage.clock.now(), outcome="opted_out"))
        session.flush()
        bot_files.keep(session, stage.house, jobs.get(session, job.id), stage.clock.now())
    assert not path.exists()
    assert (await client.get(f"/v1/recordings/{job.id}")).status_code == 404


async def test_old_recordings_are_forgotten(stage, address):
    _, job = await recorded(stage, address)
    with stage.database.write() as session:
        gone = bot_files.forget_old(session, job.left_at + timedelta(seconds=1))
    bot_files.unlink(stage.house.habits.data_dir, gone)
    assert f"meetings/{job.public_id}/recording.webm" in gone
    assert not (stage.house.habits.data_dir / gone[0]).exists()
