"""API keys as their owners see them. A key's text is shown once."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from agent.errors import Conflict, Denied, Invalid, Missing
from agent.lifecycle.house import House
from agent.lifecycle.people.accounts import Accounts
from agent.model.account import EVERYDAY, Principal, Scope
from agent.model.tables import ApiKey, User
from agent.store import accounts, identity

MOST_KEYS = 100


class ApiKeys:
    """Every method raises `Missing` for a key that is not the asker's."""

    def __init__(self, house: House, books: Accounts) -> None:
        self.house = house
        self.books = books

    async def all(self, by: Principal) -> Sequence[ApiKey]:
        """Return the asker's keys, also revoked ones."""

        def look() -> Sequence[ApiKey]:
            with self.house.database.read() as session:
                return accounts.keys_of(session, by.user_id or 0)

        return await asyncio.to_thread(look)

    async def create(
        self,
        by: Principal,
        name: str,
        *,
        test: bool,
        scopes: Sequence[Scope],
        expires_at: datetime | None,
    ) -> tuple[ApiKey, str]:
        """Make a key and return it with its text. A key can make none that may do more than itself."""
        self._check(by, test, scopes, expires_at)

        def make() -> tuple[ApiKey, str]:
            with self.house.database.write() as session:
                user = session.get(User, by.user_id or 0)
                if user is None:
                    raise Missing("There is no such user.")
                live = [key for key in accounts.keys_of(session, user.id or 0) if key.revoked_at is None]
                if len(live) >= MOST_KEYS:
                    raise Conflict(f"There are {MOST_KEYS} keys already; revoke one first.")
                key, text = self.books.issue_key(session, user, name, test=test, scopes=scopes or by.scopes)
                key.expires_at = expires_at
                session.add(key)
                return key, text

        return await asyncio.to_thread(make)

    def _check(self, by: Principal, test: bool, scopes: Sequence[Scope], expires_at: datetime | None) -> None:
        if expires_at is not None and expires_at <= self.house.now():
            raise Invalid("The key would have expired already; give an instant that is to come.")
        if by.key_id is None:
            return
        beyond = [scope for scope in scopes if scope not in (by.scopes or EVERYDAY)]
        if beyond:
            raise Denied(f"This key has not the scope {beyond[0]} itself; sign in to make such a key.")
        if by.test and not test:
            raise Denied("A test key can make test keys only; sign in to make another.")
        if by.expires_at is not None and (expires_at is None or expires_at > by.expires_at):
            raise Denied("This key expires, and can make none that lives longer; sign in to make such a key.")

    async def revoke(self, by: Principal, key_id: int) -> None:
        """Revoke a key at once."""
        await asyncio.to_thread(self.books.revoke_key, key_id, by=by)

    async def get(self, by: Principal, key_id: int) -> ApiKey:
        """Return one key."""

        def look() -> ApiKey:
            with self.house.database.read() as session:
                key = identity.api_key(session, key_id)
                if key is None or not by.may_see(key.user_id):
                    raise Missing("There is no such key.")
                return key

        return await asyncio.to_thread(look)
