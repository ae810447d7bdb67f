"""A stage for bots that run elsewhere: a house that has no place for bots, its HTTP server, and workers that do.

The house's database and engine are real, the wire between it and the workers too; the meetings are told by the test.
"""

import asyncio
import socket
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from agent.daemon.clock import SystemClock
from agent.daemon.http import HttpServer
from agent.errors import Temporary
from agent.ingest.client import IngestClient
from agent.lifecycle.aftermath.harvest import SUMMARISE, GetWords
from agent.lifecycle.aftermath.summarise import Summarise
from agent.lifecycle.attendance.attend import Attend
from agent.lifecycle.attendance.ending import HARVEST
from agent.lifecycle.house import BOTS_QUEUE, JOBS_QUEUE
from agent.lifecycle.outbox import DELIVER, Deliver
from agent.lifecycle.people.accounts import Accounts
from agent.lifecycle.plan import ATTEND
from agent.lifecycle.remote.house_clock import HouseClock
from agent.lifecycle.remote.worker import Worker
from agent.lifecycle.upkeep.listeners import Listener, keep_configured
from agent.model.loan import Claim, Lot
from agent.model.news import Receipt, Report
from agent.web import server
from agent.web.desk import Choices, Desk, furnish
from tests.unit.lifecycle import world
from tests.unit.lifecycle.world import Told, ToldMeet

OPERATOR = "operator@example.com"
NOT_HERE = "No bots run on this machine."


class Wire(IngestClient):
    """The way to the house, which the test may cut."""

    cut = False

    async def claim(self, claim: Claim) -> Lot:
        self._demand_whole()
        return await super().claim(claim)

    async def report(self, report: Report) -> Receipt:
        self._demand_whole()
        return await super().report(report)

    def _demand_whole(self) -> None:
        if self.cut:
            raise Temporary("The wire is cut.")


class Away:
    """One worker, its line to the house, and the meetings it sees; its task is the daemon's part."""

    def __init__(self, url: str, key: str, places: int) -> None:
        self.meet = ToldMeet()
        self.client = Wire(url, key)
        self.worker = Worker(self.client, self.meet, HouseClock(SystemClock()), "box", places)
        self.stopped = False
        self.claiming = asyncio.create_task(self.worker.run())

    async def vanish(self) -> None:
        """End as at a power cut: nothing more is claimed, reported, or handed back."""
        self.client.cut = True
        self.claiming.cancel()
        await asyncio.gather(self.claiming, return_exceptions=True)

    async def stop(self) -> None:
        """End as the daemon's supervisor does; once is enough."""
        if self.stopped:
            return
        self.stopped = True
        self.claiming.cancel()
        await asyncio.gather(self.claiming, return_exceptions=True)
        await self.worker.stop()
        await self.client.aclose()


class RemoteStage:
    """`told` is the house, as for the tests of bots beside the database; `worker()` starts one elsewhere."""

    def __init__(self, folder: Path, **habits: Any) -> None:
        self.told: Told = world.build(folder, operator_emails=(OPERATOR,), **habits)
        self.told.meet.full = NOT_HERE
        self._open = AsyncExitStack()

    async def __aenter__(self) -> "RemoteStage":
        house = self.told.house
        keep_configured(house, [Listener("https://hooks.example.com/", "whsec_c2VjcmV0")])
        house.engine.handles(ATTEND, Attend(house), queue=BOTS_QUEUE, hears=True)
        house.engine.handles(HARVEST, GetWords(house), queue=JOBS_QUEUE)
        house.engine.handles(SUMMARISE, Summarise(house), queue=JOBS_QUEUE)
        house.engine.handles(DELIVER, Deliver(house), queue=JOBS_QUEUE)
        await house.engine.start()
        accounts = Accounts(house)
        accounts.create_user(OPERATOR)
        self.key = accounts.create_key(OPERATOR, "worker", scopes=["ingest"])[1]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self._port}"
        await self.open_door()
        return self

    async def open_door(self) -> None:
        """Serve, at the same address as before."""
        self.desk: Desk = furnish(self.told.house, Choices(version="1.2.3"))
        self._server = HttpServer(server.create(self.desk), "127.0.0.1", self._port)
        await self._server.start()

    async def close_door(self) -> None:
        """Answer nobody any more."""
        await self.desk.loans.close()
        await self._server.stop()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()
        await self.close_door()
        await self.told.house.engine.stop()
        self.told.house.database.close()

    def worker(self, places: int = 3) -> Away:
        """Start a worker; it is stopped with the stage."""
        away = Away(self.url, self.key, places)
        self._open.push_async_callback(away.stop)
        return away
