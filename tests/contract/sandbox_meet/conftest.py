"""The fake Meet on a free port, one browser per module, and a teller."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from agent.sandbox.meet import MeetHouse
from tests.waiting import PATIENCE_SECONDS, until

CHROMIUM_ARGS = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NUMBERS = itertools.count()
expect.set_options(timeout=PATIENCE_SECONDS * 1000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def base_url() -> AsyncIterator[str]:
    house = MeetHouse()
    app = FastAPI()
    app.include_router(house.wire)
    app.include_router(house.control)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    house.reset()
    server.should_exit = True
    await serving


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", chromium_sandbox=False, args=CHROMIUM_ARGS
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(viewport={"width": 1000, "height": 600})
    yield context
    await context.close()


@dataclass
class Teller:
    """One meeting, told over the control API."""

    code: str
    base_url: str
    http: httpx2.AsyncClient

    @property
    def url(self) -> str:
        return f"{self.base_url}/meet/{self.code}"

    @property
    def desk(self) -> str:
        return f"/control/meet/meetings/{self.code}"

    async def create(self, **options: Any) -> dict[str, Any]:
        return (await self.http.put(self.desk, json=options)).raise_for_status().json()

    async def tell(self, *steps: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self.http.post(f"{self.desk}/steps", json=list(steps))
        return answer.raise_for_status().json()["done"]

    async def do(self, do: str, **fields: Any) -> dict[str, Any]:
        return (await self.tell({"do": do, **fields}))[0]

    async def seen(self) -> dict[str, Any]:
        return (await self.http.get(self.desk)).raise_for_status().json()

    async def wait(self, what: str, **more: Any) -> dict[str, Any]:
        answer = await self.http.get(
            f"{self.desk}/wait", params={"for": what, "timeout": PATIENCE_SECONDS, **more}
        )
        return answer.raise_for_status().json()

    async def visitor(self) -> dict[str, Any]:
        return (await self.seen())["visitors"][-1]


@pytest_asyncio.fixture(loop_scope="module")
async def teller(base_url: str) -> AsyncIterator[Teller]:
    async with httpx2.AsyncClient(base_url=base_url, timeout=None) as http:
        yield Teller(f"abc-{next(NUMBERS):04d}-xyz", base_url, http)


@dataclass
class Bot:
    """A page and the few gestures every story needs."""

    page: Page
    teller: Teller

    async def open(self, query: str = "") -> None:
        await self.page.goto(self.teller.url + query)

    async def knock(self, name: str = "Note Taker", text: str = "Ask to join") -> None:
        await self.page.get_by_label("Your name").fill(name)
        await self.page.get_by_role("button", name=text, exact=True).click()

    async def enter(self, **options: Any) -> None:
        """Create the meeting open to everybody and go in."""
        await self.teller.create(access="open", **options)
        await self.open()
        await self.knock(text="Join now")
        await expect(self.page.locator('[role="region"][aria-label="Call controls"]')).to_be_attached()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def text(self, text: str) -> Locator:
        return self.page.get_by_text(text)

    async def sees(self, text: str) -> None:
        await expect(self.text(text).first).to_be_visible()


@pytest_asyncio.fixture(loop_scope="module")
async def bot(context: BrowserContext, teller: Teller) -> AsyncIterator[Bot]:
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield Bot(page, teller)
    await page.close()
    if problems:
        pytest.fail(f"the page's script failed: {problems}")
