"""How often somebody may fail before they must wait: windows that begin with the first failure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

OF_ONE_SENDER = 64  # bits: whoever has an IPv6 address has all that begin with the same ones


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` in `window`, for everybody with the same `purpose` and subject."""

    purpose: str
    count: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted in the window that began at `since`."""

    count: int
    since: datetime


SIGN_IN_OF_ACCOUNT_AND_ADDRESS = Limit("sign-in", 5, timedelta(minutes=15))
SIGN_IN_OF_ADDRESS = Limit("sign-in-address", 20, timedelta(hours=1))
SIGN_IN_OF_ACCOUNT = Limit("sign-in-account", 50, timedelta(hours=1))
REGISTER_OF_ADDRESS = Limit("register", 5, timedelta(hours=1))
PROOF_PASSWORD = Limit("proof-password", 10, timedelta(minutes=15))
REFRESH_OF_ADDRESS = Limit("refresh", 30, timedelta(hours=1))
MAIL_TO_ACCOUNT = Limit("mail", 3, timedelta(hours=1))
SHARE_PASSWORD = Limit("share-password", 10, timedelta(minutes=15))
SHARE_PASSWORD_OF_LINK = Limit("share-password-link", 100, timedelta(hours=1))


def wait_seconds(limit: Limit, tally: Tally | None, now: datetime) -> float:
    """Return how long to wait; 0 when there is room."""
    if tally is None or tally.count < limit.count:
        return 0.0
    return max(0.0, (tally.since + limit.window - now).total_seconds())


def counted(limit: Limit, tally: Tally | None, now: datetime) -> Tally:
    """Return the tally with one more; a window that is over begins anew."""
    if tally is None or now >= tally.since + limit.window:
        return Tally(1, now)
    return Tally(tally.count + 1, tally.since)


def sender(address: str) -> str:
    """Return what one sender is counted under: an IPv4 address, the network of an IPv6 one, another text as it is."""
    try:
        read = ip_address(address)
    except ValueError:
        return address
    if not isinstance(read, IPv6Address):
        return str(read)
    if read.ipv4_mapped:
        return str(read.ipv4_mapped)
    return str(ip_network((int(read), OF_ONE_SENDER), strict=False))
