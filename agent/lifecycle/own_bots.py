"""What every desk of the bots API shares: one transaction off the event loop, on bots that are the asker's own."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlmodel import Session

from agent.errors import Denied, Missing
from agent.lifecycle.house import House
from agent.model.account import Principal
from agent.model.tables import Job
from agent.store import bots, ownership

T = TypeVar("T")


class OwnBots:
    """Base of those desks."""

    def __init__(self, house: House) -> None:
        self.house = house

    def mine(self, session: Session, by: Principal, bot_id: int, *, lock: bool = False) -> Job:
        """Return a bot. Raises `Missing` for one that is somebody else's."""
        return self.seen(session, by, bots.get(session, bot_id, lock=lock))

    def seen(self, session: Session, by: Principal, job: Job) -> Job:
        """Return a bot that was looked up. Raises `Missing` for one that is somebody else's."""
        if not ownership.sees(session, by, job):
            raise Missing("There is no such bot.", full=f"{by.email} may not see bot {job.id}")
        return job

    def own(self, session: Session, by: Principal, bot_id: int) -> Job:
        """Return a bot to change it or what it made. Raises `Denied` where it is there for somebody else's invitation too."""
        job = self.mine(session, by, bot_id, lock=True)
        if not ownership.is_owner(by, job):
            raise Denied("The bot goes for another inviter too, and only they may do this.")
        return job

    async def read(self, look: Callable[[Session], T]) -> T:
        """Run `look` in a transaction that only reads."""

        def within() -> T:
            with self.house.database.read() as session:
                return look(session)

        return await asyncio.to_thread(within)

    async def write(self, change: Callable[[Session], T]) -> T:
        """Run `change` in one transaction."""

        def within() -> T:
            with self.house.database.write() as session:
                return change(session)

        return await asyncio.to_thread(within)
