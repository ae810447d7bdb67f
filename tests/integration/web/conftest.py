"""One server a test, and clients of people with different rights."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.web_stage import WebStage


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
