"""One server for a whole module; every test has people of its own, and the clock goes right again after each."""

import itertools
from datetime import timedelta

import pytest
import pytest_asyncio

from tests.bots_stage import BotsStage

NUMBERS = itertools.count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory):
    async with BotsStage(tmp_path_factory.mktemp("stage")) as one:
        yield one


@pytest.fixture
def stage(running):
    yield running
    running.clock.ahead = timedelta()


@pytest.fixture
def address():
    """An address that nobody has."""
    return f"person{next(NUMBERS)}@example.com"
