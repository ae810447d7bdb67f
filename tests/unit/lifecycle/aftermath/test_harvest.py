"""One look after another for the words of a meeting."""

from datetime import timedelta

import pytest

from agent.errors import Denied, Invalid, Missing, Temporary
from agent.lifecycle.aftermath.harvest import SUMMARISE, GetWords, kept_of, kept_until, others_on_code
from agent.lifecycle.attendance.ending import HARVEST
from agent.model.states import State
from agent.model.tables import Consent, Job
from agent.model.transcript import Entry, Harvest, Readiness
from agent.store import jobs
from tests.unit.lifecycle.aftermath.conftest import BEGAN, LEFT, LINES, Scene


def said(*minutes: float) -> tuple[Entry, ...]:
    times = [BEGAN + timedelta(minutes=minute) for minute in minutes]
    return tuple(Entry("Host Person", f"At minute {at:%M}.", at, at) for at in times)


def ledger(*outcomes: str) -> list[Consent]:
    return [Consent(at=BEGAN + timedelta(minutes=n), outcome=one) for n, one in enumerate(outcomes)]


@pytest.mark.parametrize(
    ("outcomes", "minutes"),
    [
        ((), None),
        (("asked",), None),
        (("granted",), float("inf")),
        (("announced",), float("inf")),
        (("granted", "withdrawn"), 1),
        (("granted", "withdrawn", "granted"), float("inf")),
        (("granted", "declined"), None),
        (("granted", "withdrawn", "opted_out"), None),
        (("withdrawn",), None),
    ],
)
def test_words_are_kept_until_the_ledger_says_stop(outcomes, minutes):
    until = kept_until(ledger(*outcomes))
    if minutes is None:
        assert until is None
    elif minutes == float("inf"):
        assert until > LEFT + timedelta(days=999)
    else:
        assert until == BEGAN + timedelta(minutes=minutes)


def test_what_was_said_behind_a_bot_that_was_removed_is_left_out():
    job = Job(end_reason="removed", left_at=BEGAN + timedelta(minutes=5))
    assert len(kept_of(said(1, 5.4, 5.6, 20), job, LEFT)) == 2
    assert len(kept_of(said(1, 5.4, 5.6, 20), Job(end_reason="silence", left_at=LEFT), LEFT)) == 4
    assert len(kept_of(said(1, 2, 3), Job(), BEGAN + timedelta(minutes=2))) == 2


async def test_without_consent_the_platform_is_not_even_asked(scene: Scene):
    scene.told.transcripts.answer = Harvest(Readiness.READY, entries=said(1))
    await GetWords(scene.house)(scene.number, 1)
    assert scene.told.transcripts.asked == 0
    assert scene.job().state == State.COMPLETED
    assert scene.told_of("transcript_absent") == [{"reason": "nobody allowed it", "code": "not_consented"}]


async def test_a_job_that_is_done_is_not_looked_for_again(scene: Scene):
    scene.consent("granted")
    scene.change(state=State.COMPLETED.value)
    await GetWords(scene.house)(scene.number, 1)
    assert (scene.told.transcripts.asked, scene.engine.asked) == (0, [])


async def test_what_is_not_ready_is_looked_for_again_under_a_key_of_its_own(scene: Scene):
    scene.consent("granted")
    scene.habit(transcript_poll_seconds=(60.0, 120.0))
    scene.told.transcripts.answer = Harvest(Readiness.PENDING)
    await GetWords(scene.house)(scene.number, 1)
    ((key, arguments, at),) = scene.engine.of(HARVEST)
    assert (key, arguments) == ("harvest:job_one:1:2", (scene.number, 2))
    assert at == scene.clock.now() + timedelta(seconds=60)
    assert scene.job().harvested_until == scene.clock.now()


async def test_a_platform_that_names_a_time_is_not_asked_before_it(scene: Scene):
    scene.consent("granted")
    scene.told.transcripts.answer = Temporary("later", retry_after_seconds=900)
    await GetWords(scene.house)(scene.number, 1)
    ((_, _, at),) = scene.engine.of(HARVEST)
    assert at == scene.clock.now() + timedelta(seconds=900)


async def test_a_platform_that_names_too_late_a_time_is_asked_at_the_end_of_the_wait(scene: Scene):
    scene.consent("granted")
    scene.habit(transcript_wait_hours=2.0)
    scene.told.transcripts.answer = Temporary("later", retry_after_seconds=10.0**9)
    await GetWords(scene.house)(scene.number, 1)
    ((_, _, at),) = scene.engine.of(HARVEST)
    assert at == scene.job().left_at + timedelta(hours=2)


