"""Who lives, and who ends itself because others may think it dead."""

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from agent.engine import Engine
from tests.fresh_database import fresh_database


async def test_the_only_process_of_a_file_does_not_end_itself_when_the_file_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = fresh_database(tmp_path / "engine.db")
    ended: list[int] = []
    monkeypatch.setattr("agent.engine.os._exit", ended.append)
    engine = Engine(database, queues={"jobs": 1}, worker_ttl_seconds=0.2, beat_seconds=0.02)
    await engine.start()
    with database.write() as session:
        session.exec(sa.text("SELECT 1"))
        # Longer than a worker may be silent where others could take its jobs over.
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.6)
    await engine.stop()
    database.close()
    assert ended == []
