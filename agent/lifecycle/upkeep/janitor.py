"""Forgets in time: what the retention settings no longer allow to be kept, and the engine's own finished records."""

import asyncio
from datetime import datetime, timedelta

import structlog

from agent.lifecycle.aftermath import bot_files
from agent.lifecycle.aftermath.readers import UNREACHABLE_FOR
from agent.lifecycle.house import House
from agent.lifecycle.invitations.gate import LINK_LIFE
from agent.lifecycle.people.kept_answers import KEPT_FOR
from agent.store import identity, requests, retention

ENGINE_RECORDS = timedelta(days=7)
SIGN_INS = timedelta(days=7)
log = structlog.get_logger("janitor")


class Janitor:
    """Runs once a night; every part of it may run twice."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def __call__(self, *_slot: str | int) -> None:
        """Purge once."""
        await asyncio.to_thread(self._purge)

    def _purge(self) -> None:
        habits, now = self.house.habits, self.house.now()
        with self.house.database.write() as session:
            gone = {
                "mails": retention.forget_mails(session, now - timedelta(days=habits.raw_mail_days)),
                "holds": retention.forget_invitations(session, self._invitations_before()),
                "events": retention.forget_events(session, self._invitations_before()),
                "expired": retention.forget_expired(session, now, now - UNREACHABLE_FOR),
                "entries": retention.forget_words(session, now - timedelta(days=habits.transcript_days)),
                "kept_answers": requests.forget_kept(session, now - KEPT_FOR),
                "request_lines": requests.forget_lines(session, now - timedelta(days=habits.delivery_days)),
                "summaries": retention.forget_summaries(session, now - timedelta(days=habits.summary_days)),
                "deliveries": retention.forget_deliveries(
                    session, now - timedelta(days=habits.delivery_days)
                ),
                "sign_ins": identity.forget_stale(session, now - SIGN_INS),
            }
            recorded_before = now - timedelta(days=habits.recording_days)
            files = bot_files.forget_old(session, recorded_before)
        bot_files.unlink(habits.data_dir, files)
        evidence = bot_files.old_evidence(habits.data_dir, recorded_before)
        bot_files.unlink(habits.data_dir, evidence)
        gone |= {"recordings": len(files), "evidence": len(evidence)}
        gone["engine"] = self.house.engine.forget_finished(now - ENGINE_RECORDS)
        self.house.database.checkpoint()
        log.info("janitor.purged", action="janitor.purge", **gone)

    def _invitations_before(self) -> datetime:
        """Return since when invitations are kept: as long as their mails, and as the links that decide about them are good."""
        habits = self.house.habits
        kept = max(timedelta(days=habits.invitation_days), timedelta(days=habits.raw_mail_days), LINK_LIFE)
        return self.house.now() - kept
