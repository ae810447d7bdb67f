"""Who was there and when, as it is kept: what the page cannot tell ends nobody's stay."""

from agent.model.call import CallOver, ChatSaid, Person, RosterSeen
from agent.model.states import EndReason, FailureCode, State
from agent.store import jobs
from tests.unit.lifecycle import world
from tests.unit.lifecycle.attendance.test_attend import (
    HOST,
    ME,
    RIVAL,
    capturing,
    into_the_call,
    job_of,
    make,
    now,
    state_is,
)
from tests.unit.lifecycle.world import until, words

GUEST = Person("d/7", "Guest Person")
CROWD = Person("d/8", "Merged audio")


def stays(told: world.Told) -> dict[str, list[bool]]:
    """For each name, which of its stays have ended."""
    with told.house.database.read() as session:
        number = job_of(told).id or 0
        found = jobs.presences(session, number)
        return {
            person.name: [stay.left_at is not None for stay in found if stay.participant_id == person.id]
            for person in jobs.roster(session, number)
        }


def verdicts(told: world.Told) -> dict[str, str]:
    with told.house.database.read() as session:
        return {person.name: person.verdict for person in jobs.roster(session, job_of(told).id or 0)}


async def test_only_a_certain_look_ends_a_stay(told: world.Told) -> None:
    make(told)
    caller = await into_the_call(told)
    caller.tell(RosterSeen(now(), (ME, HOST, GUEST)))
    await until(lambda: "Guest Person" in stays(told))
    caller.tell(
        RosterSeen(now(), None),
        RosterSeen(now(), (HOST,)),  # without the bot itself the list is not whole
        RosterSeen(now(), (ME, HOST, CROWD)),  # behind merged audio anybody may be
    )
    await until(lambda: "Merged audio" in stays(told))
    assert stays(told)["Guest Person"] == [False]
    caller.tell(RosterSeen(now(), (ME, HOST)))
    await until(lambda: stays(told)["Guest Person"] == [True])
    assert stays(told)["Host Person"] == [False]


async def test_who_comes_back_has_two_stays(told: world.Told) -> None:
    make(told)
    caller = await into_the_call(told)
    for people in ((ME, HOST, GUEST), (ME, HOST), (ME, HOST, GUEST)):
        caller.tell(RosterSeen(now(), people))
    await until(lambda: stays(told).get("Guest Person") == [True, False])


async def test_everybodys_stay_ends_when_the_bot_leaves(told: world.Told) -> None:
    make(told)
    caller = await capturing(told)
    caller.tell(CallOver(now(), EndReason.ENDED_BY_HOST))
    await state_is(told, State.FINALIZING, State.COMPLETED)
    with told.house.database.read() as session:
        job = job_of(told)
        assert {stay.left_at for stay in jobs.presences(session, job.id or 0)} == {job.left_at}


async def test_a_suspect_that_is_a_person_is_kept_as_one(told: world.Told) -> None:
    make(told, options={"rivals_policy": "announce"})
    caller = await into_the_call(told)
    caller.tell(RosterSeen(now(), (ME, HOST, RIVAL)))
    await until(lambda: verdicts(told).get(RIVAL.name) == "rival")
    caller.tell(ChatSaid(now(), "m9", "Host Person", f"{RIVAL.name} is not a bot"))
    await until(lambda: verdicts(told)[RIVAL.name] == "human")


async def test_what_was_taken_before_a_crash_is_made_into_notes_when_the_bot_does_not_get_back_in(
    told: world.Told, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("agent.lifecycle.attendance.ending.REJOIN_SECONDS", (0.1,))
    told.transcripts.answer = words("We decided to launch on Tuesday.")
    make(told)
    caller = await capturing(told)
    caller.tell(CallOver(now(), FailureCode.NETWORK_LOSS, "the page crashed"))
    again = await told.meet.caller(2)
    again.tell(CallOver(now(), FailureCode.HOST_DENIED_ADMISSION, "Someone denied your request"))
    job = await state_is(told, State.COMPLETED)
    assert job.end_reason == FailureCode.HOST_DENIED_ADMISSION
    assert job.transcript_source == "meet"


async def test_crashes_in_the_call_do_not_use_up_the_tries_at_getting_in(
    told: world.Told, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("agent.lifecycle.attendance.ending.REJOIN_SECONDS", (0.1,))
    make(told)
    caller = await capturing(told)
    for number in range(2, 6):
        caller.tell(CallOver(now(), FailureCode.NETWORK_LOSS, "the page crashed"))
        caller = await into_the_call(told, number)
        await state_is(told, State.RECORDING)
    assert job_of(told).joins == 5


async def test_the_manifest_lists_what_was_recorded(told: world.Told) -> None:
    told.transcripts.answer = words("We decided to launch on Tuesday.")
    make(told, options={"recording": "audio"})
    caller = await capturing(told)
    path = told.house.habits.data_dir / caller.visit.recording_path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x1a\x45\xdf\xa3")
    caller.tell(CallOver(now(), EndReason.ENDED_BY_HOST))
    job = await state_is(told, State.COMPLETED)
    facts = {"name": "recording.webm", "mediaType": "audio/webm", "durationSeconds": 0.0, "sizeBytes": 4}
    assert job.manifest["files"] == [facts]
