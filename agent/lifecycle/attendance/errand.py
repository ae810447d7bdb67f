"""What one bot has to know to go to one meeting, and the going: the same for a bot beside the database and far from it."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlmodel import Session

from agent.errors import MeetbotError, NoPlace, Superseded, Temporary
from agent.lifecycle.attendance.policy import call_policy
from agent.lifecycle.attendance.stay import Stay
from agent.lifecycle.house import House
from agent.model.call import Fail, Leave, Visit
from agent.model.news import Ending, GaveUp, HandedBack, LeftCall
from agent.model.states import FailureCode, Told
from agent.model.tables import Job
from agent.ports import Clock, Inbox, Journal, Meet
from agent.rules import conduct, permission
from agent.store import jobs

log = structlog.get_logger("errand")


@dataclass(frozen=True, slots=True)
class Errand:
    """Where to go, how to behave there, when to knock; `obeyed` are uids of verbs that an earlier bot obeyed."""

    visit: Visit
    policy: conduct.Policy
    join_at: datetime
    granted_before: bool = False
    obeyed: frozenset[str] = frozenset()


def prepare(session: Session, house: House, job: Job) -> Errand:
    """Put together what the bot of a job has to know."""
    outcomes = [entry.outcome for entry in jobs.ledger(session, job.id or 0)]
    obeyed = frozenset(
        str(line.data.get("uid"))
        for line in jobs.timeline(session, job.id or 0)
        if line.kind == Told.VERB_OBEYED
    )
    return Errand(
        visit=_directions(house, job),
        policy=call_policy(house.habits, job),
        join_at=job.join_at,
        granted_before=permission.stands(outcomes),
        obeyed=obeyed,
    )


def _directions(house: House, job: Job) -> Visit:
    habits = house.habits
    return visit_to(
        job.public_id,
        meeting_url=job.meeting_url,
        display_name=str(job.options.get("display_name") or habits.bot_name),
        language=habits.language,
        caption_language=habits.call.caption_language or None,
        lobby_seconds=float(job.options.get("lobby_seconds") or habits.call.lobby_seconds),
        recording=str(job.options.get("recording") or habits.call.recording),
    )


def visit_to(
    job_id: str,
    *,
    meeting_url: str,
    display_name: str,
    language: str,
    caption_language: str | None,
    lobby_seconds: float,
    recording: str,
) -> Visit:
    """Return directions whose files lie where those of the job do, below the data directory."""
    folder = f"meetings/{job_id}"
    return Visit(
        job_id=job_id,
        meeting_url=meeting_url,
        display_name=display_name,
        language=language,
        caption_language=caption_language,
        evidence_dir=f"{folder}/evidence",
        lobby_seconds=lobby_seconds,
        recording=recording,
        recording_path=f"{folder}/recording.webm",
    )


async def run(errand: Errand, meet: Meet, clock: Clock, journal: Journal, inbox: Inbox) -> None:
    """Go to the meeting, stay, and write how it ended; a plan that was changed meanwhile is left without a word."""
    try:
        await journal.write(await _survive(errand, meet, clock, journal, inbox))
    except Superseded:
        log.info("errand.superseded", action="errand.end", job=errand.visit.job_id)


async def _survive(errand: Errand, meet: Meet, clock: Clock, journal: Journal, inbox: Inbox) -> Ending:
    """Visit; whatever breaks on the way is a failure that another try may mend."""
    try:
        return await _visit(errand, meet, clock, journal, inbox)
    except Superseded:
        raise
    except NoPlace as error:
        return HandedBack(reason=error.safe)
    except Exception as error:  # a stay must end in a state, or its job hangs for ever
        log.error("errand.broke", action="errand.visit", job=errand.visit.job_id, exc_info=error)
        return GaveUp(code=FailureCode.INTERNAL_ERROR, detail="the bot met an unexpected error", retry=True)


async def _visit(errand: Errand, meet: Meet, clock: Clock, journal: Journal, inbox: Inbox) -> Ending:
    """Open the page, knock and stay."""
    try:
        caller = await meet.open(errand.visit)
    except NoPlace:
        raise
    except Temporary as error:
        return GaveUp(code=FailureCode.DISPATCH_TIMEOUT, detail=error.safe, retry=True)
    except MeetbotError as error:
        log.error("errand.no_browser", action="errand.open", job=errand.visit.job_id, error=error.full)
        return GaveUp(code=FailureCode.INTERNAL_ERROR, detail=error.safe)
    standing = conduct.begin(
        errand.policy, clock.now(), granted_before=errand.granted_before, obeyed=errand.obeyed
    )
    stay = Stay(errand.visit.job_id, clock, caller, journal, errand.policy, standing)
    match await stay.run(inbox, errand.join_at):
        case Leave(reason, detail):
            return LeftCall(reason=reason, detail=detail)
        case Fail(code, detail, retry):
            return GaveUp(code=code, detail=detail, retry=retry)
        case None:
            raise Superseded("The plan was changed.", full=errand.visit.job_id)
