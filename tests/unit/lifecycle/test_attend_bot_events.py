"""A whole visit as those hear it who listen to the bots family, beside what the jobs family hears."""

from agent.model.call import CallOver, Captioned, RosterSeen
from agent.model.states import EndReason, State, Told
from agent.model.tables import Endpoint
from agent.store import jobs
from tests.unit.lifecycle import world
from tests.unit.lifecycle.attendance.test_attend import HOST, ME, capturing, job_of, make, now, state_is
from tests.unit.lifecycle.test_attend_presence import GUEST
from tests.unit.lifecycle.world import until


def listen(told: world.Told) -> None:
    """Let the owner of the next job hear everything of the bots family."""
    with told.house.database.write() as session:
        session.add(
            Endpoint(
                user_id=7,
                family="bots",
                url="https://bots.example.com/",
                secrets=["whsec_c2VjcmV0"],
                created_at=now(),
            )
        )


def heard(told: world.Told) -> list[str]:
    return [notice.event for notice in told.hooks.posted if notice.family == "bots"]


async def test_the_bots_family_hears_the_whole_visit(told: world.Told) -> None:
    listen(told)
    job = make(told, user_id=7)
    caller = await capturing(told)
    caller.tell(RosterSeen(now(), (ME, HOST, GUEST)))
    await until(lambda: heard(told).count("participant.joined") == 2)
    caller.tell(RosterSeen(now(), (ME, HOST)))
    await until(lambda: "participant.left" in heard(told))
    recording = told.house.habits.data_dir / "meetings" / job.public_id / "recording.webm"
    recording.parent.mkdir(parents=True, exist_ok=True)
    recording.write_bytes(b"not empty")
    caller.tell(Captioned(now(), "c1", "Host Person", "Hello.", now(), now()))
    caller.tell(CallOver(now(), EndReason.ENDED_BY_HOST))
    await state_is(told, State.FINALIZING, State.COMPLETED)
    wanted = {
        "bot.deploying",
        "bot.joining",
        "bot.in_waiting_room",
        "bot.joined",
        "recording.started",
        "participant.joined",
        "participant.left",
        "recording.ready",
        "recording.stopped",
        "bot.left",
    }
    await until(lambda: wanted <= set(heard(told)))
    for once in wanted - {"participant.joined"}:
        assert heard(told).count(once) == 1, once
    joined = next(notice for notice in told.hooks.posted if notice.event == "bot.joined")
    assert joined.data == {"meetingTitle": "Pricing review", "platform": "google"}
    assert joined.bot_id == job.id
    assert not {"bot.joined"} & {notice.event for notice in told.hooks.posted if notice.family == "jobs"}


async def test_a_bot_in_a_call_gives_signs_of_life(told: world.Told) -> None:
    make(told, options={"heartbeat_seconds": 0.05})
    await told.meet.caller()
    await until(lambda: job_of(told).heartbeat_at is not None)
    first = job_of(told).heartbeat_at
    await until(lambda: (job_of(told).heartbeat_at or now()) > (first or now()))


async def test_people_who_come_stand_in_the_timeline(told: world.Told) -> None:
    make(told)
    await capturing(told)

    def came() -> list[str]:
        with told.house.database.read() as session:
            lines = jobs.timeline(session, job_of(told).id or 0)
            return [str(line.data["name"]) for line in lines if line.kind == Told.PARTICIPANT_JOINED]

    await until(lambda: came() == ["Host Person"])
