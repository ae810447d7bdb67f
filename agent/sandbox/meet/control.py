"""The teller's desk: meetings made, steps carried out, things observed."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Response

from agent.sandbox.clock import stamp
from agent.sandbox.meet.meeting import Meeting
from agent.sandbox.meet.meetings import Meetings
from agent.sandbox.meet.observed import Json, condition, seen_meeting
from agent.sandbox.meet.options import HouseOptions, MeetingOptions
from agent.sandbox.meet.steps import AnyStep, ImpossibleStepError


def control_routes(meetings: Meetings) -> APIRouter:
    """The routes under /control/meet."""
    router = APIRouter(prefix="/control/meet", tags=["meet"])
    add_house_routes(router, meetings)
    add_meeting_routes(router, meetings)
    return router


def add_house_routes(router: APIRouter, meetings: Meetings) -> None:
    """The house as a whole: its options and all it holds."""

    @router.get("")
    async def seen_house() -> Json:
        return {
            "options": meetings.options.model_dump(),
            "meetings": [meeting.code for meeting in meetings.all()],
            "unknown_visits": [{"at": stamp(v.at), "code": v.code} for v in meetings.unknown_visits],
        }

    @router.put("")
    async def set_house(options: HouseOptions) -> Json:
        meetings.options = options
        return options.model_dump()

    @router.delete("", status_code=204)
    async def clear_house() -> None:
        meetings.clear()


def add_meeting_routes(router: APIRouter, meetings: Meetings) -> None:
    """One meeting: made, told, observed, forgotten."""

    def known(code: str) -> Meeting:
        meeting = meetings.get(code)
        if meeting is None:
            raise HTTPException(404, f"no meeting {code}")
        return meeting

    Known = Annotated[Meeting, Depends(known)]  # noqa: N806 - a type, though local to these routes

    @router.put("/meetings/{code}")
    async def put(code: str, options: MeetingOptions | None = None) -> Json:
        return seen_meeting(meetings.put(code, options or meetings.options.defaults))

    @router.delete("/meetings/{code}", status_code=204)
    async def drop(code: str, response: Response) -> None:
        if not meetings.drop(code):
            response.status_code = 404

    @router.get("/meetings/{code}")
    async def seen(meeting: Known) -> Json:
        return seen_meeting(meeting)

    @router.post("/meetings/{code}/steps")
    async def carry_out(meeting: Known, steps: list[AnyStep] | AnyStep) -> Json:
        try:
            done = [step.carry_out(meeting) for step in (steps if isinstance(steps, list) else [steps])]
        except ImpossibleStepError as error:
            raise HTTPException(409, str(error)) from error
        return {"done": done}

    @router.get("/meetings/{code}/wait")
    async def wait(
        meeting: Known,
        what: Annotated[str, Query(alias="for")],
        timeout: Annotated[float, Query(ge=0, le=300)] = 10,
        visitor: str | None = None,
        count: Annotated[int, Query(ge=1)] = 1,
    ) -> Json:
        try:
            is_so = condition(what, visitor, count)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        if not await meeting.wait_until(is_so, timeout):
            raise HTTPException(408, f"not so after {timeout} s: {what}")
        return seen_meeting(meeting)
