import asyncio
from datetime import timedelta

import pytest

from agent.errors import Denied, Invalid, Temporary
from agent.model.transcript import Readiness
from agent.okoro.client import OkoroClient
from agent.okoro.harvest import UNKNOWN_SPEAKER, ProxyTranscripts
from agent.sandbox.teller import Teller
from tests.unit.okoro.conftest import CODE, INTENT, PatientClock, calls, conference

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def transcripts(client: OkoroClient, clock: PatientClock) -> ProxyTranscripts:
    return ProxyTranscripts(client, clock=clock)


async def test_a_meeting_nobody_joined_has_no_record(transcripts: ProxyTranscripts, ended):
    found = await transcripts.harvest(CODE, ended - timedelta(hours=1), ended, intent=INTENT)

    assert found.readiness is Readiness.NO_RECORD
    assert found.conferences == ()


async def test_a_finished_meeting_gives_people_words_and_recordings(
    transcripts, teller: Teller, order, ended
):
    made = await teller.add_conference(**order, recordings=[{}])

    found = await transcripts.harvest(CODE, ended - timedelta(minutes=30), ended, intent=INTENT)

    assert found.readiness is Readiness.READY
    assert [entry.text for entry in found.entries] == [e["text"] for e in order["transcripts"][0]["entries"]]
    assert {entry.speaker for entry in found.entries} == {"Host Person", "Guest Person"}
    (one,) = found.conferences
    assert one.name == made["conferenceRecord"]
    assert one.ended_at == ended
    assert {(p.display_name, p.kind) for p in one.participants} == {
        ("Host Person", "signedin"),
        ("Guest Person", "anonymous"),
    }
    assert all(p.sessions[0].ended_at == ended for p in one.participants)
    assert found.recordings[0]["state"] == "FILE_GENERATED"
    assert str(found.recordings[0]["export_uri"]).startswith("https://")


async def test_every_stay_of_someone_who_came_back_is_told(transcripts, teller: Teller, order, ended):
    start = ended - timedelta(minutes=30)
    stays = [
        {"start": start.isoformat(), "end": (start + timedelta(minutes=5)).isoformat()},
        {"start": (start + timedelta(minutes=9)).isoformat(), "end": ended.isoformat()},
    ]
    order["participants"][0]["sessions"] = stays
    await teller.add_conference(**order)

    found = await transcripts.harvest(CODE, start, ended, intent=INTENT)

    host = next(p for p in found.conferences[0].participants if p.display_name == "Host Person")
    assert [s.started_at for s in host.sessions] == [start, start + timedelta(minutes=9)]


async def test_a_meeting_that_was_never_transcribed_is_told_apart(transcripts, teller: Teller, order, ended):
    await teller.add_conference(**(order | {"transcripts": []}))

    found = await transcripts.harvest(CODE, ended - timedelta(minutes=30), ended, intent=INTENT)

    assert found.readiness is Readiness.NEVER_STARTED
    assert len(found.conferences) == 1


async def test_a_meeting_that_goes_on_is_pending(transcripts, teller: Teller, ended):
    start = ended - timedelta(minutes=30)
    await teller.add_conference(**conference(start, None, 10))

    found = await transcripts.harvest(CODE, start, ended, intent=INTENT)

    assert found.readiness is Readiness.PENDING
    assert found.entries == ()


async def test_a_text_without_a_file_is_ready_once_it_stood_still_for_long(
    transcripts, teller: Teller, ended, clock: PatientClock
):
    start = ended - timedelta(minutes=30)
    await teller.add_conference(**conference(start, ended, 10, state="ENDED"))

    looks = []
    for _ in range(3):
        looks.append(await transcripts.harvest(CODE, start, ended, intent=INTENT))
        await clock.sleep(301)

    pending, ready = Readiness.PENDING, Readiness.READY
    assert [(one.readiness, len(one.entries)) for one in looks] == [(pending, 10), (pending, 10), (ready, 10)]


async def test_fast_looks_do_not_take_a_text_that_may_still_grow(transcripts, teller: Teller, ended):
    start = ended - timedelta(minutes=30)
    await teller.add_conference(**conference(start, ended, 10, state="ENDED"))

    for _ in range(5):
        found = await transcripts.harvest(CODE, start, ended, intent=INTENT)
        assert found.readiness is Readiness.PENDING


async def test_an_empty_text_without_a_file_stays_pending(transcripts, teller: Teller, ended):
    start = ended - timedelta(minutes=30)
    await teller.add_conference(**conference(start, ended, 0, state="ENDED"))

    for _ in range(3):
        found = await transcripts.harvest(CODE, start, ended, intent=INTENT)
        assert found.readiness is Readiness.PENDING


async def test_several_records_of_one_occurrence_are_told_in_time_order(transcripts, teller: Teller, ended):
    start = ended - timedelta(minutes=60)
    await teller.add_conference(**conference(start + timedelta(minutes=40), ended, 3))
    await teller.add_conference(**conference(start, start + timedelta(minutes=30), 3))

    found = await transcripts.harvest(CODE, start, ended, intent=INTENT)

    assert len(found.conferences) == 2
    assert len(found.entries) == 6
    assert list(found.entries) == sorted(found.entries, key=lambda entry: entry.started_at)


