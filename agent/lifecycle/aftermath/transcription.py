"""Asking Meet, before a meeting, to transcribe it by itself, where the operator wants that."""

import asyncio
from datetime import timedelta

import structlog
from sqlmodel import Session

from agent.errors import MeetbotError, Temporary
from agent.lifecycle.house import House
from agent.model.states import TERMINAL, State, Told
from agent.model.tables import Job
from agent.store import jobs

REQUEST = "request_transcription"
# Early enough for a few tries, late enough that the host's own choice is known by then.
LEAD = timedelta(minutes=5)
log = structlog.get_logger("transcription")


def plan_request(session: Session, house: House, job: Job) -> None:
    """Plan the request for the present plan of a job, where it is wanted."""
    if house.habits.request_transcription:
        key = f"{REQUEST}:{job.public_id}:{job.revision}"
        house.engine.after(session, REQUEST, key, job.id or 0, job.revision, at=job.join_at - LEAD)


class RequestTranscription:
    """Runs `request_transcription(job_id, revision)`. The meeting goes on whatever comes of it."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def __call__(self, job_id: int, revision: int) -> None:
        """Ask once, and write down what came of it; what may pass is tried again while there is time."""
        job = await asyncio.to_thread(self._job, job_id)
        if job.revision != revision or State(job.state) in TERMINAL | {State.FINALIZING}:
            return
        try:
            await self.house.transcripts.enable_transcription(
                job.meeting_code,
                intent=f"Have the meeting that {job.inviter or 'its organizer'} invited the bot to transcribed",
            )
        except Temporary:
            if self.house.now() < job.join_at:
                raise  # the engine tries again
            await asyncio.to_thread(self._note, job_id, "Google Meet could not be reached in time")
        except MeetbotError as error:
            log.warning(
                "transcription.refused", action="transcription.ask", job=job.public_id, error=error.full
            )
            await asyncio.to_thread(self._note, job_id, error.safe)
        else:
            await asyncio.to_thread(self._note, job_id, "")

    def _job(self, job_id: int) -> Job:
        with self.house.database.read() as session:
            return jobs.get(session, job_id)

    def _note(self, job_id: int, refusal: str) -> None:
        with self.house.database.write() as session:
            job, now = jobs.get(session, job_id), self.house.now()
            if refusal:
                line: dict[str, object] = {"kind": "automatic_transcription", "detail": refusal}
                jobs.note(session, job, now, Told.TROUBLE, line)
            else:
                jobs.note(session, job, now, Told.TRANSCRIPTION_REQUESTED, {})
