"""A running house for the tests of the life of a job."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.lifecycle.aftermath.harvest import SUMMARISE, GetWords
from agent.lifecycle.aftermath.summarise import Summarise
from agent.lifecycle.attendance.attend import Attend
from agent.lifecycle.attendance.ending import HARVEST
from agent.lifecycle.house import BOTS_QUEUE, JOBS_QUEUE
from agent.lifecycle.outbox import DELIVER, Deliver
from agent.lifecycle.plan import ATTEND
from agent.lifecycle.upkeep.listeners import Listener, keep_configured
from tests.unit.lifecycle.world import Told, build


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[Told]:
    """A house with its engine running, one webhook, and an outside that the test tells."""
    told = build(tmp_path)
    house = told.house
    keep_configured(house, [Listener("https://hooks.example.com/", "whsec_c2VjcmV0")])
    house.engine.handles(ATTEND, Attend(house), queue=BOTS_QUEUE, hears=True)
    house.engine.handles(HARVEST, GetWords(house), queue=JOBS_QUEUE)
    house.engine.handles(SUMMARISE, Summarise(house), queue=JOBS_QUEUE)
    house.engine.handles(DELIVER, Deliver(house), queue=JOBS_QUEUE)
    await house.engine.start()
    yield told
    await house.engine.stop()
    house.database.close()
