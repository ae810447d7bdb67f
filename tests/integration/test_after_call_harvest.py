"""From the end of a call to the words it left: real adapters, a fake world."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agent.model.tables import Consent, Delivery, Participant, Recording
from tests.after_call_stage import CODE, GUEST, HOST, LINES, AfterCallStage, plain

TEXTS = [text for _, text in LINES]


async def test_a_transcript_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path) as stage:
        number = stage.meeting()
        await stage.record(ready_after_seconds=600)
        job = await stage.play(number)
        assert job.transcript_source == "meet"
        assert stage.entries(number) == TEXTS
        assert stage.clock.ahead > timedelta(minutes=10)
        assert "Recap: Pricing review" in (await stage.mails(HOST))[0]["Subject"]


# A line each ten minutes, after the first, which is there at once.
TRICKLE = tuple((LINES[n % 2][0], f"Line {n} of the pricing review.") for n in range(12))


async def test_a_text_that_trickles_in_slowly_is_waited_for_to_its_last_word(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path) as stage:
        number = stage.meeting()
        await stage.record(lines=TRICKLE, state="ENDED", ready_after_seconds=len(TRICKLE) * 600)
        job = await stage.play(number)
        assert job.transcript_source == "meet"
        assert stage.entries(number) == [text for _, text in TRICKLE]
        assert "code" not in stage.told(number, "transcript_ready")[0]


async def test_a_text_that_never_ends_is_taken_as_it_is_when_the_wait_is_over(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path, transcript_wait_hours=1) as stage:
        number = stage.meeting()
        await stage.record(lines=TRICKLE, state="ENDED", ready_after_seconds=2 * 3600)
        await stage.play(number)
        assert 0 < len(stage.entries(number)) < len(TRICKLE)
        assert "some of it may be missing" in plain((await stage.mails(HOST))[0])


async def test_without_a_token_captions_serve_at_once_and_log_recap_and_timeline_say_so(
    tmp_path: Path,
) -> None:
    async with AfterCallStage(tmp_path, meet_records=False) as stage:
        number = stage.meeting()
        stage.captions(number)
        await stage.record()
        job = await stage.play(number)
        assert job.transcript_source == "captions"
        assert await stage.teller.okoro_requests() == []
        assert stage.told(number, "transcript_ready")[0]["code"] == "no_access"
        assert "has no access to Google Meet’s records" in plain((await stage.mails(HOST))[0])
        assert await stage.mails("operator@example.com") == []


async def test_captions_serve_where_a_recording_cannot_be_heard(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path, transcript_sources=("recording", "captions")) as stage:
        number = stage.meeting()
        stage.captions(number)
        (tmp_path / "recording.webm").write_bytes(b"")
        with stage.database.write() as session:
            facts = {"path": "recording.webm", "duration_seconds": 60.0, "created_at": stage.clock.now()}
            session.add(Recording(job_id=number, **facts))
        assert (await stage.play(number)).transcript_source == "captions"
        assert stage.told(number, "transcript_ready")[0]["code"] == "recording_unusable"


async def test_no_look_is_taken_after_the_wait_and_the_reader_hears_why(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path, transcript_wait_hours=1) as stage:
        number = stage.meeting()
        await stage.record(ready_after_seconds=10 * 3600)
        job = await stage.play(number)
        assert (job.state, job.transcript_source) == ("completed", "")
        assert timedelta(minutes=58) <= stage.clock.ahead < timedelta(minutes=62)
        (mail,) = await stage.mails(HOST)
        assert "did not finish its transcript in time" in plain(mail)


async def test_a_meeting_that_was_never_transcribed_ends_honestly(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path) as stage:
        number = stage.meeting()
        await stage.record(transcribed=False)
        await stage.play(number)
        assert stage.told(number, "transcript_absent") == [
            {"reason": "transcription was never turned on in this meeting", "code": "not_transcribed"}
        ]
        assert stage.clock.ahead < timedelta(hours=1)


async def test_captions_serve_without_a_transcript_and_the_recap_says_so(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path) as stage:
        number = stage.meeting()
        stage.captions(number)
        await stage.record(transcribed=False)
        job = await stage.play(number)
        assert job.transcript_source == "captions"
        text = plain((await stage.mails(HOST))[0])
        assert "Live captions" in text
        assert "Transcription was never turned on in this meeting." in text


async def test_captions_serve_where_the_transcript_covers_only_part(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path) as stage:
        number = stage.meeting()
        stage.captions(number)
        await stage.record(lines=LINES[:2])
        assert (await stage.play(number)).transcript_source == "captions"
        assert stage.told(number, "transcript_ready")[0]["why"].endswith("only part of the meeting")


async def test_a_recording_is_put_into_words_where_there_is_nothing_else(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path, transcript_sources=("meet", "captions", "recording")) as stage:
        number = stage.meeting()
        (tmp_path / "recording.webm").write_bytes(b"sound")
        with stage.database.write() as session:
            facts = {"path": "recording.webm", "duration_seconds": 60.0, "created_at": stage.clock.now()}
            session.add(Recording(job_id=number, **facts))
        await stage.record(transcribed=False)
        assert (await stage.play(number)).transcript_source == "recording"
        assert stage.entries(number, "recording") == ["Thanks for coming, everyone."]
        assert "Recording, transcribed" in plain((await stage.mails(HOST))[0])


async def one_conference(stage: AfterCallStage, start: datetime, minutes: int, text: str) -> None:
    """Have Meet keep a conference on the code, in which one thing was said."""
    said = {"speaker": "Host Person", "text": text, "start_offset_seconds": 1, "end_offset_seconds": 2}
    await stage.teller.add_conference(
        code=CODE,
        start_time=start.isoformat(),
        end_time=(start + timedelta(minutes=minutes)).isoformat(),
        participants=[{"name": "Host Person"}],
        transcripts=[{"entries": [said]}],
    )


async def test_all_records_of_an_occurrence_are_joined_and_its_neighbours_left_alone(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path) as stage:
        now = stage.clock.now()
        for minutes_ago, text in ((29, "First part."), (12, "Second part."), (75, "Other meeting.")):
            start = now - timedelta(minutes=minutes_ago)
            await one_conference(stage, start, 10, text)
        stage.meeting(
            "before",
            state="completed",
            starts_at=now - timedelta(minutes=80),
            admitted_at=now - timedelta(minutes=80),
            left_at=now - timedelta(minutes=60),
            ends_at=now - timedelta(minutes=60),
        )
        number = stage.meeting()
        job = await stage.play(number)
        assert stage.entries(number) == ["First part.", "Second part."]
        assert len(job.conferences) == 2


async def test_a_meeting_right_after_another_on_its_code_gets_none_of_its_words(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path) as stage:
        now = stage.clock.now()
        for minutes_ago, text in ((61, "Theirs."), (30, "Ours.")):
            start = now - timedelta(minutes=minutes_ago)
            await one_conference(stage, start, 29, text)
        hour_ago, half = now - timedelta(minutes=60), now - timedelta(minutes=30)
        stage.meeting(
            "before", state="completed", starts_at=hour_ago, admitted_at=hour_ago, left_at=half, ends_at=half
        )
        number = stage.meeting()
        await stage.play(number)
        assert stage.entries(number) == ["Ours."]


async def test_names_are_joined_to_invitees_and_recordings_noted(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path) as stage:
        number = stage.meeting()
        await stage.record()
        job = await stage.play(number)
        assert {row.name: row.email for row in stage.rows(Participant, job_id=number)} == {
            "Host Person": HOST,
            "Guest Person": GUEST,
        }
        (record,) = job.conferences
        assert {person["name"]: person["email"] for person in record["participants"]}["Guest Person"] == GUEST
        assert record["recordings"] == []


@pytest.mark.parametrize("consent", ["", "declined", "opted_out"])
async def test_without_consent_nothing_is_fetched_and_the_inviter_gets_one_line(
    tmp_path: Path, consent: str
) -> None:
    async with AfterCallStage(tmp_path, model=True, recap_recipients="invited") as stage:
        number = stage.meeting(consent=consent)
        await stage.record()
        job = await stage.play(number)
        assert job.state == "completed"
        assert await stage.teller.okoro_requests() == []
        assert await stage.teller.model_requests() == []
        assert [mail["To"] for mail in await stage.mails()] == [HOST]
        assert "allowed notes to be taken, so none were kept" in plain((await stage.mails())[0])


async def test_a_stop_keeps_what_was_said_until_then(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path) as stage:
        number = stage.meeting()
        with stage.database.write() as session:
            stopped = stage.clock.now() - timedelta(minutes=30) + timedelta(seconds=50)
            session.add(
                Consent(job_id=number, at=stopped, outcome="withdrawn", who="Guest Person", words="stop")
            )
        await stage.record()
        await stage.play(number)
        assert stage.entries(number) == TEXTS[:2]


async def test_what_is_said_behind_a_bot_that_was_removed_is_not_kept(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path) as stage:
        left = stage.clock.now() - timedelta(minutes=29)
        number = stage.meeting(end_reason="removed", left_at=left)
        await stage.record()
        await stage.play(number)
        assert stage.entries(number) == TEXTS[:4]


async def test_meet_is_asked_to_transcribe_before_the_meeting_and_a_refusal_is_noted(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path, request_transcription=True) as stage:
        await stage.record()
        number = stage.meeting(state="scheduled")
        await stage.teller.set_token(max_scope="read")
        with stage.database.write() as session:
            stage.engine.after(session, "request_transcription", "one", number, 1)
        await stage.until(lambda: stage.told(number, "trouble"))
        (trouble,) = stage.told(number, "trouble")
        assert trouble["kind"] == "automatic_transcription"
        assert "scope write" in trouble["detail"]
        await stage.teller.set_token(max_scope="all")
        with stage.database.write() as session:
            stage.engine.after(session, "request_transcription", "two", number, 1)
        await stage.until(lambda: stage.told(number, "transcription_requested"))


async def test_the_operator_hears_once_a_day_which_scope_is_missing(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path) as stage:
        await stage.teller.set_token(revoked=True)
        for name in ("one", "two"):
            number = stage.meeting(name)
            stage.captions(number)
            assert (await stage.play(number)).transcript_source == "captions"
        await stage.until(
            lambda: all(row.state == "done" for row in stage.rows(Delivery, event="operator_notice"))
        )
        assert len(await stage.mails("operator@example.com")) == 1
