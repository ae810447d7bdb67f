"""Users and their API keys."""

import secrets
from collections.abc import Sequence

from agent.errors import Conflict, Denied, Invalid, Missing
from agent.lifecycle.house import House
from agent.model.account import Principal, Scope
from agent.model.tables import ApiKey, User
from agent.rules import keys
from agent.store import accounts


class Accounts:
    """Who may ask: made by operators and the CLI, looked up by every request."""

    def __init__(self, house: House) -> None:
        self.house = house

    def create_user(self, email: str, *, name: str = "", operator: bool = False) -> User:
        """Make a user. Raises `Invalid` for what is no address, `Conflict` when the address has an account."""
        address = email.strip().lower()
        if address.count("@") != 1 or not all(address.split("@")):
            raise Invalid(f"{email!r} is not an e-mail address.")
        with self.house.database.write() as session:
            if accounts.by_email(session, address):
                raise Conflict(f"{address} has an account already.")
            user = User(email=address, name=name, is_operator=operator, created_at=self.house.now())
            session.add(user)
            session.flush()
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
            text = keys.build(secrets.token_bytes(keys.SECRET_LENGTH), test=test)
            key = ApiKey(
                user_id=user.id,
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
        """Return who a key belongs to. Raises `Denied` for an unknown, revoked or expired one."""
        if keys.looks_valid(text):
            with self.house.database.read() as session:
                found = accounts.key_by_hash(session, keys.digest(text))
            if found and self._is_live(*found):
                key, user = found
                return Principal(
                    user_id=user.id,
                    email=user.email,
                    is_operator=user.is_operator or user.email in self.house.habits.operator_emails,
                    scopes=tuple(key.scopes),
                    key_id=key.id,
                    test=text.startswith(keys.PREFIXES[1]),
                )
        raise Denied("The API key is not valid.")

    def _is_live(self, key: ApiKey, user: User) -> bool:
        expired = key.expires_at is not None and key.expires_at <= self.house.now()
        return key.revoked_at is None and not expired and not user.disabled