async def test_words_are_kept_and_handed_on_in_one_go(scene: Scene):
    scene.consent("granted")
    scene.told.transcripts.answer = Harvest(Readiness.READY, entries=said(1, 2, 3))
    await GetWords(scene.house)(scene.number, 1)
    assert scene.job().transcript_source == "meet"
    assert scene.told_of("transcript_ready") == [{"source": "meet", "entries": 3}]
    assert [one[:2] for one in scene.engine.of(SUMMARISE)] == [("summarise:job_one:1:1", (scene.number, 1))]


async def test_a_consent_taken_back_while_the_platform_answers_keeps_nothing(scene: Scene):
    scene.consent("granted")
    really = scene.told.transcripts.harvest

    async def meanwhile(*arguments, **more):
        scene.consent("opted_out", LEFT)
        return await really(*arguments, **more)

    scene.told.transcripts.harvest = meanwhile
    scene.told.transcripts.answer = Harvest(Readiness.READY, entries=said(1))
    await GetWords(scene.house)(scene.number, 1)
    with scene.house.database.read() as session:
        assert jobs.entries(session, scene.number, "meet") == []
    assert scene.engine.of(SUMMARISE) == []


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [(Denied("no scope read"), "denied", "not_allowed"), (Invalid("odd filter"), "invalid", "refused")],
)
async def test_a_refusal_for_good_is_written_down_and_captions_serve(scene: Scene, error, kind, code):
    scene.consent("granted")
    scene.words(*LINES, source="captions")
    scene.told.transcripts.answer = error
    await GetWords(scene.house)(scene.number, 1)
    assert scene.told_of("trouble") == [{"kind": kind, "detail": error.safe}]
    assert scene.told_of("transcript_ready")[0]["code"] == code
    assert scene.job().transcript_source == "captions"


async def test_a_record_the_platform_lost_sight_of_is_given_two_hours(scene: Scene):
    scene.consent("granted")
    lost = Temporary("not complete")
    lost.__cause__ = Missing("gone")
    scene.told.transcripts.answer = lost
    scene.clock.at = LEFT + timedelta(hours=1.9)
    await GetWords(scene.house)(scene.number, 9)
    assert len(scene.engine.of(HARVEST)) == 1
    scene.clock.at = LEFT + timedelta(hours=2.1)
    await GetWords(scene.house)(scene.number, 10)
    assert scene.told_of("transcript_absent")[0]["code"] == "no_record"


async def test_a_transcript_without_a_word_is_told_as_none(scene: Scene):
    scene.consent("granted")
    scene.change(end_reason="removed", left_at=BEGAN)
    scene.told.transcripts.answer = Harvest(Readiness.READY, entries=said(10))
    await GetWords(scene.house)(scene.number, 1)
    assert scene.told_of("transcript_absent")[0]["code"] == "nothing_said"
    assert scene.job().transcript_source == ""


def test_other_meetings_with_the_code_lay_claim_to_their_own_time(scene: Scene):
    with scene.house.database.write() as session:
        mine = jobs.get(session, scene.number)
        tomorrow = BEGAN + timedelta(days=1)
        known = {
            name: getattr(mine, name) for name in ("meeting_url", "meeting_code", "created_at", "updated_at")
        }
        for n, starts_at in enumerate((tomorrow, BEGAN + timedelta(days=9))):
            session.add(
                Job(public_id=f"job_{n}", key=str(n), join_at=starts_at, starts_at=starts_at, **known)
            )
        session.flush()
        assert others_on_code(session, mine) == [(tomorrow, tomorrow + timedelta(hours=1))]


async def test_what_was_said_once_the_next_meetings_bot_was_in_the_room_is_not_this_meetings(scene: Scene):
    scene.consent("granted")
    following = BEGAN + timedelta(minutes=15)
    with scene.house.database.write() as session:
        mine = jobs.get(session, scene.number)
        known = {
            name: getattr(mine, name) for name in ("meeting_url", "meeting_code", "created_at", "updated_at")
        }
        session.add(
            Job(
                public_id="job_next",
                key="next",
                state=State.RECORDING.value,
                join_at=following,
                starts_at=following,
                admitted_at=following,
                **known,
            )
        )
    scene.told.transcripts.answer = Harvest(Readiness.READY, entries=said(1, 14, 16, 40))
    await GetWords(scene.house)(scene.number, 1)
    with scene.house.database.read() as session:
        kept = [entry.text for entry in jobs.entries(session, scene.number, "meet")]
    assert kept == ["At minute 01.", "At minute 14."]
