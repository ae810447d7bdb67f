"""Users and their API keys."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from agent.errors import Conflict, Denied, Invalid, Missing
from agent.lifecycle.house import House
from agent.lifecycle.people import signing_key
from agent.model.account import Principal, Scope
from agent.model.billing import Plan
from agent.model.tables import ApiKey, SignIn, User
from agent.rules import keys, tokens
from agent.store import accounts, identity


class Accounts:
    """Who may ask: made by operators and the CLI, looked up by every request."""

    def __init__(self, house: House) -> None:
        self.house = house

    def create_user(self, email: str, *, name: str = "", operator: bool = False) -> User:
        """Make a user; whoever makes it vouches for the address, so the meetings it was invited to are theirs.

        Raises `Invalid` for what is no address, `Conflict` when the address has an account.
        """
        address, now = plain_address(email), self.house.now()
        with self.house.database.write() as session:
            if identity.owner_of(session, address):
                raise Conflict(f"{address} has an account already.")
            user = User(email=address, name=name, is_operator=operator, created_at=now, verified_at=now)
            session.add(user)
            session.flush()
            identity.adopt_jobs(session, user)
            return user

    def users(self) -> Sequence[User]:
        """Return all users."""
        with self.house.database.read() as session:
            return accounts.users(session)

    def create_key(
        self, email: str, name: str, *, test: bool = False, scopes: Sequence[str] = ()
    ) -> tuple[ApiKey, str]:
        """Make a key for a user and return it with its text, which is never shown again.

        Without scopes it may do whatever its user may. Raises `Invalid` for a scope that there is not.
        """
        unknown = [scope for scope in scopes if scope not in set(Scope)]
        if unknown:
            raise Invalid(f"There is no scope {unknown[0]}; use {', '.join(Scope)}.")
        with self.house.database.write() as session:
            user = accounts.by_email(session, email)
            if user is None or user.id is None:
                raise Missing(f"There is no user {email}. Make one with: meetbot users create {email}")
            return self.issue_key(session, user, name, test=test, scopes=scopes)

    def issue_key(
        self, session: Session, user: User, name: str, *, test: bool = False, scopes: Sequence[str] = ()
    ) -> tuple[ApiKey, str]:
        """Make a key in the caller's transaction."""
        text = keys.build(secrets.token_bytes(keys.SECRET_LENGTH), test=test)
        key = ApiKey(
            user_id=user.id or 0,
            name=name,
            hash=keys.digest(text),
            prefix=text[: len(keys.PREFIXES[0]) + 4],
            last4=text[-4:],
            scopes=list(scopes),
            created_at=self.house.now(),
        )
        session.add(key)
        session.flush()
        return key, text

    def keys_of(self, email: str) -> Sequence[ApiKey]:
        """Return a user's keys."""
        with self.house.database.read() as session:
            user = accounts.by_email(session, email)
            return accounts.keys_of(session, user.id) if user and user.id else ()

    def revoke_key(self, key_id: int, *, by: Principal) -> None:
        """Revoke a key at once. Raises `Missing` for one that is not theirs."""
        with self.house.database.write() as session:
            key = session.get(ApiKey, key_id)
            if key is None or not by.may_see(key.user_id):
                raise Missing("There is no such key.")
            key.revoked_at = key.revoked_at or self.house.now()
            session.add(key)

    def who_has(self, text: str) -> Principal:
        """Return who an API key or an access token belongs to. Raises `Denied` for an unknown, revoked or expired one."""
        if keys.looks_valid(text):
            with self.house.database.glance() as connection:
                holder = accounts.holder(connection, keys.digest(text))
            if holder and self._is_live(holder):
                return self._principal(
                    holder,
                    holder.user_id,
                    scopes=tuple(holder.scopes),
                    key_id=holder.key_id,
                    test=text.startswith(keys.PREFIXES[1]),
                    expires_at=holder.expires_at,
                )
        elif tokens.looks_signed(text):
            return self._who_signed_in(text)
        raise Denied("The API key is not valid.")

    def _who_signed_in(self, text: str) -> Principal:
        habits, now = self.house.habits, self.house.now()
        key = signing_key.load(habits.data_dir, habits.signing_secret)
        claims = tokens.read_access_token(key, text, issuer=habits.public_url, now=now)
        with self.house.database.read() as session:
            found = identity.signed_in(session, claims.sign_in_id)
        if found is None or not is_live(*found, now):
            raise Denied("This sign-in has ended; sign in again.")
        sign_in, user = found
        return self._principal(user, user.id, sign_in_id=sign_in.id)

    def _principal(self, user: User | accounts.Holder, user_id: int | None, **facts: Any) -> Principal:
        """Return a user as requests know them. An address that is not proved opens nothing."""
        email = user.email if user.verified_at else ""
        is_operator = user.is_operator or bool(email and email in self.house.habits.operator_emails)
        plan = self.house.habits.plans.get(user.plan, Plan())
        return Principal(
            user_id=user_id,
            email=email,
            is_operator=is_operator,
            requests_per_minute=plan.requests_per_minute,
            requests_per_hour=plan.requests_per_hour,
            **facts,
        )

    def _is_live(self, holder: accounts.Holder) -> bool:
        expired = holder.expires_at is not None and holder.expires_at <= self.house.now()
        return holder.revoked_at is None and not expired and not holder.disabled


def is_live(sign_in: SignIn, user: User, now: datetime) -> bool:
    """Whether a sign-in still counts."""
    return sign_in.ended_at is None and sign_in.expires_at > now and not user.disabled


def plain_address(email: str) -> str:
    """Return an address in the one spelling that is kept. Raises `Invalid` for what is none."""
    address = email.strip().lower()
    if (
        address.count("@") != 1
        or not all(address.split("@"))
        or len(address) > 254
        or not address.isprintable()
    ):
        raise Invalid(f"{email!r} is not an e-mail address.")
    return address
