"""The world as a whole."""

import asyncio
import contextlib
import json
import logging
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agent.config.settings import Settings
from agent.sandbox.bell import Bell
from agent.sandbox.faults import FaultBoard
from agent.sandbox.service import build_service
from agent.sandbox.teller import Teller
from agent.sandbox.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_it_starts_in_half_a_second_and_leaves_nothing_behind() -> None:
    start = time.process_time()
    async with World() as world:
        started = time.process_time() - start
        directory, base_url = world.directory, world.base_url
        assert directory.is_dir()
    assert started < 0.5
    assert not directory.exists()
    async with httpx2.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get(base_url)


async def test_a_directory_of_ones_own_is_made_and_stays(tmp_path) -> None:
    async with World(directory=tmp_path / "new" / "world") as world:
        world.settings()
    assert (tmp_path / "new" / "world" / "google-credentials.json").exists()


async def test_two_worlds_stand_side_by_side() -> None:
    async with World() as one, World() as two:
        assert len({one.port, two.port, one.smtp_port, two.smtp_port}) == 4


async def test_it_stops_at_once_though_requests_are_held_up() -> None:
    async with contextlib.AsyncExitStack() as stack:
        world = await stack.enter_async_context(World())
        http = httpx2.AsyncClient(base_url=world.base_url, trust_env=False, timeout=None)
        async with http, Teller(world.base_url) as teller:
            await teller.add_fault("llm", "delay", delay_seconds=60)
            held = asyncio.create_task(http.get("/llm/v1/models"))
            while not (await teller.faults())[0]["hits"]:
                await asyncio.sleep(0)
            async with asyncio.timeout(30):
                await stack.aclose()
            with pytest.raises(httpx2.TransportError):
                await held


async def test_it_stops_without_a_complaint_though_somebody_waits(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, until = asyncio.Event(), Bell.until

    def told(*arguments: Any) -> Any:
        begun.set()
        return until(*arguments)

    monkeypatch.setattr(Bell, "until", told)
    async with contextlib.AsyncExitStack() as stack:
        world = await stack.enter_async_context(World())
        async with Teller(world.base_url) as teller:
            await teller.create_meeting("abc-defg-hij")
            waiting = asyncio.create_task(teller.wait("abc-defg-hij", "knocked", timeout=300))
            async with asyncio.timeout(30):
                await begun.wait()
                await stack.aclose()
            with pytest.raises(httpx2.TransportError):
                await waiting
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_its_settings_lead_a_daemon_to_every_fake(world, http) -> None:
    settings = world.settings()
    assert settings["meet"]["url"] == f"{world.base_url}/meet"
    assert (await http.get(f"{settings['summary']['base_url']}/models")).status_code == 200
    assert (await http.get(settings["okoro"]["proxy_url"] + "/spaces")).status_code == 401
    assert settings["google_calendar"]["api_endpoint"].endswith("/calendar/v3/")
    key_file = Path(settings["google_calendar"]["credentials_file"])
    assert json.loads(key_file.read_text())["token_uri"] == f"{world.base_url}/calendar/token"
    assert key_file.stat().st_mode & 0o077 == 0
    assert settings["mail"]["port"] == world.smtp_port


async def test_a_webhook_of_the_world_trusts_its_own_secret(world) -> None:
    entry = world.webhook("daemon")
    assert entry["url"] == f"{world.base_url}/hooks/daemon"
    assert entry["secret"].startswith("whsec_")


async def test_reset_makes_every_fake_forget(world, teller, http) -> None:
    await teller.create_meeting("abc-defg-hij")
    await teller.model_behaves("empty")
    await teller.add_fault("llm", "status")
    await teller.set_token(revoked=True)
    await teller.put_event("e1", summary="Weekly", start={"date": "2026-01-01"}, end={"date": "2026-01-02"})
    await http.post("/hooks/one", content="{}")
    await teller.reset()
    assert await teller.faults() == []
    assert await teller.deliveries("one") == []
    assert (await http.get("/control/calendar/primary/events/e1")).status_code == 404
    assert (await http.get("/control/meet/meetings/abc-defg-hij")).status_code == 404


async def test_the_teller_reaches_the_fake_meet(teller) -> None:
    seen = await teller.create_meeting("abc-defg-hij", access="open")
    assert seen == await teller.observed("abc-defg-hij")


async def test_the_control_api_answers_this_machine_only() -> None:
    board = FaultBoard()
    app = build_service([], [], board, lambda client, reset: None)
    for address, status in (("127.0.0.1", 200), ("::1", 200), ("192.0.2.7", 403)):
        wire = httpx2.ASGITransport(app, client=(address, 5000))
        async with httpx2.AsyncClient(transport=wire, base_url="http://sandbox") as http:
            assert (await http.get("/control/faults")).status_code == status


async def test_its_settings_are_ones_the_config_accepts(world) -> None:
    settings = Settings.model_validate({**world.settings(), "webhooks": [world.webhook("one")]})
    assert settings.bot.email == world.bot_email
    assert settings.meet.url == f"{world.base_url}/meet"
