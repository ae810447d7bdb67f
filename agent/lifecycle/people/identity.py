"""Signing in with a password: short-lived access tokens, refresh tokens that change at every use, signing out."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlmodel import Session
from ulid import ULID

from agent.errors import Denied, Invalid, Missing
from agent.lifecycle.house import House
from agent.lifecycle.people import signing_key
from agent.lifecycle.people.accounts import is_live
from agent.lifecycle.people.hashing import Hashing
from agent.lifecycle.people.lockouts import Lockouts
from agent.model.account import Principal
from agent.model.tables import RefreshToken, SignIn, User
from agent.rules import lockout, passwords, tokens
from agent.store import identity

WRONG = "The address or the password is wrong."
STALE = "The refresh token is not valid; sign in again."
log = structlog.get_logger("identity")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in gives: both texts are shown to the person alone."""

    access_token: str
    refresh_token: str
    user: User
    expires_in_seconds: int = int(tokens.ACCESS_LIFE.total_seconds())


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a sign-in comes from: its network address, and what the client calls itself."""

    address: str
    client: str = ""


class Identity:
    """Who signs in. Errors tell nobody whether an address has an account."""

    def __init__(self, house: House, hashing: Hashing) -> None:
        self.house = house
        self.hashing = hashing
        self.lockouts = Lockouts(house)

    async def login(self, email: str, password: str, caller: Caller) -> Tokens:
        """Sign in. Raises `Denied` for a wrong pair, `TooMany` after too many of them."""
        address = email.strip().lower()
        counted = (
            (lockout.SIGN_IN_OF_ACCOUNT_AND_ADDRESS, f"{address} {caller.address}"),
            (lockout.SIGN_IN_OF_ADDRESS, caller.address),
            (lockout.SIGN_IN_OF_ACCOUNT, address),
        )
        await asyncio.to_thread(self.lockouts.spend, *counted)
        user = await self._judge(address, password)
        if user is None:
            log.info("sign_in.refused", action="identity.login")
            raise Denied(WRONG)
        await asyncio.to_thread(self.lockouts.forgive, *counted)
        if self.hashing.is_dated(user.password_hash):
            await self._set_password(user.id or 0, password)
        return await self.sign_in(user, caller)

    async def _judge(self, address: str, password: str) -> User | None:
        """Return whose password it is: always two checks, so that the time tells nothing."""

        def look() -> tuple[User | None, User | None]:
            with self.house.database.read() as session:
                return identity.claimants(session, address)

        found = None
        for user in await asyncio.to_thread(look):
            fits = await self.hashing.matches(password, user.password_hash if user else "")
            if user and fits and not user.disabled:
                found = found or user
        return found

    async def sign_in(self, user: User, caller: Caller) -> Tokens:
        """Begin a sign-in for somebody who has proved who they are."""

        def begin() -> Tokens:
            now = self.house.now()
            with self.house.database.write() as session:
                row = SignIn(
                    id=str(ULID()),
                    user_id=user.id or 0,
                    client=caller.client[:200],
                    created_at=now,
                    expires_at=now + tokens.REFRESH_LIFE,
                )
                session.add(row)
                session.flush()
                return self._issue(user, row, self._next(session, row, 1, now), now)

        return await asyncio.to_thread(begin)

    async def refresh(self, text: str, caller: Caller) -> Tokens:
        """Exchange a refresh token for fresh tokens. One that was used before ends its whole sign-in.

        Within a few seconds the newest used one gets the same answer again: two tabs may ask at once.
        Raises `Denied`, and `TooMany` for who tries too many wrong ones.
        """
        counted = (lockout.REFRESH_OF_ADDRESS, caller.address)
        await asyncio.to_thread(self.lockouts.spend, counted)
        fresh = await asyncio.to_thread(self._rotate, text)
        if fresh is None:
            raise Denied(STALE)
        await asyncio.to_thread(self.lockouts.forgive, counted)
        return fresh

    def _rotate(self, text: str) -> Tokens | None:
        now = self.house.now()
        with self.house.database.write() as session:
            row = identity.refresh_token(session, tokens.digest(text))
            found = identity.signed_in(session, row.sign_in_id) if row else None
            if row is None or found is None or not is_live(*found, now):
                return None
            sign_in, user = found
            if row.used_at is None:
                row.used_at = now
                session.add(row)
                return self._issue(user, sign_in, self._next(session, sign_in, row.generation + 1, now), now)
            successor = self._text(sign_in, row.generation + 1)
            known = identity.refresh_token(session, tokens.digest(successor))
            if now - row.used_at <= tokens.REFRESH_GRACE and known is not None and known.used_at is None:
                return self._issue(user, sign_in, successor, now)
            sign_in.ended_at, sign_in.ended_why = now, "a used refresh token returned"
            session.add(sign_in)
            log.warning("sign_in.revoked", action="identity.refresh", user=user.id, sign_in=sign_in.id)
            return None

    async def logout(self, by: Principal) -> None:
        """End the sign-in that a request was sent with. Raises `Invalid` for an API key."""
        if not by.sign_in_id:
            raise Invalid("An API key is not signed in; revoke it to end it.")

        def end() -> None:
            with self.house.database.write() as session:
                found = identity.signed_in(session, by.sign_in_id)
                if found is not None:
                    found[0].ended_at, found[0].ended_why = self.house.now(), "signed out"
                    session.add(found[0])

        await asyncio.to_thread(end)

    async def me(self, by: Principal) -> User:
        """Return the person behind a request."""

        def look() -> User:
            with self.house.database.read() as session:
                user = session.get(User, by.user_id or 0)
                if user is None:
                    raise Missing("There is no such user.")
                return user

        return await asyncio.to_thread(look)

    async def rename(self, by: Principal, name: str) -> User:
        """Change the person's name."""

        def change() -> User:
            with self.house.database.write() as session:
                user = session.get(User, by.user_id or 0)
                if user is None:
                    raise Missing("There is no such user.")
                user.name = name
                session.add(user)
                return user

        return await asyncio.to_thread(change)

    async def change_password(self, by: Principal, current: str, fresh: str, caller: Caller) -> None:
        """Change the password; every other sign-in ends. Raises `Denied` when the present one is wrong."""
        user = await self.me(by)
        passwords.check(fresh, email=user.email)
        counted = (lockout.SIGN_IN_OF_ACCOUNT_AND_ADDRESS, f"{user.email} {caller.address}")
        await asyncio.to_thread(self.lockouts.spend, counted)
        if not user.password_hash and by.is_limited:
            raise Denied("This key is limited, and a password is not; set the first one with another key.")
        if user.password_hash and not await self.hashing.matches(current, user.password_hash):
            raise Denied("The present password is wrong.")
        await asyncio.to_thread(self.lockouts.forgive, counted)
        await self._set_password(user.id or 0, fresh)

        def end_others() -> None:
            with self.house.database.write() as session:
                why = "the password was changed"
                identity.end_sign_ins(session, user.id or 0, self.house.now(), why, but=by.sign_in_id)

        await asyncio.to_thread(end_others)

    async def _set_password(self, user_id: int, password: str) -> None:
        made = await self.hashing.make(password)

        def keep() -> None:
            with self.house.database.write() as session:
                user = session.get(User, user_id)
                if user is not None:
                    user.password_hash = made
                    session.add(user)

        await asyncio.to_thread(keep)

    def _next(self, session: Session, sign_in: SignIn, generation: int, now: datetime) -> str:
        """Keep the next generation of a sign-in's refresh token, and return its text."""
        text = self._text(sign_in, generation)
        session.add(
            RefreshToken(
                hash=tokens.digest(text), sign_in_id=sign_in.id, generation=generation, created_at=now
            )
        )
        return text

    def _text(self, sign_in: SignIn, generation: int) -> str:
        return tokens.derive(self._key(), "refresh", f"{sign_in.id}:{generation}")

    def _issue(self, user: User, sign_in: SignIn, refresh_token: str, now: datetime) -> Tokens:
        access = tokens.access_token(
            self._key(),
            tokens.Claims(user.id or 0, sign_in.id),
            issuer=self.house.habits.public_url,
            token_id=secrets.token_hex(8),
            now=now,
        )
        return Tokens(access, refresh_token, user)

    def _key(self) -> bytes:
        habits = self.house.habits
        return signing_key.load(habits.data_dir, habits.signing_secret)
