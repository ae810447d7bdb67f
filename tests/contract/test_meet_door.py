"""Doors that no meeting of the fake world has: pages that changed, that fail, that are in the way."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from agent.meet import BrowserMeet, Patience
from agent.model.call import Visit
from tests.meet_stage import CHROMIUM, Bot, SystemClock

pytestmark = pytest.mark.asyncio(loop_scope="module")
NAME = '<input type="text" aria-label="Your name">'
JOIN = '<button jsname="Q" onclick="this.remove()"><span>Ask to join</span></button>'
PAGES = {
    "renamed": f'{NAME}<button jsname="Q" onclick="this.remove()"><span>Seek entrance</span></button>',
    "titled": f"<h1>Post-mortem: Access denied, unable to join</h1>{NAME}{JOIN}",
    "alerting": f"<script>setTimeout(() => alert('look at me'), 50); open('about:blank')</script>{NAME}{JOIN}",
    "empty": "<p>Come back tomorrow</p>",
    "covered": f'{NAME}{JOIN}<div style="position:fixed;inset:0">a veil</div>',
    "captcha": '<iframe src="/recaptcha/x" width="300" height="200"></iframe>',
    "hidden-captcha": f'<iframe src="/recaptcha/x" style="visibility:hidden"></iframe>{NAME}{JOIN}',
    "framed": f'<iframe srcdoc="<h1>You can\'t join this video call</h1>"></iframe>{NAME}{JOIN}',
}


async def page(request: Request) -> HTMLResponse:
    return HTMLResponse(f"<!doctype html><title>Meet</title>{PAGES.get(request.path_params['name'], '')}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address() -> AsyncIterator[str]:
    app = Starlette(routes=[Route("/{name}", page), Route("/recaptcha/x", page)])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    listener = server.config.bind_socket()
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await serving


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("door")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def meet(data_dir: Path) -> AsyncIterator[BrowserMeet]:
    meet = BrowserMeet(
        executable=CHROMIUM,
        headless=True,
        sandbox=None,
        bots_per_browser=10,
        max_bots=10,
        profile_dir=None,
        data_dir=data_dir,
        clock=SystemClock(),
    )
    await meet.start()
    yield meet
    await meet.stop()


async def before(meet: BrowserMeet, url: str) -> Bot:
    return Bot(url, await meet.open(Visit("job", url, "Meetbot", evidence_dir=url.rpartition("/")[2])))


@pytest.mark.parametrize("name", ["titled", "alerting", "hidden-captcha", "framed"])
async def test_what_only_looks_like_an_obstacle_is_none(meet: BrowserMeet, address: str, name: str) -> None:
    bot = await before(meet, f"{address}/{name}")
    await bot.see("PageOpened", signed_in=False)
    await bot.caller.knock()
    await bot.see("Knocked")
    await bot.close()


async def test_a_renamed_button_is_pressed_and_the_drift_reported(
    meet: BrowserMeet, address: str, data_dir: Path
) -> None:
    bot = await before(meet, f"{address}/renamed")
    await bot.see("PageOpened")
    evidence = await bot.see("Evidence", why="the name of join has changed")
    await bot.caller.knock()
    await bot.see("Knocked")
    report = json.loads((data_dir / evidence.files[0]).read_text())
    assert report["found_by"]["join"] == "structure"
    assert (data_dir / evidence.files[1]).read_bytes().startswith(b"\x89PNG")
    await bot.close()


@pytest.mark.parametrize(("name", "said"), [("empty", "Come back tomorrow"), ("covered", "a veil")])
async def test_a_page_without_a_way_in_is_given_up_with_evidence(
    meet: BrowserMeet, address: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.setattr(meet, "_patience", Patience(door_seconds=2))
    bot = await before(meet, f"{address}/{name}")
    evidence = await bot.see("Evidence")
    assert said in json.loads((data_dir / evidence.files[0]).read_text())["texts"]
    await bot.see("Refused", code="internal_error", retry=True)
    await bot.close()


async def test_a_captcha_is_a_block(meet: BrowserMeet, address: str) -> None:
    bot = await before(meet, f"{address}/captcha")
    await bot.see("Refused", code="blocked_by_platform", retry=False)
    await bot.close()


async def test_a_server_that_is_not_there_may_be_tried_again(meet: BrowserMeet) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = f"http://127.0.0.1:{listener.getsockname()[1]}/nobody"
    bot = await before(meet, closed)
    await bot.see("Refused", code="network_loss", retry=True, has="did not load")
    await bot.close()


async def test_goodbyes_may_be_said_in_any_state_and_twice(meet: BrowserMeet, address: str) -> None:
    bot = await before(meet, f"{address}/titled")
    for _ in range(2):
        await bot.caller.stop_capture()
        await bot.caller.leave()
        assert not await bot.caller.say("anybody here?")
    await bot.see("CallOver", reason="requested")
    await bot.caller.close()
    await bot.close()
