"""Deleting all that was taken from a meeting, at the word of somebody who may say so."""

from sqlmodel import Session

from agent.lifecycle.aftermath import bot_files
from agent.lifecycle.house import House
from agent.model.states import Told
from agent.model.tables import Consent, Job
from agent.store import jobs, recaps, sharing


def forget_meeting(session: Session, house: House, job: Job, *, who: str, channel: str) -> list[str]:
    """Delete words, notes, recordings and the text of mails, and stop what has not gone out.

    The ledger keeps who took the consent back, so that nothing is fetched again. Returns the paths of recordings and
    evidence, to be unlinked once this is committed.
    """
    job_id, now = job.id or 0, house.now()
    jobs.enter(
        session,
        Consent(job_id=job_id, at=now, outcome="opted_out", who=who, words="(delete link)", channel=channel),
    )
    entries = jobs.forget_entries(session, job_id)
    sharing.forget_summaries(session, job_id)
    sharing.revoke(session, job_id, now)
    for event in ("recap", "recap_held"):
        for mail in recaps.mails_of(session, job_id, event):
            if mail.state == "due":
                mail.state, mail.next_at, mail.finished_at = "cancelled", None, now
                session.add(mail)
    session.flush()
    recaps.empty_mails(session, job_id)
    job.transcript_source, job.conferences = "", []
    session.add(job)
    line: dict[str, object] = {"by": who, "deleted_entries": entries}
    jobs.note(session, job, now, Told.TRANSCRIPT_DELETED, line)
    return bot_files.forget_rows(session, job_id) + bot_files.evidence(house, job)
