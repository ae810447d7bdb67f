"""What of a stay stands in the timeline."""

from agent.model.call import PlatformNotice
from agent.model.states import State, Told
from agent.store import jobs
from tests.unit.lifecycle import world
from tests.unit.lifecycle.attendance.test_attend import capturing, job_of, make, now, state_is


async def test_the_timeline_says_whether_the_platform_asked_or_somebody_declined(told: world.Told) -> None:
    make(told)
    caller = await capturing(told)
    caller.tell(PlatformNotice(now(), "This call is being recorded", accepted=True))
    caller.tell(PlatformNotice(now(), "Somebody declined to be recorded", accepted=False, declined=True))
    await state_is(told, State.FINALIZING, State.COMPLETED)
    with told.house.database.read() as session:
        timeline = jobs.timeline(session, job_of(told).id or 0)
        answer = jobs.ledger(session, job_of(told).id or 0)[-1]
    assert (answer.outcome, answer.channel) == ("declined", "platform")
    notices = [line.data for line in timeline if line.kind == Told.PLATFORM_NOTICE]
    assert notices == [
        {"text": "This call is being recorded", "accepted": True, "declined": False},
        {"text": "Somebody declined to be recorded", "accepted": False, "declined": True},
    ]
