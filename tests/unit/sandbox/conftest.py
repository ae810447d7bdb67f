"""A fake world on real sockets, with a clock that the test moves."""

import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
import pytest_asyncio

from agent.sandbox.teller import Teller
from agent.sandbox.world import World


class Hands:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def standing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[World, Hands]]:
    """The world of a whole module; each test finds it fresh."""
    hands = Hands()
    async with World(directory=tmp_path_factory.mktemp("world"), clock=hands) as started:
        yield started, hands


@pytest.fixture
def clock(standing: tuple[World, Hands]) -> Hands:
    return standing[1]


@pytest_asyncio.fixture(loop_scope="module")
async def world(standing: tuple[World, Hands]) -> World:
    async with Teller(standing[0].base_url) as teller:
        await teller.reset()
    return standing[0]


@pytest_asyncio.fixture(loop_scope="module")
async def teller(world: World) -> AsyncIterator[Teller]:
    async with Teller(world.base_url) as told:
        yield told


@pytest_asyncio.fixture(loop_scope="module")
async def http(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    no_trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with httpx2.AsyncClient(
        base_url=world.base_url, trust_env=False, timeout=30, verify=no_trust
    ) as client:
        yield client
