"""The stage of the stories: what cannot be set leaves nothing behind."""

import socket
from pathlib import Path

import pytest

from agent.sandbox.demo.stage import Stage, StoryError


async def test_a_stage_whose_daemon_ends_at_the_start_says_why_and_closes_its_world(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stage = Stage(tmp_path, lambda _: None, {"http": {"port": port}})
        with pytest.raises(StoryError, match=str(port)):
            async with stage:
                pytest.fail("a daemon whose port is taken became ready")
    host, world_port = stage.world.base_url.removeprefix("http://").split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(world_port)), timeout=10)
