"""What the tests of invitations share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.intake_stage import IntakeStage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[IntakeStage]:
    async with IntakeStage(tmp_path) as stage:
        yield stage
