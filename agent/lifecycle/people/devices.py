"""Signing a device in: it shows a code, a person who is signed in elsewhere approves it, and it is given a key of its own."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from agent.errors import Conflict, Denied, Missing
from agent.lifecycle.house import House
from agent.lifecycle.people.accounts import Accounts
from agent.lifecycle.people.lockouts import Lockouts
from agent.model.account import Principal
from agent.model.tables import DeviceLogin, User
from agent.rules import device_login
from agent.rules.device_login import Verdict
from agent.store import devices

NONCE_BYTES = 32
KEPT_AFTER_END = timedelta(hours=1)
log = structlog.get_logger("devices")


@dataclass(frozen=True, slots=True)
class Started:
    """A login that has begun. `nonce` is the device's secret, `user_code` is for the person."""

    nonce: str
    user_code: str
    expires_in_seconds: int
    interval_seconds: int


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll brings: the verdict, and with APPROVED, once, the key and whose it is."""

    verdict: Verdict
    interval_seconds: int = 0
    key: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """A device that asks to be let in, as the person sees it."""

    user_code: str
    client: str
    address: str
    created_at: datetime
    expires_at: datetime


class Devices:
    """The device flow."""

    def __init__(self, house: House, accounts: Accounts) -> None:
        self.house = house
        self.accounts = accounts
        self.lockouts = Lockouts(house)

    def start(self, client: str, address: str) -> Started:
        """Begin a login for a device that calls itself `client` and asks from `address`."""
        nonce, now = secrets.token_urlsafe(NONCE_BYTES), self.house.now()
        code = device_login.user_code(bytes(secrets.randbelow(240) for _ in range(device_login.CODE_LENGTH)))
        with self.house.database.write() as session:
            devices.forget(session, now - KEPT_AFTER_END)
            session.add(
                DeviceLogin(
                    nonce_hash=device_login.digest(nonce),
                    user_code=code,
                    client=client,
                    address=address,
                    interval_seconds=device_login.INTERVAL_SECONDS,
                    created_at=now,
                    expires_at=now + device_login.LIFE,
                )
            )
        life_seconds = int(device_login.LIFE.total_seconds())
        return Started(nonce, code, life_seconds, int(device_login.INTERVAL_SECONDS))

    def poll(self, nonce: str) -> Polled:
        """Answer a device that waits. An approved login is given its key once, and is over with that."""
        now = self.house.now()
        with self.house.database.write() as session:
            row = devices.by_nonce(session, device_login.digest(nonce))
            if row is None:
                return Polled(Verdict.UNKNOWN)
            verdict = device_login.judge(row.state, row.expires_at, row.polled_at, row.interval_seconds, now)
            row.polled_at = now
            if verdict is Verdict.SLOW_DOWN:
                row.interval_seconds += device_login.SLOWER_BY_SECONDS
            session.add(row)
            if verdict is Verdict.APPROVED:
                return self._finish(session, row)
            return Polled(verdict, int(row.interval_seconds))

    def _finish(self, session: Session, row: DeviceLogin) -> Polled:
        user = session.get(User, row.user_id)
        row.state = "used"
        if user is None or user.disabled:
            return Polled(Verdict.DENIED)
        _, text = self.accounts.issue_key(session, user, row.client, scopes=row.scopes)
        log.info("device.signed_in", action="devices.finish", client=row.client)
        return Polled(Verdict.APPROVED, key=text, email=user.email)

    def look(self, code: str, *, by: Principal | None, address: str) -> Asking:
        """Return who asks under a user code. Raises `Missing` for a wrong one, `TooMany` after too many wrong ones."""
        counted = [(device_login.WRONG_CODE_OF_ADDRESS, address)]
        if by is not None:
            counted.append((device_login.WRONG_CODE_OF_USER, str(by.user_id)))
        self.lockouts.spend(*counted)
        with self.house.database.write() as session:
            row = self._pending(session, code)
            found = Asking(row.user_code, row.client, row.address, row.created_at, row.expires_at)
        self.lockouts.forgive(*counted)
        return found

    def decide(self, code: str, *, by: Principal, address: str, approve: bool) -> Asking:
        """Approve or deny a device. Only a person with an account can; errors as in `look`, `Conflict` when decided."""
        if by.user_id is None:
            raise Denied("Only somebody with an account can let a device in.")
        if approve and (by.test or by.expires_at is not None):
            raise Denied(
                "A test key, or one that expires, lets no device in: the device's key would do more."
            )
        asking = self.look(code, by=by, address=address)
        with self.house.database.write() as session:
            row = self._pending(session, code)
            if row.state != "pending":
                raise Conflict("This code was decided already.")
            row.state, row.user_id = "approved" if approve else "denied", by.user_id
            row.scopes = list(by.scopes)  # a device may do no more than who let it in
            session.add(row)
        log.info("device.decided", action="devices.decide", client=asking.client, approved=approve)
        return asking

    def _pending(self, session: Session, code: str) -> DeviceLogin:
        row = devices.by_user_code(session, device_login.normal(code))
        if row is None or row.expires_at <= self.house.now() or row.state == "used":
            raise Missing(
                "No device is waiting under this code. It may have expired; start again on the device."
            )
        return row
