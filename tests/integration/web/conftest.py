"""One server a test, and clients of people with different rights."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
import structlog

from tests.web_stage import WebStage


def _drop(logger: object, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    raise structlog.DropEvent


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    """The log is not what these tests look at, and what a command prints must stand alone."""
    before = structlog.get_config()
    structlog.configure(processors=[_drop], cache_logger_on_first_use=False)
    yield
    structlog.configure(**before)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[WebStage]:
    async with WebStage(tmp_path) as stage:
        yield stage


@pytest.fixture
async def alice(stage: WebStage) -> httpx2.AsyncClient:
    return await stage.client(stage.key("alice@example.com"))


@pytest.fixture
async def bob(stage: WebStage) -> httpx2.AsyncClient:
    return await stage.client(stage.key("bob@example.com"))


@pytest.fixture
async def operator(stage: WebStage) -> httpx2.AsyncClient:
    return await stage.client(stage.key("operator@example.com"))


@pytest.fixture
async def stranger(stage: WebStage) -> httpx2.AsyncClient:
    return await stage.client()