async def test_several_transcripts_of_one_record_are_merged_in_time_order(
    transcripts, teller: Teller, order, ended
):
    late = conference(ended - timedelta(minutes=30), ended, 5)["transcripts"][0]
    late["entries"] = [
        e | {"start_offset_seconds": e["start_offset_seconds"] + 0.5, "text": "Second"}
        for e in late["entries"]
    ]
    order["transcripts"][0]["entries"] = order["transcripts"][0]["entries"][:5]
    await teller.add_conference(**(order | {"transcripts": [*order["transcripts"], late]}))

    found = await transcripts.harvest(CODE, ended - timedelta(minutes=30), ended, intent=INTENT)

    assert [entry.text == "Second" for entry in found.entries] == [False, True] * 5


async def test_other_occurrences_and_calls_on_the_same_code_are_left_alone(
    transcripts, teller: Teller, ended
):
    start = ended - timedelta(minutes=30)
    yesterday = (start - timedelta(days=1), ended - timedelta(days=1))
    mine = await teller.add_conference(**conference(start, ended, 2))
    await teller.add_conference(**conference(*yesterday, 2))
    await teller.add_conference(**conference(start - timedelta(hours=3), start - timedelta(hours=2), 2))

    found = await transcripts.harvest(CODE, start, ended, intent=INTENT, others=[yesterday])

    assert [one.name for one in found.conferences] == [mine["conferenceRecord"]]


async def test_the_meeting_right_before_on_the_same_code_keeps_its_own_words(
    transcripts, teller: Teller, ended
):
    start = ended - timedelta(minutes=30)
    before = (start - timedelta(minutes=30), start)
    theirs = (before[0] - timedelta(minutes=1), start - timedelta(minutes=1))
    mine = await teller.add_conference(**conference(start, ended, 2))
    await teller.add_conference(**conference(*theirs, 2))

    found = await transcripts.harvest(CODE, start, ended, intent=INTENT, others=[before])

    assert [one.name for one in found.conferences] == [mine["conferenceRecord"]]


async def test_those_who_came_early_are_heard_too(transcripts, teller: Teller, ended):
    start = ended - timedelta(minutes=30)
    early = await teller.add_conference(
        **conference(start - timedelta(minutes=25), start - timedelta(minutes=20), 2)
    )

    found = await transcripts.harvest(CODE, start, ended, intent=INTENT)

    assert [one.name for one in found.conferences] == [early["conferenceRecord"]]


async def test_a_look_taken_again_asks_nobody_twice_who_was_there(transcripts, teller: Teller, order, ended):
    await teller.add_conference(**order)
    for _ in range(2):
        await transcripts.harvest(CODE, ended - timedelta(minutes=30), ended, intent=INTENT)

    assert len(calls(await teller.okoro_requests(), "call", "/participants")) == 1


async def test_a_speaker_who_is_on_no_list_is_called_unknown(transcripts, teller: Teller, order, ended):
    made = await teller.add_conference(**order)
    body = (
        '{"transcriptEntries": [{"name": "x", "participant": "conferenceRecords/x/participants/9", "text": "Hello.",'
        ' "startTime": "2026-03-01T10:00:00Z"}, {"name": "y", "text": "  ", "startTime": "2026-03-01T10:00:01Z"}]}'
    )
    await teller.add_fault(
        "okoro", "status", f"GET /{made['transcripts'][0]}/entries*", status=200, body=body
    )

    found = await transcripts.harvest(CODE, ended - timedelta(minutes=30), ended, intent=INTENT)

    assert [(entry.speaker, entry.text) for entry in found.entries] == [(UNKNOWN_SPEAKER, "Hello.")]


async def test_a_record_that_vanishes_meanwhile_is_temporary(transcripts, teller: Teller, order, ended):
    await teller.add_conference(**order)
    await teller.add_fault("okoro", "status", "GET /conferenceRecords/*/transcripts*", status=404)

    with pytest.raises(Temporary, match="not complete yet"):
        await transcripts.harvest(CODE, ended - timedelta(minutes=30), ended, intent=INTENT)


async def test_one_refusal_ends_the_whole_look(transcripts, teller: Teller, order, ended):
    await teller.add_conference(**order)
    await teller.add_fault("okoro", "delay", "GET /conferenceRecords/*/transcripts*", delay_seconds=30)
    await teller.add_fault("okoro", "status", "GET /conferenceRecords/*/participants*", status=403)

    with pytest.raises(Denied):
        async with asyncio.timeout(25):
            await transcripts.harvest(CODE, ended - timedelta(minutes=30), ended, intent=INTENT)


async def test_a_code_cannot_carry_a_filter_of_its_own(transcripts: ProxyTranscripts, ended):
    with pytest.raises(Invalid):
        await transcripts.harvest('x" OR space.name != "', ended, ended, intent=INTENT)


async def test_automatic_transcription_is_switched_on_and_nothing_else(transcripts, client, teller: Teller):
    made = await client.create_space({"accessType": "OPEN"}, intent=INTENT)

    await transcripts.enable_transcription(made.meeting_code, intent=INTENT)

    config = (await client.space(made.name, intent=INTENT)).config
    assert config["artifactConfig"]["transcriptionConfig"]["autoTranscriptionGeneration"] == "ON"
    assert config["accessType"] == "OPEN"


async def test_a_refusal_of_automatic_transcription_is_reported(transcripts, client, teller: Teller):
    made = await client.create_space(intent=INTENT)
    await teller.set_token(max_scope="read")
    await teller.add_fault("okoro", "status", "PATCH *", status=403)

    with pytest.raises(Denied):
        await transcripts.enable_transcription(made.meeting_code, intent="Another goal")
