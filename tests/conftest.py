"""What every test shares."""

from collections.abc import AsyncIterator, Iterator
from functools import cache

import httpcore2
import pytest
import pytest_asyncio
from hypothesis import settings

from agent.sandbox.teller import Teller
from agent.sandbox.world import World

# How fast an example runs is no property of the product: a busy machine takes its time.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(autouse=True, scope="session")
def _certificates_read_once() -> Iterator[None]:
    """The public authorities' certificates take every new HTTP client longer to read than most tests take."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpcore2, "default_ssl_context", cache(httpcore2.default_ssl_context))
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def standing_world() -> AsyncIterator[World]:
    """One fake world for the tests of a module."""
    async with World() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def world(standing_world: World) -> World:
    """A fake world that knows nothing yet. It stands on the module's loop, and so must its tests: `loop_scope="module"`."""
    async with Teller(standing_world.base_url) as telling:
        await telling.reset()
    return standing_world


@pytest_asyncio.fixture(loop_scope="module")
async def teller(world: World) -> AsyncIterator[Teller]:
    """Who tells the fake world what to do."""
    async with Teller(world.base_url) as telling:
        yield telling
