"""The files of a bot: recordings, found where it wrote them, kept as rows and deleted from the disk with them; and evidence."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from agent.errors import Missing
from agent.lifecycle import bot_news
from agent.lifecycle.house import House
from agent.model.states import Told
from agent.model.tables import Job, Recording
from agent.rules import permission, webm
from agent.store import bots, jobs

PATTERN = "recording*.webm"
MEDIA_TYPES = {"audio": "audio/webm", "video": "video/webm"}
READ_BYTES = 1024 * 1024


def keep(session: Session, house: House, job: Job, now: datetime) -> None:
    """Keep what was recorded in a stay that is over; without consent that stands it is deleted, with that of earlier stays."""
    folder = house.habits.data_dir / "meetings" / job.public_id
    known = {row.path for row in bots.recordings(session, [job.id or 0]).get(job.id or 0, [])}
    found = [path for path in sorted(folder.glob(PATTERN)) if _name(house, path) not in known]
    if not permission.may_keep(entry.outcome for entry in jobs.ledger(session, job.id or 0)):
        for path in found:
            path.unlink(missing_ok=True)
        unlink(house.habits.data_dir, forget_rows(session, job.id or 0))
        return
    for path in found:
        _keep_one(session, house, job, path, now)


def _keep_one(session: Session, house: House, job: Job, path: Path, now: datetime) -> None:
    size = path.stat().st_size
    if not size:
        return
    kind = str(job.options.get("recording") or house.habits.call.recording)
    row = Recording(
        job_id=job.id or 0,
        path=_name(house, path),
        kind=kind if kind in MEDIA_TYPES else "video",
        size_bytes=size,
        duration_seconds=webm.duration_seconds(_end_of(path, size)),
        created_at=now,
    )
    row.media_type = MEDIA_TYPES[row.kind]
    session.add(row)
    line = {
        "durationSeconds": round(row.duration_seconds, 3),
        "fileSizeBytes": size,
        "key": path.name,
    }
    jobs.note(session, job, now, Told.RECORDING_READY, line)
    bot_news.tell(session, house.engine, job, Told.RECORDING_READY, line, now)


def locate(data_dir: Path, row: Recording) -> Path:
    """Return the file of a row. Raises `Missing` when it is gone, or not where recordings are."""
    path = (data_dir / row.path).resolve()
    if not path.is_relative_to(data_dir.resolve()) or not path.is_file():
        raise Missing("The recording's file is gone.", full=f"recording {row.id}: {path}")
    return path


def forget_rows(session: Session, job_id: int) -> list[str]:
    """Delete the rows of a job's recordings, and return the paths to unlink once that is committed."""
    rows = bots.recordings(session, [job_id]).get(job_id, [])
    for row in rows:
        session.delete(row)
    return [row.path for row in rows]


def forget_old(session: Session, before: datetime) -> list[str]:
    """Delete the rows of old recordings, and return the paths to unlink once that is committed."""
    rows = bots.recordings_before(session, before)
    for row in rows:
        session.delete(row)
    return [row.path for row in rows]


def evidence(house: House, job: Job) -> list[str]:
    """Return the paths of the pictures and texts that were kept of what surprised a job's bots."""
    folder = house.habits.data_dir / "meetings" / job.public_id / "evidence"
    return [_name(house, path) for path in sorted(folder.glob("*")) if path.is_file()]


def old_evidence(data_dir: Path, before: datetime) -> list[str]:
    """Return the paths of all evidence that was kept before an instant, also of jobs that are no more."""
    found = (data_dir / "meetings").glob("*/evidence/*")
    old = (path for path in found if path.is_file() and path.stat().st_mtime < before.timestamp())
    return [path.relative_to(data_dir).as_posix() for path in old]


def unlink(data_dir: Path, paths: Iterable[str]) -> None:
    """Delete files from the disk; a path that leads out of the data directory is left alone."""
    for path in paths:
        file = (data_dir / path).resolve()
        if file.is_relative_to(data_dir.resolve()):
            file.unlink(missing_ok=True)


def _name(house: House, path: Path) -> str:
    return path.relative_to(house.habits.data_dir).as_posix()


def _end_of(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, size - READ_BYTES))
        return file.read()
