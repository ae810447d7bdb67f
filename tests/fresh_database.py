"""A fresh database for a test: a copy of one that was brought to the newest schema once in this process."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path

from sqlmodel import Session

from agent.engine import Engine
from agent.errors import Temporary
from agent.store.database import Database

MODEL = "model.db"


def fresh_database(path: Path) -> Database:
    """Return a database of the newest schema, with the engine's own tables beside ours; empty where there was no file."""
    if not path.exists():
        shutil.copyfile(Path(_model().name) / MODEL, path)
    return Database(f"sqlite:///{path}")


@cache
def _model() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="meetbot-model-")
    with ThreadPoolExecutor(1) as elsewhere:  # a test's own loop may be running here
        elsewhere.submit(asyncio.run, _make(Path(folder.name) / MODEL)).result()
    return folder


async def _make(path: Path) -> None:
    database = Database(f"sqlite:///{path}")
    database.migrate()
    engine = Engine(database, queues={})
    await engine.start()
    await engine.stop()
    database.close()


class Away:
    """Stands in the place of a database's `write` or `read`, and fails so many times first."""

    def __init__(self, real: Callable[..., AbstractContextManager[Session]], times: int) -> None:
        self.real = real
        self.times = times

    @contextmanager
    def __call__(self, **how: bool) -> Iterator[Session]:
        if self.times > 0:
            self.times -= 1
            raise Temporary("The database cannot take this now.")
        with self.real(**how) as session:
            yield session
