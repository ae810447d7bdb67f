"""A house that is killed at a commit, before it or just after, and lives on: the meeting ends right, and each thing once."""

import json
import multiprocessing
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sqlmodel import select

from agent.model.states import EndReason, State
from agent.model.tables import Consent, Job
from agent.store import jobs
from agent.store.database import Database
from tests import crash_stage
from tests.fresh_database import fresh_database

LIFE_SECONDS = 120.0
# A meeting takes some 130 commits, the engine's own included; with a step of 1 all are tried.
COMMITS = range(2, 130, 11)
AT_ONCE = 3


class Afterlife:
    """What is there after a life that was cut short at a commit, and the one after it."""

    def __init__(self, folder: Path, number: int, *, done: bool) -> None:
        self.name = f"{'after' if done else 'before'} commit {number}"
        self._folder = folder / f"{number}"
        self._folder.mkdir()
        self._number, self._done = number, done

    def live_twice(self) -> "Afterlife":
        fresh_database(self._folder / "house.db").close()
        self.endings = [self._live(self._number)]
        if self.endings == [crash_stage.KILLED]:
            self.endings.append(self._live(0))
        return self

    def _live(self, number: int) -> int | None:
        life = multiprocessing.get_context("forkserver").Process(
            target=crash_stage.live, args=(self._folder, number), kwargs={"done": self._done}
        )
        life.start()
        life.join(LIFE_SECONDS)
        if life.exitcode is None:
            life.kill()
        return life.exitcode

    def story(self) -> dict[str, Any]:
        """What there is of the meeting, and what the outside saw, told apart by its key."""
        lines = (self._folder / crash_stage.SEEN).read_text().splitlines()
        seen = Counter(what for what, _ in {tuple(json.loads(line)) for line in lines})
        database = Database(f"sqlite:///{self._folder / 'house.db'}")
        with database.read() as session:
            found = session.exec(select(Job)).all()
            told = Counter(line.kind for line in jobs.timeline(session, found[0].id or 0))
            granted = [one for one in session.exec(select(Consent)).all() if one.outcome == "granted"]
        database.close()
        return {
            "jobs": [(job.state, job.end_reason) for job in found],
            "granted": len(granted),
            "told": [told[kind] for kind in ("left", "transcript_ready", "summary_ready")],
            "seen": [seen[what] for what in ("mail", "job.finalized", "bot.recording_permission_response")],
        }


def test_a_meeting_ends_right_at_whichever_commit_the_house_is_killed(tmp_path: Path) -> None:
    multiprocessing.get_context("forkserver").set_forkserver_preload(["tests.crash_stage"])
    fresh_database(tmp_path / "first.db").close()  # the model of all others, made by one thread
    lives = [
        Afterlife(tmp_path, number, done=done)
        for number, done in zip(COMMITS, [False, True] * len(COMMITS), strict=False)
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for after in pool.map(Afterlife.live_twice, lives):
            assert after.endings[-1] == 0, after.name
            assert after.story() == {
                "jobs": [(State.COMPLETED, EndReason.ENDED_BY_HOST)],
                "granted": 1,
                "told": [1, 1, 1],
                "seen": [1, 1, 1],
            }, after.name
    assert lives[0].endings == [crash_stage.KILLED, 0], "nothing was killed"
